"""pe.v: one PE, played what the array would give it, compared in every cycle."""

import random

import cocotb
import pytest
from cocotb.triggers import FallingEdge, ReadOnly

from tests.rtl.lockstep import drive, expect, parameters, start_and_reset


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
    """Handle by handle: every port in every cycle."""
    from accelsim.machines.eie.rtl.expected import expected_run
    from accelsim.machines.eie.rtl.params import rtl_parameters
    from accelsim.machines.eie.rtl.pe import expected, stimulus

    pe, n_pe = 1, 3
    (bypass,) = parameters(dut, "Bypass")
    case = small_case(n_pe, bool(bypass))
    rtl = rtl_parameters(case.config, len(case.job.plan), trace=True)
    model, fields = expected_run(case.config, case.job, rtl)
    inputs = stimulus(case.job, fields)
    want = expected(case.config, pe, fields)
    await start_and_reset(dut)
    await load(dut, case, pe)
    await drive(dut, io_req_i=0, layer_start_i=1)
    for cycle in range(model.counters.cycles):
        await drive(dut, layer_start_i=0, running_i=1,
                    **{port: values[cycle] for port, values in inputs.items()})
        trace = 0
        for name, bits in rtl.pe_trace_fields():
            trace = trace << bits | int(want[name][cycle])
        expect(dut, cycle, full_o=want["pe.full"][cycle], busy_o=want["pe.busy"][cycle],
               trace_o=trace)
    await FallingEdge(dut.clk_i)
    dut.running_i.value = 0
    await ReadOnly()
    expect(dut, "the end", busy_o=0)


async def load(dut, case, pe):
    """The host's script of the hybrid bench, port by port."""
    from accelsim.machines.eie.rtl import images

    words = images.pointer_words(case.job.image)
    lines = images.spmat_lines(case.config, case.job.image)
    job, plan = case.job, case.job.plan
    place = images.place(case.config, job.image, plan)
    script = [
        *images.pe_weight_lines(words, lines, pe), *images.codebook_lines(case.config, case.job),
        *images.activation_lines(case.config, job, plan, place, [pe]),
        *images.bias_lines(case.config, job, place, [pe]),
    ]
    random.Random(13).shuffle(script)
    for line in script:
        _, memory, _, address, data = line.split()
        await drive(dut, io_req_i=1, io_we_i=1, io_mem_i=int(memory, 16),
                    io_addr_i=int(address, 16), io_wdata_i=int(data, 16))


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
