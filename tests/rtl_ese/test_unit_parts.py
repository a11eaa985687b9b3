"""Small units of ESE alone, beside the reference's or their rule written out: where vectors lie,
entries of a PE, the pointer read unit, counters."""

import random
from collections import deque

import cocotb
import pytest

from accelsim.machines.ese.rtl.params import PE_COUNTERS, TOTALS
from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset
from accelsim.units.ptr_read import PtrRead
from tests.rtl_ese.bench import part
from tests.rtl_ese.elements import flat, place_of


@cocotb.test()
async def ese_ptr_read(dut):
    """Columns are popped when there is one and weight_read will be free; activations stay."""
    rng, model, queue, popped = random.Random(1), PtrRead(1), deque(), None
    model.fill([0] * 20, [0] * 20)
    await start_and_reset(dut)
    for cycle in range(400):
        if rng.random() < 0.5 and len(queue) < 3:
            queue.append((rng.randrange(30), rng.getrandbits(10)))
        free = rng.random() < 0.6
        model.decide(list(queue), free)
        await drive(dut, valid_i=bool(queue), free_i=free,
                    activation_i=queue[0][1] if queue else rng.getrandbits(10))
        expect(dut, cycle, pop_o=model.pops, activation_o=popped)
        if model.pops:
            queue.popleft()
            _, _, popped = model.load()


@cocotb.test()
async def vector_ref(dut):
    """Every kind in every step, the first or not."""
    bits, copy = parameters(dut, "VectorBits", "Copy")
    rng = random.Random(2)
    for number in range(400):
        kind, step, base = number % 4, number // 4 % 4, rng.getrandbits(bits)
        first = number // 16 % 2
        await cocotb.triggers.Timer(1, unit="ns")
        dut.ref_i.value, dut.step_i.value, dut.first_i.value = kind << bits | base, step, first
        await cocotb.triggers.ReadOnly()
        place, zero = place_of((kind, base), step, bool(first), copy)
        expect(dut, number, addr_o=place, zero_o=zero)


@cocotb.test()
async def weight_route(dut):
    """Any lanes, entries and PEs."""
    pe_bits, bits, lanes = parameters(dut, "PeBits", "EntryBits", "Lanes")
    rng = random.Random(3)
    for number in range(300):
        mine = rng.getrandbits(pe_bits)
        pes = [rng.choice([mine, rng.getrandbits(pe_bits)]) for _ in range(lanes)]
        valid = [rng.random() < 0.7 for _ in range(lanes)]
        entries = [rng.getrandbits(bits) for _ in range(lanes)]
        await cocotb.triggers.Timer(1, unit="ns")
        dut.mine_i.value, dut.pe_i.value = mine, flat(pes, pe_bits)
        dut.valid_i.value, dut.entries_i.value = flat(valid, 1), flat(entries, bits)
        await cocotb.triggers.ReadOnly()
        want = [e for e, v, pe in zip(entries, valid, pes, strict=True) if v and pe == mine]
        expect(dut, number, count_o=len(want))
        assert [part(dut.data_o, n, bits) for n in range(len(want))] == want, number


def totals_of(told, events, numbers):
    """The machine's counters after a cycle."""
    return dict(zip(TOTALS, (was + more for was, more in zip(
        told.values(), [*(events >> n & 1 for n in range(15)), *numbers], strict=True)),
        strict=True))


@cocotb.test()
async def ese_counters(dut):
    """Every counter beside a count in Python; cleared at times; they wrap; behind them is zero."""
    wrap, many = parameters(dut, "CounterBits", "EventBits")
    rng, told = random.Random(4), dict.fromkeys(TOTALS, 0)
    await start_and_reset(dut)
    for cycle in range(700):
        for index in range(22 if cycle % 25 == 0 else 0):
            await drive(dut, index_i=index, clear_i=0, events_i=0, numbers_i=0)
            value = list(told.values())[index] if index < len(told) else 0
            expect(dut, (cycle, index), value_o=value & (1 << wrap) - 1)
        clear, events = cycle % 331 == 330, rng.getrandbits(15)
        numbers = [rng.getrandbits(many) for _ in range(5)]
        await drive(dut, clear_i=clear, events_i=events, numbers_i=flat(numbers, many))
        told = dict.fromkeys(TOTALS, 0) if clear else totals_of(told, events, numbers)


