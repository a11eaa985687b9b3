"""What lies in the two DDR modules and in a channel (contract M3 to M5, F1 to F3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from accelsim.formats.weight_stream import WeightStream
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.job import IntArray, RecurrentJob


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


def copy_elements(job: RecurrentJob) -> int:
    """Elements of x and y of a step together."""
    return job.layer.n_inputs + job.layer.n_outputs


class VectorMap:
    """Where the vectors of a channel lie: four copies of x and y side by side, then the rest.

    Parameters
    ----------
    copy : elements from one copy of x and y to the next, a machine's VectorCopy

    Attributes
    ----------
    base : of each vector; ``y`` is the output, whatever its own name
    words : elements in all
    """

    def __init__(self, job: RecurrentJob, copy: int) -> None:
        layer, program = job.layer, job.program
        self.base = {"x": 0, "y": layer.n_inputs, program.output: layer.n_inputs}
        self.words = 4 * copy
        lengths = {name: stream.shape[0] for name, stream in job.streams.items()}
        lengths |= {e.result: layer.n_cells for e in program.equations}
        lengths |= {name: len(values) for name, values in job.vectors.items()}
        for name, length in lengths.items():
            if name not in self.base:
                self.base[name] = self.words
                self.words += length


class Memories:
    """What a host puts into both DDR modules for a job, and where.

    Attributes
    ----------
    weights : matrix to (address, columns complete without a word, words) in DDR_1
    vectors, pointers : name to (address, words) in DDR_2; so ``tables`` and ``x``, of a step
    y : where results go in DDR_1, ``y_words`` a step
    """

    def __init__(self, config: EseConfig, job: RecurrentJob) -> None:
        self.ddr_1: list[WeightWord] = []
        self.ddr_2: list[int] = []
        self.weights = {}
        for name, stream in job.streams.items():
            empty, words = weight_words(config, stream)
            self.weights[name] = len(self.ddr_1), empty, len(words)
            self.ddr_1 += words
        self.pointers = {name: self._put(pointer_words(config, stream))
                         for name, stream in job.streams.items()}
        samples = [int(v) for name in ("sigmoid", "tanh") for v in job.tables[name].samples]
        self.tables = self._put(packed(samples, config.activation_bits, config.ddr_word_bits))
        self.vectors = {name: self._put(vector_words(config, [values]))
                        for name, values in job.vectors.items()}
        idle = [job.inputs[0, 0] * 0] * (config.n_channels - job.n_channels)
        steps = [self._put(vector_words(config, [*x, *idle])) for x in job.inputs]
        self.x = steps[0]
        self.y = len(self.ddr_1)
        bits = job.layer.n_outputs * config.activation_bits * config.n_channels
        self.y_words = -(-bits // config.ddr_word_bits)
        self.ddr_1_words = self.y + self.y_words * len(job.inputs)

    def _put(self, words: list[int]) -> tuple[int, int]:
        at = len(self.ddr_2)
        self.ddr_2 += words
        return at, len(words)
