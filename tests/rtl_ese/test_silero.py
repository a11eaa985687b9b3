"""Real and published LSTMs in Verilog: silero-vad's on real speech, the published one's slots."""

import numpy as np
import pytest

from accelsim.machines import get_machine, load_machine, run_job
from accelsim.rtl_bridge import cosim
from accelsim.rtl_bridge.cosim import counter_difference
from accelsim.rtl_bridge.run import run_layer
from accelsim.workload.published_lstm import ese_layer, ese_utterance
from accelsim.workload.recurrent_folder import load_recurrent_folder
from tests.rtl_ese.bench import BUILDS, ROOT, RTL


def speech(n_pe, channels, percent, steps):
    """Retrained weights, real speech, published words, tables, latencies and queues."""
    folder = load_recurrent_folder(ROOT / "traces" / "silero-lstm")
    config = load_machine("ese", n_pe=n_pe, n_channels=channels, capacity="ignore")
    return config, get_machine("ese").job(
        config, folder.retrained["load_balanced"][percent], folder.inputs[steps, :channels],
        calibration=folder.inputs[:100, :channels])


def equal(config, job, sim):
    """Outputs, cycles and counters beside ``fast``."""
    rtl, model = run_layer(config, job, [RTL], BUILDS, sim=sim), run_job("fast", config, job)
    assert rtl.cycles == model.counters.cycles
    assert np.array_equal(rtl.outputs, model.outputs)
    assert counter_difference(rtl, model.counters) is None
    return rtl.cycles


@pytest.mark.slow
@pytest.mark.parametrize(("n_pe", "channels", "percent"), [(8, 2, "8"), (32, 1, "11.2")])
def test_real_speech(n_pe, channels, percent):
    """Four steps in Icarus."""
    equal(*speech(n_pe, channels, percent, slice(40, 44)), "icarus")


@pytest.mark.slow
def test_all_real_speech():
    """All of it, 160 steps of four channels; every signal of every cycle of six."""
    assert equal(*speech(8, 4, "11.2", slice(None)), "verilator") > 300_000
    report = cosim(*speech(8, 4, "11.2", slice(40, 46)), [RTL], BUILDS, sim="verilator")
    assert report.equal, report.told


@pytest.mark.slow
def test_published_slots():
    """One time step of 153-1024-512 with peepholes and projection: all slots of the paper's state
    machine, on four of its channels of 32 PEs."""
    config = load_machine("ese", n_channels=4)
    layer = ese_layer(seed=1)
    job = get_machine("ese").job(config, layer, ese_utterance(1, 4, seed=1))
    report = cosim(config, job, [RTL], BUILDS, sim="verilator")
    assert report.equal, report.told
    assert report.cycles_rtl > 16_000
