"""The units that rtl/synth prices for what the array refuses do what their rules say."""

import random
from collections import deque

import cocotb
import pytest

from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset
from accelsim.rtl_bridge.bench_run import run_bench
from rtl.synth.refused import PRICED, ROWS
from tests.rtl.bench import BUILDS, UNITS


@cocotb.test()
async def skips(dut):
    """P4 with 0: what a pop drops and takes, from a queue of (begin, end, activation)."""
    (depth,) = parameters(dut, "Depth")
    rng, queue, arrives = random.Random(7), deque(), (0, 0)
    await start_and_reset(dut)
    for cycle in range(1500):
        empties, pops = (0.2, 0.6, 0.95)[cycle // 250 % 3], (0.3, 0.9)[cycle // 750]
        full = len(queue) == depth
        at = next((n for n, one in enumerate(queue) if one[0] != one[1]), None)
        push, pop = not full and rng.random() < 0.7, rng.random() < pops
        activation = rng.randrange(256)
        await drive(dut, push_i=push, activation_i=activation, begin_i=arrives[0],
                    end_i=arrives[1], pop_i=pop)
        begin, end, value = (None,) * 3 if at is None else queue[at]
        leaves = len(queue) if at is None else at + 1
        expect(dut, cycle, full_o=full, valid_o=at is not None, popped_o=leaves, begin_o=begin,
               end_o=end, activation_o=value)
        if pop:
            for _ in range(leaves):
                queue.popleft()
        first = rng.randrange(200)
        arrives = first, first + (0 if rng.random() < empties else rng.randrange(1, 9))
        if push:
            queue.append((*arrives, activation))


@cocotb.test()
async def refills(dut):
    """A header, pointers and lines of each PE come out as writes of them, whatever pauses."""
    (n_pe,) = parameters(dut, "NPe")
    rng = random.Random(8)
    await start_and_reset(dut)
    for _ in range(6):
        pointers = rng.randrange(1, 9)
        lines = [rng.choice([0, 1, rng.randrange(9)]) for _ in range(n_pe)]
        words = [word for pe in range(n_pe) for word in (
            (None, lines[pe]),
            *(((0, pe, at), rng.randrange(1 << 16)) for at in range(pointers)),
            *(((1, pe, at), rng.randrange(1 << 16)) for at in range(lines[pe])))]
        await drive(dut, begin_i=1, pointers_i=pointers, valid_i=0)
        for place, word in words:
            while rng.random() < 0.3:
                await drive(dut, begin_i=0, valid_i=0)
                expect(dut, "a pause", busy_o=1, io_req_o=0)
            await drive(dut, begin_i=0, valid_i=1, word_i=word)
            memory, pe, at = place or (None,) * 3
            expect(dut, place, busy_o=1, io_req_o=place is not None, io_mem_o=memory, io_pe_o=pe,
                   io_addr_o=at, io_wdata_o=word)
        await drive(dut, valid_i=0)
        expect(dut, "the end", busy_o=0, io_req_o=0)


@cocotb.test()
async def searches(dut):
    """The first flagged row from a row on."""
    (rows,) = parameters(dut, "Rows")
    rng, flags = random.Random(9), [0] * 64
    await start_and_reset(dut)
    for cycle in range(400):
        at, flag = rng.randrange(rows), int(rng.random() < 0.2)
        await drive(dut, write_i=1, write_row_i=at, non_zero_i=flag)
        flags[at], row = flag, rng.randrange(rows)
        await drive(dut, write_i=0, row_i=row)
        found = next((n for n in range(row, rows) if flags[n]), None)
        expect(dut, cycle, none_o=found is None, row_o=found)


@pytest.mark.parametrize(("unit", "test", "sizes"), [
    ("skip_queue", "skips", {"Depth": 8}), ("skip_queue", "skips", {"Depth": 3, "CountBits": 2}),
    ("refill_port", "refills", {"NPe": 3, "PositionBits": 2}),
    ("row_skip", "searches", {"Rows": 64}),
])
def test_a_priced_unit_keeps_its_rule(unit, test, sizes, tmp_path):
    (tmp_path / f"{unit}.v").write_text((PRICED / f"{unit}.v").read_text())
    report = run_bench(unit, __name__, sizes, testcase=test, rtl_dirs=[tmp_path], build_dir=BUILDS)
    assert report.passed, report.failures


def test_every_priced_unit_is_in_the_table():
    assert {unit for *_, unit, _ in ROWS} - set(UNITS) == {
        path.stem for path in PRICED.glob("*.v")}