def of_pe(told, on, events):
    """A PE's counters after a cycle: ``on`` are its own signals, ``events`` the machine's."""
    compute, push, blocked = (events >> n & 1 for n in (3, 5, 7))
    more = {
        "issued_entries": on["issue"], "padding_entries": on["padding"],
        "empty_column_cycles": on["empty"],
        "starved_cycles": compute and not on["issue"] and not on["empty"],
        "blocking_cycles": blocked and on["full"], "queue_pushes": push,
        "queue_pops": on["pop"], "queue_occupancy_sum": on["queue_count"],
        "queue_occupancy_max": max(0, on["queue_count"] - told["queue_occupancy_max"]),
        "weight_buffer_writes": on["written"], "macs": on["mac"], "saturations": on["saturation"],
    }
    return {name: value + more[name] for name, value in told.items()}


@cocotb.test()
async def ese_totals(dut):
    """Numbers of the used channels are added up, PEs counted one by one; or there are none."""
    there, channels, pes, count_bits, many = parameters(
        dut, "Counters", "NChannels", "NPe", "CountBits", "EventBits")
    rng, used = random.Random(5), (1 << channels) - 1
    flags = ("full", "pop", "issue", "empty", "padding")
    numbers = ("assembled", "multiplied", "added", "look_ups", "saturations")
    told, each = dict.fromkeys(TOTALS, 0), [dict.fromkeys(PE_COUNTERS, 0) for _ in range(pes)]
    await start_and_reset(dut)
    for cycle in range(300):
        on = [{name: rng.getrandbits(1) for name in flags} | {
            "queue_count": rng.getrandbits(count_bits), "written": rng.randrange(9)}
            for _ in range(pes)]
        of_all = {name: [rng.getrandbits(many) for _ in range(channels)] for name in numbers}
        macs, wide = ([rng.getrandbits(pes) for _ in range(channels)] for _ in range(2))
        events, clear = rng.getrandbits(15), cycle % 100 == 99
        await drive(
            dut, clear_i=clear, used_i=used, events_i=events,
            **{f"{name}_i": flat([pe[name] for pe in on], 1) for name in flags},
            queue_count_i=flat([pe["queue_count"] for pe in on], count_bits),
            written_i=flat([pe["written"] for pe in on], 8), mac_i=flat(macs, pes),
            saturation_i=flat(wide, pes),
            **{f"{name}_i": flat(values, many) for name, values in of_all.items()})
        if clear:
            told, each = dict.fromkeys(TOTALS, 0), [dict.fromkeys(PE_COUNTERS, 0)] * pes
            used = rng.getrandbits(channels)
        else:
            told = totals_of(told, events, [
                sum(v for c, v in enumerate(of_all[name]) if used >> c & 1) for name in numbers])
            for pe in range(pes):
                on[pe] |= {name: sum(word >> pe & 1 for c, word in enumerate(words)
                                     if used >> c & 1)
                           for name, words in (("mac", macs), ("saturation", wide))}
            each = [of_pe(was, now, events) for was, now in zip(each, on, strict=True)]
        if cycle % 30 in (0, 9):
            quiet = dict.fromkeys((f"{name}_i" for name in (
                "clear", "events", "queue_count", "written", "mac", "saturation", *flags,
                *numbers)), 0)
            for index, value in enumerate(told.values()):
                await drive(dut, of_machine_i=1, index_i=index, **quiet)
                expect(dut, (cycle, index), value_o=value if there else 0)
            for pe in range(pes):
                for index, value in enumerate(each[pe].values()):
                    await drive(dut, of_machine_i=0, pe_i=pe, index_i=index, **quiet)
                    expect(dut, (cycle, pe, index), value_o=value if there else 0)


UNITS = [
    ("ese_ptr_read", {"ActivationBits": 10}),
    *(("vector_ref", {"VectorBits": bits, "Copy": copy}) for bits, copy in ((7, 21), (2, 1))),
    ("weight_route", {"PeBits": 2, "EntryBits": 7, "Lanes": 6, "CountBits": 3}),
    ("ese_counters", {"CounterBits": 11, "EventBits": 5}),
    *(("ese_totals", {"Counters": there, "NChannels": 3, "NPe": 2, "PeBits": 1, "EventBits": 5})
      for there in (1, 0)),
]


@pytest.mark.parametrize(("unit", "sizes"), UNITS)
def test_alone(unit, sizes):
    from tests.rtl_ese.bench import simulate_unit

    simulate_unit(unit, __name__, sizes, testcase=unit)
