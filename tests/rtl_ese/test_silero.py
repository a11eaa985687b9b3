"""The LSTM of silero-vad, retrained weights and real speech, whole in Verilog."""

import numpy as np
import pytest

from accelsim.machines import get_machine, load_machine, run_job
from accelsim.rtl_bridge.cosim import counter_difference
from accelsim.rtl_bridge.run import run_layer
from accelsim.workload.recurrent_folder import load_recurrent_folder
from tests.rtl_ese.bench import BUILDS, ROOT, RTL


@pytest.mark.slow
@pytest.mark.parametrize(("n_pe", "channels", "percent"), [(8, 2, "8"), (32, 1, "11.2")])
def test_real_speech(n_pe, channels, percent):
    """With published words, tables, latencies and queues; outputs, cycles and counters."""
    folder = load_recurrent_folder(ROOT / "traces" / "silero-lstm")
    config = load_machine("ese", n_pe=n_pe, n_channels=channels, capacity="ignore")
    job = get_machine("ese").job(
        config, folder.retrained["load_balanced"][percent], folder.inputs[40:44, :channels],
        calibration=folder.inputs[:100, :channels])
    rtl, model = run_layer(config, job, [RTL], BUILDS), run_job("reference", config, job)
    assert rtl.cycles == model.counters.cycles
    assert np.array_equal(rtl.outputs, model.outputs)
    assert counter_difference(rtl, model.counters) is None
