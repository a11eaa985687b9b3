"""What the channels share, alone: the buffers of a matrix in lock step with the reference's, and
what a slot multiplies, collects and computes beside its rule written out."""

import random

import cocotb
import numpy as np
import pytest

from accelsim.machines import load_machine
from accelsim.machines.ese.reference.ping_pong_buffer import (
    PingPongBuffer,
    PointerLoader,
    WeightLoader,
)
from accelsim.machines.ese.rtl import layout
from accelsim.machines.ese.rtl.program import packed_fields
from accelsim.rtl_bridge.bench import drive, expect, parameters, start_and_reset
from tests.rtl_ese.bench import part
from tests.rtl_ese.elements import flat, place_of
from tests.rtl_ese.test_units import random_stream


class Matrix:
    """One on its way: its words, and what the reference makes of them."""

    def __init__(self, config, stream, weights, pointers):
        self.half, self.shape, self.counts = weights[0].back, stream.shape, stream.counts
        self.empty, self.words = layout.weight_words(config, stream)
        self.pointer_words = layout.pointer_words(config, stream)
        self.sizes = len(self.words), len(self.pointer_words)
        self.loader = WeightLoader(stream, config.column_align_bits, config.ddr_word_bits, weights)
        self.pointers = PointerLoader(stream, config.pointer_bits, config.ddr_word_bits, pointers)


@cocotb.test()
async def matrix_buffers(dut):
    """Matrices one behind the other, words of the one in front still on their way; every PE reads
    any column and entry that is there."""
    n_pe, pe_bits, word_bits, entry_bits, pointer_bits, column_bits, lanes = parameters(
        dut, "NPe", "PeBits", "WordBits", "EntryBits", "PointerBits", "ColumnBits", "Lanes")
    rng, draws = random.Random(1), np.random.default_rng(1)
    config = load_machine("ese", n_pe=n_pe, weight_bits=entry_bits - 3, index_bits=3,
                          ddr_word_bits=word_bits, pointer_bits=pointer_bits,
                          elementwise_width=1, column_align_bits=16)
    weights, pointers = ([PingPongBuffer() for _ in range(n_pe)] for _ in range(2))
    front = back = None
    shown, pointed = [None] * n_pe, [None] * n_pe
    await start_and_reset(dut)
    for cycle in range(1500):
        swaps = back is not None and back.pointers.whole and rng.random() < 0.05
        if swaps:
            for buffer in (*weights, *pointers):
                buffer.swap()
            front, back = back, None
        asks = back is None and rng.random() < 0.5
        given = {"swap_i": swaps, "request_i": asks}
        if asks:
            back = Matrix(config, random_stream(draws, n_pe, entry_bits - 3, 3), weights, pointers)
            given |= {"request_columns_i": back.shape[1], "request_words_i": back.sizes[0],
                      "request_empty_i": back.empty, "request_pointer_words_i": back.sizes[1]}
        comes = next((m for m in (front, back) if m is not None and m.words), None)
        word = comes.words.pop(0) if comes and not asks and rng.random() < 0.6 else None
        pointer = back.pointer_words.pop(0) if (
            back and back.pointer_words and not asks and rng.random() < 0.6) else None
        given |= {"weight_word_i": word is not None, "pointer_word_i": pointer is not None,
                  "pointer_data_i": pointer or 0, "pointer_half_i": back.half if back else 0}
        if word is not None:
            given |= {"weight_half_i": comes.half, "weight_data_i": word.data,
                      "weight_route_i": layout.route(word, lanes, pe_bits,
                                                     (word_bits - 1).bit_length())}
        in_front = 1 - weights[0].back
        pops = [front is not None and rng.random() < 0.4 for _ in range(n_pe)]
        columns = [rng.randrange(front.shape[1]) if front else 0 for _ in range(n_pe)]
        held = [buffer.held(in_front) for buffer in weights]
        reads = [front is not None and n > 0 and rng.random() < 0.5 for n in held]
        entries = [rng.randrange(n) if n else 0 for n in held]
        before = [buffer.writes for buffer in weights]
        await drive(dut, **given, pop_i=flat(pops, 1), column_i=flat(columns, column_bits),
                    issue_i=flat(reads, 1), entry_i=flat(entries, pointer_bits))
        expect(dut, cycle, front_o=in_front,
               pointers_whole_o=back is None or asks or back.pointers.whole,
               weights_held_o=flat([b.held(half) for b in weights for half in range(2)],
                                   pointer_bits),
               pointers_held_o=flat([b.held(half) for b in pointers for half in range(2)],
                                    column_bits))
        if front is not None:
            expect(dut, cycle, columns_o=front.loader.columns, whole_o=front.loader.whole)
        for pe in range(n_pe):
            if shown[pe] is not None:
                assert part(dut.data_o, pe, entry_bits) == shown[pe], (cycle, pe)
            if pointed[pe] is not None:
                assert (part(dut.begin_o, pe, pointer_bits),
                        part(dut.end_o, pe, pointer_bits)) == pointed[pe], (cycle, pe)
            if reads[pe]:
                value, run = weights[pe].read(entries[pe])
                shown[pe] = (value & (1 << entry_bits - 3) - 1) << 3 | run
            if pops[pe]:
                pointed[pe] = tuple(pointers[pe].read(columns[pe] + n) for n in range(2))
        if word is not None:
            comes.loader.receive(cycle)
        if pointer is not None:
            back.pointers.receive(cycle)
        assert [part(dut.written_o, pe, 8) for pe in range(n_pe)] == [
            buffer.writes - was for buffer, was in zip(weights, before, strict=True)], cycle


