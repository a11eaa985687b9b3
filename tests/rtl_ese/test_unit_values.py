"""Units of ESE that work on values alone, beside the reference's or their rule written out."""

import random

import cocotb
import numpy as np
import pytest

from accelsim.machines import load_machine
from accelsim.machines.ese.reference.assemble import Assemble
from accelsim.machines.ese.reference.elementwise import ElementwiseUnit
from accelsim.machines.ese.reference.sigmoid_tanh import SigmoidTanh
from accelsim.machines.ese.reference.vector_path import VectorFetch, VectorPath
from accelsim.machines.ese.rtl import layout
from accelsim.machines.ese.rtl.params import PE_COUNTERS
from accelsim.machines.ese.rtl.program import packed_fields
from accelsim.machines.ese.tables import make_tables
from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset
from tests.rtl.lockstep import signed
from tests.rtl_ese.bench import part
from tests.rtl_ese.elements import Operation, Written, flat, lane, writes


@cocotb.test()
async def element_alu(dut):
    """Sums, products, complements, brackets at small, extreme and any values."""
    width, frac_bits = parameters(dut, "Width", "FracBits")
    rng = random.Random(1)
    names = ("product", "two", "complement", "bracket", "valid", "shift_0", "shift_1")
    for number in range(800):
        op = Operation(rng, width, frac_bits)
        values = [signed(rng, width) for _ in range(4)]
        if op.complement:  # of a function's value
            values[0] = rng.randint(-op.one, op.one)
        given = dict(zip("abcd", values, strict=True))
        given |= {n: v for n, (v, _) in zip(names, op.fields(), strict=True)}
        await cocotb.triggers.Timer(1, unit="ns")
        for name, value in given.items():
            port = getattr(dut, f"{name}_i")
            port.value = int(value) & (1 << len(port)) - 1
        await cocotb.triggers.ReadOnly()
        value, saturations = op.value(*values)
        expect(dut, number, value_o=value, saturations_o=saturations)


@cocotb.test()
async def elementwise(dut):
    """Operations of any length one after the other; the pipeline, look-ups, counts of events."""
    many, latency, has_tables, width, frac_bits, address, word_bits, samples = parameters(
        dut, "Lanes", "Latency", "Tables", "Width", "FracBits", "VectorBits", "WordBits", "Samples")
    (linear,) = parameters(dut, "Linear")
    config = load_machine("ese", activation_bits=width, ddr_word_bits=word_bits,
                          table_samples=samples, sigmoid_input_max=4.0, tanh_input_max=8.0,
                          table_interpolation="linear" if linear else "nearest")
    tables, rng = make_tables(config), random.Random(3)
    looks = SigmoidTanh(tables)
    data = [signed(rng, width) for _ in range(1 << address)]
    unit, target, started = ElementwiseUnit(many, latency), Written(), -1
    await start_and_reset(dut)
    every = [v for name in ("sigmoid", "tanh") for v in tables[name].samples]
    for line, word in enumerate(layout.packed(every, width, word_bits)):
        await drive(dut, table_write_i=1, table_line_i=line, table_data_i=word)
        expect(dut, line, busy_o=0, enter_o=0, write_o=0)
    given = {"table_write_i": 0}
    for cycle in range(800):
        if cycle % 100 == 99:
            await drive(dut, rst_ni=0)  # in the middle of an operation
            expect(dut, cycle, busy_o=0, write_o=0)
            given["rst_ni"], unit = 1, ElementwiseUnit(many, latency)
            unit.load(cycle - 1)
        starts = unit.idle and rng.random() < 0.5
        if starts:
            op, started = Operation(rng, width, frac_bits), cycle
            op.complement = False
            function = rng.choice([None, "sigmoid", "tanh"]) if has_tables else None
            points = rng.randrange(width)
            length, zeros = rng.randrange(1, 30), rng.randrange(16)
            sources = [rng.randrange(1 << address) for _ in range(4)]
            to = rng.randrange(1 << address)
            look = points - tables[function].step_frac_bits if function else 0
            given |= {
                "length_i": length, "zeros_i": zeros, "target_i": to,
                "sources_i": flat(sources, address),
                "op_i": packed_fields([*op.fields(), (
                    {None: 0, "sigmoid": 1, "tanh": 2}[function], 2), (look & 255, 8)]),
            }
            events = {}

            def element(index, op=op, sources=sources, zeros=zeros, function=function,
                        points=points, events=events):
                operands = [0 if zeros >> n & 1 else data[(s + index) % len(data)]
                            for n, s in enumerate(sources)]
                value, events[index] = op.value(*operands)
                return value if function is None else looks.look_up(function, value, points)

            unit.start(cycle, element, target, length)
        entering = unit.entering
        first = 0 if unit.idle or starts else unit._next
        operands = [data[(s + first + n) % len(data)] for n in range(many) for s in sources
                    ] if started >= 0 else []
        await drive(dut, start_i=starts, read_data_i=flat(operands, width), **given)
        expect(dut, cycle, busy_o=not unit.idle and not starts, enter_o=entering > 0)
        if entering:
            expect(dut, cycle, element_o=first)
        got = writes(dut, many, address, width)
        unit.load(cycle)
        now = {(to + index) % len(data): value for index, value in target.taken().items()
               } if started >= 0 else {}
        assert got == now, (cycle, got, now)
        expect(dut, cycle, results_o=len(now), look_ups_o=entering if given.get("op_i", 0)
               and function else 0,
               saturations_o=sum(events[n] for n in range(first, first + entering))
               if entering else 0)


