"""spmat_read.v and the reference's sparse-matrix read in lock step."""

import random

import cocotb
import pytest

from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset
from accelsim.units.spmat_read import SpmatRead


async def load_lines(dut, lines):
    for address, line in enumerate(lines):
        await drive(dut, io_en_i=1, io_we_i=1, io_addr_i=address, io_wdata_i=line)
    for address, line in enumerate(lines):
        for _ in range(2):
            await drive(dut, io_en_i=1, io_we_i=0, io_addr_i=address)
        expect(dut, address, io_rdata_o=line)
    await drive(dut, io_en_i=0)


@cocotb.test()
@cocotb.parametrize(idle_rate=[0.0, 0.5], wait_rate=[0.0, 0.4])
async def lock_step(dut, idle_rate, wait_rate):
    code_bits, run_bits, width, n_lines = parameters(
        dut, "WeightBits", "IndexBits", "SpmatWidthBits", "SpmatLines"
    )
    rng = random.Random(3)
    per_line = width // (code_bits + run_bits)
    n_entries = per_line * n_lines
    codes = bytes(rng.getrandbits(code_bits) for _ in range(n_entries))
    runs = bytes(rng.getrandbits(run_bits) for _ in range(n_entries))
    lines = [
        sum((codes[a] << run_bits | runs[a]) << (a - line * per_line) * (code_bits + run_bits)
            for a in range(line * per_line, (line + 1) * per_line))
        for line in range(n_lines)
    ]
    await start_and_reset(dut)
    await load_lines(dut, lines)
    model = SpmatRead(per_line)
    model.fill(codes, runs)
    begin = end = activation = 0
    stage1, waits, starts, crossings = None, False, False, set()
    for cycle in range(900):
        model.decide(waits)
        pop = model.free and rng.random() >= idle_rate
        await drive(dut, pop_i=pop, begin_i=begin, end_i=end, activation_i=activation,
                    wait_i=waits, start_i=starts)
        line = model.address // per_line
        reads = model.advances and line != model.line
        expect(dut, cycle, busy_o=model.holds, issue_o=model.advances, empty_o=model.skips,
               free_o=model.free, line_read_o=reads, line_o=line if reads else None,
               valid_o=stage1 is not None)
        if stage1 is not None:
            code, run, its_activation, first = stage1
            expect(dut, cycle, code_o=code, run_o=run, activation_o=its_activation, first_o=first)
        if model.advances and begin // per_line < line and model.line == line - 1:
            crossings.add(begin % per_line)
        column = None
        if pop:
            begin = rng.randrange(n_entries)
            end = begin if rng.random() < 0.3 else rng.randint(begin, min(n_entries - 1, begin + 9))
            activation = rng.getrandbits(4)
            column = begin, end, activation
        entry = model.load(column)
        if starts:
            model.begin()
        if not waits:
            stage1 = entry
        # Stage 1 waits only with something in it; a pass starts only while nothing runs.
        waits = stage1 is not None and rng.random() < wait_rate
        starts = not model.holds and rng.random() < 0.2
    assert crossings == set(range(per_line)), "a column crossed lines from every offset"


@pytest.mark.parametrize(
    ("width", "code_bits", "run_bits", "n_lines"),
    [(64, 4, 4, 6), (8, 4, 4, 40), (33, 3, 2, 9), (30, 2, 8, 11)],
)
def test_spmat_read(width, code_bits, run_bits, n_lines):
    from tests.rtl.bench import simulate_unit

    simulate_unit("spmat_read", __name__, {
        "SpmatWidthBits": width, "WeightBits": code_bits, "IndexBits": run_bits,
        "SpmatLines": n_lines, "LineBits": (n_lines - 1).bit_length(), "PointerBits": 9,
        "ActivationBits": 4,
    })
