"""act_queue.v and the reference's queue in lock step."""

import random

import cocotb
import pytest
from cocotb.triggers import FallingEdge

from accelsim.rtl_bridge.bench import (
    Monitor,
    Scoreboard,
    drive,
    expect,
    parameters,
    settle,
    start_and_reset,
)
from accelsim.units.act_queue import ActQueue


@cocotb.test()
@cocotb.parametrize(push_rate=[0.2, 0.9], pop_rate=[0.2, 0.9])
async def lock_step(dut, push_rate, pop_rate):
    depth, width = parameters(dut, "Depth", "Width")
    model, rng = ActQueue(depth), random.Random(1)
    counts = set()
    await start_and_reset(dut)
    for cycle in range(900):
        item = rng.getrandbits(width)
        push = not model.full and rng.random() < push_rate
        pop = model.head is not None and rng.random() < pop_rate
        await drive(dut, push_i=push, data_i=item, pop_i=pop)
        expect(dut, cycle, full_o=model.full, valid_o=model.head is not None,
               data_o=model.head, count_o=len(model.items))
        counts.add(len(model.items))
        if push:
            model.push(item)
        if pop:
            model.pop()
        model.load()
    if push_rate != pop_rate:
        assert (depth if push_rate > pop_rate else 0) in counts


@cocotb.test()
async def in_order(dut):
    """Whatever the ports say, what goes in comes out, once and in order."""
    (width,) = parameters(dut, "Width")
    board, rng = Scoreboard("data_o"), random.Random(2)
    await start_and_reset(dut)
    Monitor(dut, ["data_o"], when="pop_i", saw=board.saw)
    for _ in range(300):
        await FallingEdge(dut.clk_i)
        item = rng.getrandbits(width)
        push = not int(dut.full_o.value) and rng.random() < 0.6
        pop = int(dut.valid_o.value) and rng.random() < 0.6
        if push:
            board.expect(item)
        await settle(dut, push_i=push, data_i=item, pop_i=pop)
    for _ in range(14):
        await drive(dut, push_i=0, pop_i=0)
        await FallingEdge(dut.clk_i)
        await settle(dut, pop_i=dut.valid_o.value)
    board.finish()
    assert board.compared > 50


@pytest.mark.parametrize("depth", [1, 2, 3, 8, 13])
def test_act_queue(depth):
    from tests.rtl.bench import simulate_unit

    simulate_unit("act_queue", __name__, {"Depth": depth, "Width": 9,
                                          "CountBits": depth.bit_length()})