@cocotb.test()
async def assemble(dut):
    """Vectors of any length, a row of accumulators a cycle."""
    n_pe, bits, width, row_bits, address = parameters(
        dut, "NPe", "AccumulatorBits", "ActivationBits", "RowBits", "VectorBits")
    rng, model, target = random.Random(5), Assemble(width), Written()
    await start_and_reset(dut)
    sums, base, was = [[0]], 0, 0
    for cycle in range(600):
        starts = model.idle and rng.random() < 0.4
        busy = not model.idle
        if starts:
            length, base = rng.randrange(1, (n_pe << row_bits) + 1), rng.randrange(1 << address)
            sums = [[signed(rng, bits) for _ in range(1 << row_bits)] for _ in range(n_pe)]
            model.start(sums, target, length)
        takes, row = not model.idle, model._row
        shown = [pe[row] for pe in sums] if takes else []
        await drive(dut, start_i=starts, length_i=length if starts else rng.randrange(99),
                    base_i=base if starts else 0, value_i=flat(shown, bits))
        expect(dut, cycle, busy_o=busy, takes_o=takes, row_o=row if takes else None)
        model.load()
        now = {(base + n) % (1 << address): value for n, value in target.taken().items()}
        assert writes(dut, n_pe, address, width) == now, cycle
        expect(dut, cycle, results_o=len(now), saturations_o=model.saturations - was)
        was = model.saturations


@cocotb.test()
async def vector_path(dut):
    """Vectors of any length, shared and each channel's own, whose words come at any time."""
    n_channels, batch, path, word_bits, width, address = parameters(
        dut, "NChannels", "Batch", "PathBits", "WordBits", "Width", "VectorBits")
    (many,) = parameters(dut, "Lanes")
    config = load_machine("ese", activation_bits=width, ddr_word_bits=word_bits,
                          vector_path_bits=path)
    rng, model = random.Random(6), VectorPath(path, word_bits)
    targets = [Written() for _ in range(n_channels)]
    await start_and_reset(dut)
    words, base, length = [], 0, 1
    for cycle in range(800):
        starts = model.idle and rng.random() < 0.5
        given = {}
        if starts:
            length, shared = rng.randrange(1, 15), rng.random() < 0.5
            base = rng.randrange(1 << address)
            own = [[signed(rng, width) for _ in range(length)] for _ in range(batch)]
            values = [own[0]] * n_channels if shared else own[:n_channels]
            fetch = VectorFetch(values, targets, length, 1 if shared else batch, width, word_bits)
            words = layout.vector_words(config, [np.array(v) for v in (own[:1] if shared else own)])
            assert len(words) == fetch.n_words
            given = {"shared_i": shared, "length_i": length, "base_i": base}
        comes = bool(words) and not starts and rng.random() < 0.5
        busy = not model.idle
        if starts:
            model.push(fetch)
        passes, first = model.passes, model._written
        await drive(dut, start_i=starts, word_i=comes, data_i=words[0] if comes else 0, **given)
        expect(dut, cycle, busy_o=busy, pass_o=passes, element_o=first if busy else None)
        enable, data = int(dut.write_o.value), dut.write_data_o
        if comes:
            words.pop(0)
            fetch.receive(cycle)
        model.load(cycle)
        for channel, target in enumerate(targets):
            now = target.taken()
            assert enable == (1 << len(now)) - 1, (cycle, enable, now)
            got = [lane(data, channel * many + n, width) for n in range(len(now))]
            assert got == list(now.values()), cycle
        places = [part(dut.write_addr_o, n, address) for n in range(enable.bit_length())]
        assert places == [(base + first + n) % (1 << address) for n in range(len(places))], cycle


@cocotb.test()
async def vector_store(dut):
    """Any number of elements are written and read in a cycle."""
    words, width, address, reads, many = parameters(
        dut, "Words", "Width", "AddrBits", "ReadPorts", "WritePorts")
    rng, held = random.Random(2), [None] * words
    await start_and_reset(dut)
    for cycle in range(400):
        places = rng.sample(range(words), many)
        data, enable = [rng.getrandbits(width) for _ in range(many)], rng.getrandbits(many)
        asked = [rng.randrange(words) for _ in range(reads)]
        await drive(dut, write_i=enable, write_addr_i=flat(places, address),
                    write_data_i=flat(data, width), read_addr_i=flat(asked, address))
        for port, place in enumerate(asked):
            if held[place] is not None:
                assert part(dut.read_data_o, port, width) == held[place], (cycle, port)
        for port in range(many):
            if enable >> port & 1:
                held[places[port]] = data[port]