@cocotb.test()
async def ese_operands(dut):
    """Slots of any length that multiply or not, collect what the one before has multiplied, and
    compute or not; utterances one after the other."""
    lengths, columns, shifts, ops, steps, bits, copy = parameters(
        dut, "LengthBits", "ColumnBits", "ShiftBits", "OpBits", "StepBits", "VectorBits",
        "VectorCopy")
    rng = random.Random(2)
    file, multiplied, collected = 0, None, None
    await start_and_reset(dut)
    for slot in range(400):
        starts = slot % 50 == 0
        multiplies, step = rng.random() < 0.5, rng.choice([0, 1, 2, 3, 6, (1 << steps) - 1])
        numbers = [rng.getrandbits(n) for n in (columns, lengths, shifts)]
        refs = [(rng.randrange(4), rng.getrandbits(bits)) for _ in range(12)]
        there, op, of = [rng.random() < 0.5 for _ in range(2)], [
            rng.getrandbits(ops) for _ in range(2)], [rng.getrandbits(lengths) for _ in range(2)]
        coded = [(base | kind << bits, bits + 2) for kind, base in refs]
        fields = [*zip(numbers, (columns, lengths, shifts), strict=True), *coded[:2]]
        for unit in range(2):
            fields += [(there[unit], 1), (op[unit], ops), (of[unit], lengths)]
            fields += coded[2 + 5 * unit : 7 + 5 * unit]
        places, zeros = zip(*(place_of(ref, step % 4, step == 0, copy) for ref in refs),
                            strict=True)
        if starts:
            await drive(dut, start_i=1, begins_i=0, multiply_i=0)
            multiplied = None
        before = file
        file ^= multiplies
        for cycle in range(rng.randrange(1, 5)):
            begins = cycle == 0
            await drive(dut, start_i=0, begins_i=begins, multiply_i=begins and multiplies,
                        word_i=packed_fields(fields), step_i=step)
            collects = begins and multiplied is not None
            if collects:
                collected = before
            expect(dut, (slot, cycle), columns_o=numbers[0], shift_o=numbers[2],
                   source_o=places[0], source_zero_o=zeros[0], file_o=file, collect_o=collects,
                   mul_start_o=begins and there[0], mul_op_o=op[0], mul_length_o=of[0],
                   mul_sources_o=flat(places[2:6], bits), mul_zeros_o=flat(zeros[2:6], 1),
                   mul_target_o=places[6], add_start_o=begins and there[1], add_op_o=op[1],
                   add_length_o=of[1], add_sources_o=flat(places[7:11], bits),
                   add_zeros_o=flat(zeros[7:11], 1), add_target_o=places[11],
                   collect_file_o=collected)
            if collects:
                expect(dut, (slot, cycle), collect_length_o=multiplied[0],
                       collect_base_o=multiplied[1])
        multiplied = (numbers[1], places[1]) if multiplies else None


UNITS = [
    *(("matrix_buffers", {
        "NPe": pe, "PeBits": max(1, (pe - 1).bit_length()), "WordBits": word, "EntryBits": entry,
        "PointerBits": 16, "ColumnBits": 5, "LengthBits": 8, "NumberBits": 12,
        "WeightEntries": 240, "PointerEntries": 14})
      for pe, word, entry in ((3, 64, 9), (1, 16, 19))),
    ("ese_operands", {"LengthBits": 9, "ColumnBits": 5, "ShiftBits": 4, "OpBits": 13,
                      "StepBits": 6, "VectorBits": 7, "VectorCopy": 21}),
]


@pytest.mark.parametrize(("unit", "sizes"), UNITS)
def test_alone(unit, sizes):
    from tests.rtl_ese.bench import simulate_unit

    simulate_unit(unit, __name__, sizes, testcase=unit)
