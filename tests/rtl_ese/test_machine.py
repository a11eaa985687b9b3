"""The whole machine in Verilog against the reference: outputs, cycles, counters, every signal."""

import re
import shutil

import numpy as np
import pytest

from accelsim.errors import UnsupportedError
from accelsim.machines import run_job
from accelsim.rtl_bridge import cosim
from accelsim.rtl_bridge.cosim import counter_difference
from accelsim.rtl_bridge.run import run_layer, run_layers
from tests.rtl_ese.bench import BUILDS, RTL
from tests.rtl_ese.cases import random_case

# A GRU of each reset form, LSTMs with and without projection and peepholes, a matrix alone; one
# channel and several, used and unused ones.
QUICK = [0, 2, 5, 9, 10]


@pytest.mark.parametrize("seed", QUICK)
def test_every_cycle(seed):
    config, job = random_case(seed)
    report = cosim(config, job, [RTL], BUILDS)
    assert report.equal, f"{report.told} (seed {seed})"
    assert report.not_compared == ()


@pytest.mark.slow
@pytest.mark.parametrize("first", range(100, 600, 50))
def test_fifty_machines(first):
    """Outputs, cycles and counters; the trace of every tenth."""
    for seed in range(first, first + 50):
        config, job = random_case(seed)
        if seed % 10 == 0:
            report = cosim(config, job, [RTL], BUILDS)
            assert report.equal, f"{report.told} (seed {seed})"
            continue
        rtl, model = run_layer(config, job, [RTL], BUILDS), run_job("fast", config, job)
        assert rtl.cycles == model.counters.cycles, seed
        assert np.array_equal(rtl.outputs, model.outputs), seed
        assert counter_difference(rtl, model.counters) is None, seed


def test_one_machine_runs_job_after_job():
    """Nothing of the one before is left, also with a host that writes word by word."""
    config, job = random_case(13)
    alone = run_job("reference", config, job)
    for rtl in run_layers(config, [(job, None), (job, None)], [RTL], BUILDS, backdoor=False):
        assert rtl.cycles == alone.counters.cycles
        assert np.array_equal(rtl.outputs, alone.outputs)
        assert counter_difference(rtl, alone.counters) is None


FAULTS = {
    "weight_read": ("s1_first_q      <= first_q;", "s1_first_q      <= 1'b1;",
                    r"step 0 STATE_1\.\d, channel \d PE \d \w+\.\w+: "),
    "element_alu": ("two_i ? term_1", "!two_i ? term_1",
                    r"step 0 STATE_\d\.\d, channel\[\d\]\.elem_mul\.write_value: "),
}


@pytest.mark.parametrize("unit", FAULTS)
def test_a_fault_is_located(tmp_path, unit):
    right, wrong, where = FAULTS[unit]
    mine = tmp_path / "mine"
    mine.mkdir()
    text = (RTL / "ese" / f"{unit}.v").read_text()
    assert right in text
    (mine / f"{unit}.v").write_text(text.replace(right, wrong))
    config, job = random_case(1)
    report = cosim(config, job, [mine, RTL], tmp_path / "builds")
    assert not report.equal
    assert re.match(rf"cycle \d+, {where}", report.told), report.told
    shutil.rmtree(tmp_path / "builds")


def test_a_word_of_broken_pointers_is_refused():
    config, job = random_case(9, ddr_word_bits=512, pointer_bits=12)
    with pytest.raises(UnsupportedError, match="ddr_word_bits=512, pointer_bits=12"):
        run_layer(config, job, [RTL], BUILDS)
