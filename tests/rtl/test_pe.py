"""pe.v: one PE, played what the array would give it, compared in every cycle."""

import cocotb
import pytest

from accelsim.rtl_bridge.bench import parameters, play_pe


def small_case(n_pe, bypass):
    """A layer with short queues, batches, padding and accumulators that meet in flight; with
    bypass, sums start from biases."""
    from tests.contracts.cases import make_case

    return make_case(
        seed=9, n_in=30, n_out=35, weights=0.25, active=0.7, bias="exact" if bypass else True,
        values="any", shift=14, explicit_zeros=True,
        overrides={"n_pe": n_pe, "bypass": bypass, "act_queue_depth": 2, "index_bits": 2,
                   "regfile_depth": 6, "spmat_kb": 1.0, "pointer_kb": 1.0, "act_sram_kb": 0.25,
                   "capacity": "check"},
    )


@cocotb.test()
async def lock_step(dut):
    """Handle by handle: every port in every cycle, memories written in any order."""
    (bypass,) = parameters(dut, "Bypass")
    case = small_case(3, bool(bypass))
    await play_pe(dut, case.config, case.job, pe=1, seed=13)


@pytest.mark.parametrize("bypass", [False, True])
def test_pe_port_by_port(bypass):
    from accelsim.machines.eie.rtl.params import rtl_parameters
    from tests.rtl.bench import simulate_unit

    values = rtl_parameters(small_case(3, bypass).config, trace=True).verilog()
    for name in ("NPe", "ProgramDepth"):
        values.pop(name)
    simulate_unit("pe", __name__, values)


def test_pes_of_random_machines():
    from accelsim.rtl_bridge import cosim
    from tests.rtl.bench import BUILDS, RTL
    from tests.rtl.random_cases import random_cases

    for machine, _, case in random_cases(seed=41, machines=12, layers=3):
        report = cosim(case.config, case.job, [RTL], BUILDS, pe=machine % case.config.n_pe)
        assert report.equal, f"{report} in {case!r}"


@pytest.mark.parametrize("pe", [0, 63])
def test_pes_on_real_columns(pe):
    """LeNet's first layer on a real digit: the first PE, and the last."""
    from accelsim.machines import load_config
    from accelsim.rtl_bridge import cosim
    from tests.rtl.bench import BUILDS, RTL
    from tests.rtl.lenet import lenet_chain

    config = load_config("eie", capacity="check")
    job, _ = lenet_chain(config, 3)[0]
    report = cosim(config, job, [RTL], BUILDS, pe=pe)
    assert report.equal, report
