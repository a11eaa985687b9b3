"""Units of ESE alone in lock step with the reference's: buffers and their loaders, `weight_read`,
control of a multiplication. Others: test_unit_slots.py, test_unit_values.py."""

import random

import cocotb
import numpy as np
import pytest
import simpy

from accelsim.formats.weight_stream import build_stream
from accelsim.machines import load_machine
from accelsim.machines.ese.reference.pe import WeightRead
from accelsim.machines.ese.reference.ping_pong_buffer import (
    PingPongBuffer,
    PointerLoader,
    WeightLoader,
)
from accelsim.machines.ese.reference.spmv_control import Multiplication, SpmvControl
from accelsim.machines.ese.rtl import layout
from accelsim.records.linear import LinearWeights
from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset
from tests.rtl_ese.bench import part


def random_stream(rng, n_pe, weight_bits, index_bits):
    """A matrix of up to 20 x 12 in the order of DRAM."""
    rows, columns = (int(n) for n in rng.integers(1, (21, 13)))
    dense = np.where(rng.random((rows, columns)) < rng.choice([0.1, 0.5, 0.9]),
                     rng.normal(size=(rows, columns)), 0)
    return build_stream(LinearWeights.from_floats(dense, weight_bits), n_pe, index_bits)


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


@cocotb.test()
async def weight_loader(dut):
    """Entries on the lanes, complete columns and whole matrices, of both halves at any time."""
    word_bits, entry_bits, pe_bits, lanes = parameters(
        dut, "WordBits", "EntryBits", "PeBits", "Lanes")
    n_pe, rng = 1 << pe_bits, np.random.default_rng(5)
    await start_and_reset(dut)
    front = 1
    for number in range(40):
        stream = random_stream(rng, n_pe, entry_bits - 3, 3)
        config = load_machine("ese", n_pe=n_pe, weight_bits=entry_bits - 3, index_bits=3,
                              ddr_word_bits=word_bits, elementwise_width=1,
                              column_align_bits=int(rng.choice([1, 16, 64])))
        buffers = [PingPongBuffer() for _ in range(n_pe)]
        model = WeightLoader(stream, config.column_align_bits, word_bits, buffers)
        empty, words = layout.weight_words(config, stream)
        half, front = 1 - front, 1 - front  # from now on the half that is filled is shown
        await drive(dut, request_i=1, request_half_i=half, request_words_i=len(words),
                    request_columns_i=empty, word_i=0)
        before, left = [0] * n_pe, list(words)
        while left or number % 2:
            word = left.pop(0) if left and rng.random() < 0.7 else None
            route = layout.route(word, lanes, pe_bits, (word_bits - 1).bit_length()) if word else 0
            await drive(dut, request_i=0, front_i=front, word_i=word is not None,
                        word_half_i=half, data_i=word.data if word else 0, route_i=route)
            expect(dut, number, columns_o=model.columns, whole_o=model.whole)
            got = [[] for _ in range(n_pe)]
            for lane in range(lanes):
                if part(dut.valid_o, lane, 1):
                    got[part(dut.pe_o, lane, pe_bits)].append(part(dut.entries_o, lane, entry_bits))
            if word is not None:
                model.receive(0)
            for pe, buffer in enumerate(buffers):
                fresh = buffer._halves[buffer.back][before[pe]:]
                mask = (1 << entry_bits - 3) - 1
                assert got[pe] == [(w & mask) << 3 | run for w, run in fresh], (number, pe)
                before[pe] += len(fresh)
            if not left:
                break


@cocotb.test()
async def pointer_route(dut):
    """A PE's pointers out of the words of a matrix."""
    pe, word_bits, bits = parameters(dut, "Pe", "WordBits", "PointerBits")
    n_pe, rng = pe + 2, np.random.default_rng(2)
    config = load_machine("ese", n_pe=n_pe, ddr_word_bits=word_bits, pointer_bits=bits,
                          elementwise_width=1)
    await start_and_reset(dut)
    for number in range(40):
        stream = random_stream(rng, n_pe, 12, 4)
        buffers = [PingPongBuffer() for _ in range(n_pe)]
        model = PointerLoader(stream, bits, word_bits, buffers)
        words = layout.pointer_words(config, stream)
        await drive(dut, request_i=1, request_columns_i=stream.shape[1], word_i=0)
        held = 0
        while words:
            comes = rng.random() < 0.7
            word = words.pop(0) if comes else 0
            await drive(dut, request_i=0, word_i=comes, data_i=word)
            if comes:
                model.receive(0)
            mine = buffers[pe]._halves[buffers[pe].back]
            fresh, held = mine[held:], len(mine)
            expect(dut, number, count_o=len(fresh))
            assert [part(dut.data_o, n, bits) for n in range(len(fresh))] == fresh, number