@cocotb.test()
async def result_words(dut):
    """Element 0 of every channel, then element 1; room for channels that are not built."""
    channels, batch, width, word_bits, address = parameters(
        dut, "NChannels", "Batch", "Width", "WordBits", "VectorBits")
    rng, many = random.Random(3), word_bits // width
    for number in range(200):
        word, base = rng.randrange(20), rng.randrange(1 << address)
        data = [[rng.getrandbits(width) for _ in range(many)] for _ in range(channels)]
        await cocotb.triggers.Timer(1, unit="ns")
        dut.number_i.value, dut.base_i.value = word, base
        dut.data_i.value = flat([v for channel in data for v in channel], width)
        await cocotb.triggers.ReadOnly()
        at = [divmod(word * many + n, batch) for n in range(many)]
        expect(dut, number, addr_o=flat([base + element for element, _ in at], address),
               data_o=flat([data[c][n] if c < channels else 0
                            for n, (_, c) in enumerate(at)], width))


@cocotb.test()
async def ese_pe_counters(dut):
    """Every counter beside a count in Python; cleared at times."""
    channels, bits = parameters(dut, "NChannels", "CountBits")
    rng, flags = random.Random(4), ("compute", "blocked", "full", "push", "pop", "issue", "empty",
                                    "padding")
    await start_and_reset(dut)
    told = dict.fromkeys(PE_COUNTERS, 0)
    for cycle in range(600):
        for index, name in enumerate(PE_COUNTERS if cycle % 10 == 0 else ()):
            await drive(dut, index_i=index, clear_i=0, queue_count_i=0, written_i=0, mac_i=0,
                        saturation_i=0, **{f"{flag}_i": 0 for flag in flags})
            expect(dut, (cycle, name), value_o=told[name])
        on = {flag: rng.random() < 0.5 for flag in flags}
        count, written = rng.randrange(1 << bits), rng.randrange(9)
        macs, wide, clear = rng.getrandbits(channels), rng.getrandbits(channels), cycle % 97 == 96
        await drive(dut, clear_i=clear, queue_count_i=count, written_i=written, mac_i=macs,
                    saturation_i=wide, **{f"{flag}_i": value for flag, value in on.items()})
        more = {
            "issued_entries": on["issue"], "padding_entries": on["padding"],
            "empty_column_cycles": on["empty"],
            "starved_cycles": on["compute"] and not on["issue"] and not on["empty"],
            "blocking_cycles": on["blocked"] and on["full"], "queue_pushes": on["push"],
            "queue_pops": on["pop"], "queue_occupancy_sum": count,
            "queue_occupancy_max": max(0, count - told["queue_occupancy_max"]),
            "weight_buffer_writes": written, "macs": macs.bit_count(),
            "saturations": wide.bit_count(),
        }
        told = {name: 0 if clear else value + more[name] for name, value in told.items()}


UNITS = [
    *(("element_alu", {"Width": width, "FracBits": width - 2,
                       "ShiftBits": (2 * width + 1).bit_length()}) for width in (8, 16)),
    *(("elementwise", {
        "Lanes": many, "Latency": latency, "Tables": tables, "Width": width,
        "FracBits": width - 2, "ShiftBits": (2 * width + 1).bit_length(), "VectorBits": 7,
        "LengthBits": 9, "WordBits": 64, "Samples": 16, "Linear": linear, "PartBits": 16,
        "LineBits": 3, "CountBits": 4})
      for many, latency, tables, width, linear in (
          (2, 5, 1, 16, 1), (1, 1, 1, 8, 0), (3, 2, 0, 16, 1))),
    *(("assemble", {"NPe": pe, "AccumulatorBits": sums, "ActivationBits": 12, "RowBits": 2,
                    "VectorBits": 6, "LengthBits": 8, "CountBits": pe.bit_length()})
      for pe, sums in ((5, 16), (1, 10))),
    *(("vector_path", {"NChannels": 2, "Batch": 3, "PathBits": path, "WordBits": 32, "Width": width,
                       "Words": 32, "VectorBits": 6, "LengthBits": 8})
      for path, width in ((5, 8), (16, 16), (40, 8))),
    ("vector_store", {"Words": 23, "Width": 9, "AddrBits": 5, "ReadPorts": 4, "WritePorts": 3}),
    ("result_words", {"NChannels": 2, "Batch": 3, "Width": 8, "WordBits": 32, "VectorBits": 7}),
    ("ese_pe_counters", {"NChannels": 3, "CountBits": 4}),
]


@pytest.mark.parametrize(("unit", "sizes"), UNITS)
def test_alone(unit, sizes):
    from tests.rtl_ese.bench import simulate_unit

    simulate_unit(unit, __name__, sizes, testcase=unit)
