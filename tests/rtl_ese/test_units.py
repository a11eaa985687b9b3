"""Units of ESE alone in lock step with the reference's."""

import random

import cocotb
import pytest

from accelsim.machines.ese.reference.ping_pong_buffer import PingPongBuffer
from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset


@cocotb.test()
async def ping_pong_buffer(dut):
    """Both halves are filled in turn, read while they are filled, never where nothing is."""
    width, entries, lanes, _ = parameters(dut, "Width", "Entries", "Lanes", "AddrBits")
    model, rng = PingPongBuffer(), random.Random(3)
    front, half, shown = 1, None, None
    await start_and_reset(dut)
    for cycle in range(1500):
        clear = half is None or rng.random() < 0.02
        if clear:
            model.swap()
            front, half = 1 - front, model.begin_fill()
        room = entries - model.held(half)
        words = [rng.getrandbits(width) for _ in range(rng.randint(0, min(lanes, room)))]
        held = model.held(front)
        address = rng.randrange(held) if held and rng.random() < 0.7 else None
        await drive(
            dut, clear_i=clear, clear_half_i=half, write_half_i=half, write_count_i=len(words),
            write_data_i=sum(word << n * width for n, word in enumerate(words)),
            read_i=address is not None, read_half_i=front, read_addr_i=address or 0)
        expect(dut, cycle, held_0_o=model.held(0), held_1_o=model.held(1))
        if shown is not None:
            expect(dut, cycle, data_o=shown[0], next_o=shown[1])
        if address is not None:
            behind = model.read(address + 1) if address + 1 < held else None
            shown = model.read(address), behind
        for word in words:
            model.write(half, word)


@pytest.mark.parametrize(("width", "entries", "lanes"), [(5, 13, 3), (9, 64, 8), (7, 3, 1)])
def test_ping_pong_buffer(width, entries, lanes):
    from tests.rtl_ese.bench import simulate_unit

    simulate_unit("ping_pong_buffer", __name__, {
        "Width": width, "Entries": entries, "Lanes": lanes,
        "AddrBits": (entries + 1).bit_length(), "CountBits": lanes.bit_length(),
    }, testcase="ping_pong_buffer")
