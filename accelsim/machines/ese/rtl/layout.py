"""What lies in the DDR modules, word by word (contract M3 to M5, F1 to F3; rtl/ese/README.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from accelsim.formats.weight_stream import WeightStream
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.job import IntArray


@dataclass
class WeightWord:
    """A word of weights and its route.

    Attributes
    ----------
    lanes : (PE, number of the last bit) of the entries that end in the word, in their order
    columns : how many of the matrix's first columns are complete with it
    """

    data: int = 0
    lanes: list[tuple[int, int]] = field(default_factory=list)
    columns: int = 0


def weight_words(config: EseConfig, stream: WeightStream) -> tuple[int, list[WeightWord]]:
    """Columns that are complete without a word, and the words of a matrix (F3)."""
    size, word_bits = stream.entry_bits, config.ddr_word_bits
    mask = (1 << stream.weight_bits) - 1
    placed: list[tuple[int, int, int]] = []  # PE, first bit, entry
    ends: list[int] = []  # bits up to and with each column
    at = [int(start) for start in stream.pe_starts[:-1]]
    bits = 0
    for counts in stream.counts.tolist():
        for pe, count in enumerate(counts):
            for index in range(at[pe], at[pe] + count):
                value = (int(stream.values[index]) & mask) << stream.index_bits
                placed.append((pe, bits, value | int(stream.runs[index])))
                bits += size
            at[pe] += count
        bits += -bits % config.column_align_bits
        ends.append(bits)
    words = [WeightWord() for _ in range(-(-bits // word_bits))]
    for pe, first, entry in placed:
        for number, part in split(first, size, entry, word_bits):
            words[number].data |= part
        last = first + size - 1
        words[last // word_bits].lanes.append((pe, last % word_bits))
    needed = [-(-end // word_bits) for end in ends]
    for number, word in enumerate(words):
        word.columns = sum(need <= number + 1 for need in needed)
    return sum(need == 0 for need in needed), words


def split(first: int, bits: int, value: int, word_bits: int) -> list[tuple[int, int]]:
    """(word, what of it) of a number of ``bits`` bits whose lowest is bit ``first`` of a stream."""
    shifted = value << first % word_bits
    start, mask = first // word_bits, (1 << word_bits) - 1
    return [(start + n, shifted >> n * word_bits & mask)
            for n in range(-(-(first % word_bits + bits) // word_bits))]


def packed(values: Sequence[int] | IntArray, bits: int, word_bits: int) -> list[int]:
    """Numbers of ``bits`` bits side by side, the first in the lowest bits, in whole words."""
    stream = 0
    mask = (1 << bits) - 1
    numbers = [int(value) & mask for value in values]
    for start in range(0, len(numbers), 256):  # long integers by parts: their cost is quadratic
        part = sum(v << n * bits for n, v in enumerate(numbers[start : start + 256]))
        stream |= part << start * bits
    words = -(-len(numbers) * bits // word_bits)
    return [stream >> n * word_bits & (1 << word_bits) - 1 for n in range(words)]


def pointer_words(config: EseConfig, stream: WeightStream) -> list[int]:
    """The pointers of a matrix, PE after PE (M3)."""
    return packed(stream.pointers.ravel(), config.pointer_bits, config.ddr_word_bits)


def vector_words(config: EseConfig, values: Sequence[IntArray]) -> list[int]:
    """A vector of every channel: the first piece of each, then the second, and so on (M4)."""
    bits, mask = config.activation_bits, (1 << config.activation_bits) - 1
    streams = [sum((int(v) & mask) << n * bits for n, v in enumerate(one)) for one in values]
    total, result, at = len(values[0]) * bits, 0, 0
    for first in range(0, total, config.vector_path_bits):
        length = min(config.vector_path_bits, total - first)
        for stream in streams:
            result |= (stream >> first & (1 << length) - 1) << at
            at += length
    words = -(-at // config.ddr_word_bits)
    return [result >> n * config.ddr_word_bits & (1 << config.ddr_word_bits) - 1
            for n in range(words)]


def route(word: WeightWord, lanes: int, pe_bits: int, place_bits: int) -> int:
    """A word's route as rtl/ese/weight_loader.v takes it."""
    bits = 1 + pe_bits + place_bits
    result = word.columns << lanes * bits
    for number, (pe, place) in enumerate(word.lanes):
        result |= (1 << pe_bits + place_bits | pe << place_bits | place) << number * bits
    return result
