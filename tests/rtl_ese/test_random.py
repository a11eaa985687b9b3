"""Random machines in Verilog, several layers on each: outputs, cycles, counters; every cycle of
some. `python -m tests.rtl_ese.hunt` looks for more."""

import pytest

from accelsim.errors import CapacityError
from accelsim.machines import get_machine, run_job
from accelsim.rtl_bridge import cosim
from accelsim.rtl_bridge.run import SIMULATORS, run_layer
from tests.rtl_ese.bench import BUILDS, RTL
from tests.rtl_ese.cases import random_case, random_group, smaller
from tests.rtl_ese.hunt import difference


@pytest.mark.parametrize("seed", range(4))
def test_ten_layers_on_one_machine(seed):
    """Up to 3 channels and 6 PEs; LSTMs, GRUs, matrices with all options, one after the other."""
    config, jobs = random_group(seed, 10, channels=3, pes=6)
    assert difference(config, jobs, BUILDS, trace=seed == 0) is None


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 1050, 10))
def test_five_hundred_layers(first, tmp_path):
    """50 machines."""
    for seed in range(first, first + 10):
        config, jobs = random_group(seed, 10, channels=3, pes=6)
        told = difference(config, jobs, tmp_path, trace=seed % 5 == 0)
        assert told is None, f"machine {seed}: {told}"


@pytest.mark.slow
@pytest.mark.parametrize("first", range(2000, 2500, 25))
def test_five_thousand_layers(first, tmp_path):
    """500 machines."""
    for seed in range(first, first + 25):
        config, jobs = random_group(seed, 10, channels=3, pes=6)
        told = difference(config, jobs, tmp_path, trace=seed % 25 == 0)
        assert told is None, f"machine {seed}: {told}"


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "sizes"), [
    (3010, {"n_channels": 8, "n_pe": 32, "ddr_word_bits": 512}),
    *((seed, {}) for seed in range(3000, 3010))])
def test_large_machines(seed, sizes, tmp_path):
    """The largest, and of any size up to it, 30 layers of up to 40 cells, under Verilator."""
    config, jobs = random_group(seed, 30, **sizes)
    assert difference(config, jobs, tmp_path, sim="verilator", trace=True) is None


@pytest.mark.parametrize("what", ["weight", "pointer"])
def test_one_entry_more_than_a_buffer_holds_is_refused(what):
    """The machines here are full to the last entry: a smaller one takes not all of its layers."""
    config, jobs = random_group(1, 10, channels=3, pes=6)
    less, machine = smaller(config, what), get_machine("ese")
    with pytest.raises(CapacityError, match=f"half a {what} buffer holds"):
        [job.again(machine, less) for job in jobs]


def test_both_simulators_are_equal_in_every_cycle():
    """Verilator judges Icarus; loading by the host and by the back door are the same."""
    config, job = random_case(10, n_channels=1, n_pe=2, ddr_word_bits=32, elementwise_width=1,
                              table_samples=16)
    model = run_job("fast", config, job)
    for sim in SIMULATORS:
        report = cosim(config, job, [RTL], BUILDS, sim=sim)
        assert report.equal, f"{sim}: {report.told}"
    written = run_layer(config, job, [RTL], BUILDS, sim="verilator", backdoor=False, trace=True)
    assert written.cycles == model.counters.cycles
    assert (written.outputs == model.outputs).all()