@cocotb.test()
async def weight_read(dut):
    """Columns of any number of entries, one behind the other or later."""
    (bits,) = parameters(dut, "PointerBits")
    rng, buffer = random.Random(1), PingPongBuffer()
    for _ in range(200):
        buffer.write(1, (rng.choice([0, 5]), rng.randrange(16)))
    model, waits, entry, last = WeightRead(buffer), None, None, {}
    await start_and_reset(dut)
    for cycle in range(2000):
        model.decide()
        pop = model.free and rng.random() < 0.6
        await drive(dut, pop_i=pop, **last)
        expect(dut, cycle, busy_o=model.holds, issue_o=model.advances, empty_o=model.skips,
               free_o=model.free, valid_o=entry is not None,
               entry_o=model._address if model.holds else None,
               first_o=entry and entry[3], activation_o=entry and entry[2])
        if pop:
            begin = rng.randrange(150)
            waits = begin, begin + rng.choice([0, 0, 1, 1, 2, 9]), rng.getrandbits(10)
            last = {"begin_i": waits[0], "end_i": waits[1], "activation_i": waits[2]}
            assert max(waits[:2]) < 1 << bits
        entry = model.load(waits if pop else None)


class Arrivals:
    """What a loader says of its matrix."""

    columns, whole = 0, False


@cocotb.test()
async def spmv_control(dut):
    """Multiplications of any length, queues that are full, columns that come late."""
    start, whole, _ = parameters(dut, "StartCycles", "WholeMatrix", "ColumnBits")
    rng, model = random.Random(4), controller(start, whole)
    told = {"start_o": "start", "fetch_wait_o": "fetch_wait", "blocked_o": "blocked",
            "broadcast_o": "broadcast", "idle_o": "broadcast_idle", "drain_o": "drain"}
    await start_and_reset(dut)
    loader, columns, was = Arrivals(), 0, False
    for cycle in range(1500):
        if cycle % 37 == 36:  # wherever the multiplication is
            await drive(dut, rst_ni=0, begin_i=0, busy_i=0)
            expect(dut, cycle, active_o=0, **dict.fromkeys(told, 0))
            await drive(dut, rst_ni=1)
            model, was = controller(start, whole), False
        begins = not model.active and rng.random() < 0.3
        if begins:
            columns, loader = rng.randrange(1, 9), Arrivals()
            model.begin(Multiplication("W", columns, loader))
        busy, full = rng.random() < 0.3, rng.random() < 0.3
        if model.active:
            model.step([full], busy)
        await drive(dut, begin_i=begins, n_columns_i=columns, arrived_i=loader.columns,
                    whole_i=loader.whole, full_i=full, busy_i=busy)
        expect(dut, cycle, active_o=was, column_o=model.column,
               **{port: model.active and model.doing == name for port, name in told.items()},
               compute_o=model.active and model.computing)
        # Registered: the multiplication's last cycle is the one before the model's first idle one.
        was = model.active
        if loader.columns < columns and rng.random() < 0.5:
            loader.columns += 1
            loader.whole = loader.columns == columns
        if model.active and not _goes_on(model):
            was = False


def controller(start, whole):
    """The reference's, of one PE."""
    model = SpmvControl(simpy.Environment(), start, bool(whole))
    model.blocking_cycles = [0]
    return model


def _goes_on(model):
    """Whether the next cycle belongs to the multiplication too: the last drain cycle ends it."""
    return model.doing != "drain" or model.drain_total % 4 != 0


UNITS = [
    *(("ping_pong_buffer", {"Width": width, "Entries": entries, "Lanes": lanes,
                            "AddrBits": (entries + 1).bit_length(),
                            "CountBits": lanes.bit_length()})
      for width, entries, lanes in ((5, 13, 3), (9, 64, 8), (7, 3, 1))),
    *(("weight_loader", {"WordBits": word, "EntryBits": entry, "PeBits": pe})
      for word, entry, pe in ((64, 9, 2), (16, 19, 1))),
    *(("pointer_route", {"Pe": pe, "WordBits": word, "PointerBits": bits, "NumberBits": 12})
      for pe, word, bits in ((0, 64, 16), (5, 32, 32), (3, 128, 8))),
    ("weight_read", {"PointerBits": 8, "ActivationBits": 10}),
    *(("spmv_control", {"StartCycles": start, "WholeMatrix": whole, "ColumnBits": 4})
      for start, whole in ((0, 0), (1, 1), (3, 0))),
]


@pytest.mark.parametrize(("unit", "sizes"), UNITS)
def test_alone(unit, sizes):
    from tests.rtl_ese.bench import simulate_unit

    simulate_unit(unit, __name__, sizes, testcase=unit)
