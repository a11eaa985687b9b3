"""Memory controller, the model of a DDR module and the state machine of slots alone, in lock step
with the reference's."""

import random

import cocotb
import pytest

from accelsim.machines.ese.reference.memory_controller import MemoryController
from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset


@cocotb.test()
async def memory_controller(dut):
    """Up to three requests a cycle, each told to the module once and in order, each word known by
    its tag and number; the module is the reference's, and so is that of ddr_model."""
    rng, model = random.Random(6), MemoryController(5, 4, 2)
    order, out, address = [], [], 0
    await start_and_reset(dut)
    for cycle in range(1500):
        given, asked = {}, 0
        for port in "abc":
            # No more than the machine makes: see rtl/ese/README.md.
            wants = len(order) + len(out) < 5 and rng.random() < 0.15
            words = rng.choice([0, 1, 2, 9]) if wants else 0
            address += 16
            given |= {f"{port}_i": wants, f"{port}_addr_i": address, f"{port}_words_i": words,
                      f"{port}_tag_i": address // 16 % 8}
            if words:
                out.append((address, words, address // 16 % 8))
                asked += 1
        transfers = model.transfers
        await drive(dut, **given, transfer_i=transfers)
        expect(dut, cycle, request_o=bool(out))
        if out:
            expect(dut, cycle, addr_o=out[0][0], words_o=out[0][1], request_tag_o=out[0][2])
            first = out.pop(0)
            model.request(cycle, first[1], lambda _: None)
            order.append([first[2], 0, first[1]])
        if transfers:
            expect(dut, cycle, tag_o=order[0][0], number_o=order[0][1])
            order[0][1] += 1
            if order[0][1] == order[0][2]:
                order.pop(0)
        model.load(cycle)


@cocotb.test()
async def ddr_model(dut):
    """A word a cycle, latency, bursts and gaps; what was written is read."""
    words, latency, burst, gap, width = parameters(
        dut, "Words", "Latency", "BurstWords", "GapCycles", "Width")
    rng, model, held, order = random.Random(7), MemoryController(latency, burst, gap), {}, []
    await start_and_reset(dut)
    for cycle in range(1500):
        asks = len(order) < 6 and rng.random() < 0.2
        first, length = rng.randrange(words), rng.randrange(1, 12)
        writes = rng.random() < 0.5
        data = rng.getrandbits(width)
        if asks:
            model.request(cycle, length, lambda _: None, writes)
            order.append([first, length, writes, 0])
        await drive(dut, request_i=asks, write_i=writes, addr_i=first, words_i=length, data_i=data)
        expect(dut, cycle, transfer_o=model.transfers)
        if model.transfers:
            start, length, writes, done = order[0]
            at = (start + done) % words
            if writes:
                held[at] = data
            else:
                expect(dut, cycle, data_o=held.get(at))
            order[0][3] += 1
            if order[0][3] == length:
                order.pop(0)
        model.load(cycle)


@cocotb.test()
async def slot_control(dut):
    """Programs of any length, any number of steps, what slots wait for; done in one cycle."""
    (loop,) = parameters(dut, "LoopStart")
    rng = random.Random(8)
    await start_and_reset(dut)
    for _ in range(25):
        steps, in_step = rng.randrange(1, 4), rng.randrange(1, 6)
        program = [rng.getrandbits(1) << 3 for _ in range(loop + in_step)] + [1 << 2]
        program[loop] |= 1
        program[loop + in_step - 1] |= 2
        program = [rng.getrandbits(20) << 4 | flags for flags in program]
        for pc, word in enumerate(program):
            await drive(dut, write_i=1, write_pc_i=pc, write_word_i=word)
        await drive(dut, write_i=0, start_i=1, n_steps_i=steps)
        order = [(pc, -1) for pc in range(loop)]
        order += [(loop + pc, step) for step in range(steps) for pc in range(in_step)]
        order += [(loop + in_step, steps)]
        for number, (pc, step) in enumerate(order):
            word, cycle = program[pc], 0
            while True:
                given = {name: rng.random() < 0.7 for name in ("done_i", "pointers_i", "stored_i")}
                if cycle == 0:  # what ended the slot before
                    given = given if number == 0 else dict.fromkeys(given, True)
                else:
                    ends = given["done_i"] and (given["pointers_i"] or not word & 8)
                    if ends and (given["stored_i"] or not word & 4):
                        break
                await drive(dut, start_i=0, **given)
                last = pc == loop + in_step - 1 and step == steps - 1
                expect(dut, (number, cycle), begin_o=cycle == 0, word_o=word, pc_o=pc,
                       step_o=step, running_o=1, done_o=0, fetches_o=not last,
                       stores_o=not (pc == loop and step == 0))
                cycle += 1
        await drive(dut, **dict.fromkeys(given, True))
        expect(dut, "the end", done_o=1, running_o=0, begin_o=0)
        await drive(dut)
        expect(dut, "after it", done_o=0, running_o=0)


UNITS = [
    ("memory_controller", {"AddrBits": 24, "LengthBits": 8}),
    *(("ddr_model", {"Width": 12, "Words": 32, "Latency": latency, "BurstWords": burst,
                     "GapCycles": gap}) for latency, burst, gap in ((1, 3, 2), (9, 4, 0))),
    *(("slot_control", {"ProgramBits": 24, "LoopStart": loop, "StepBits": 6}) for loop in (1, 2)),
]


@pytest.mark.parametrize(("unit", "sizes"), UNITS)
def test_alone(unit, sizes):
    from tests.rtl_ese.bench import simulate_unit

    simulate_unit(unit, __name__, sizes, testcase=unit)
