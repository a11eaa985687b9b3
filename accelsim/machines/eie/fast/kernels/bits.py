"""Many vectors as bits: what depends on which columns are broadcast, but not on when.

A word has a bit for each of 64 vectors, a block `WORDS` words. Shapes, types and style as in
`kernels.time`. `accelsim.machines.eie.fast.vector_time` makes and checks what is given here.
Kernels of another file are called here: ``BUILT_ON`` as in `kernels.vectors`.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.kernels.jit import kernel, linked
from accelsim.kernels.lanes import both, count_ones, either, load, ones, plus, splat, total, without

BUILT_ON = "a888617544454981"  # lanes.py

WORDS = 8
_FEW = 31  # columns: so many times eight fit a byte
VECTORS = 64 * WORDS  # of a block: the words of a column fill a cache line
at, full = np.uint64, np.uint64(0xFFFFFFFFFFFFFFFF)


class Spans(NamedTuple):
    """The passes of every vector, (n_passes,) int64 each: tile, image columns of its rows, and
    whether a bias follows."""

    tile: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    bias: npt.NDArray[np.int64]


class Vectors(NamedTuple):
    """``packed`` (pixels, n or more) uint8 has a bit for each channel that is not zero,
    ``addresses`` (n_vectors, positions) gathers; a position begins ``width`` image columns behind
    the one before it, and ``bias_column`` is -1 where there is none."""

    packed: npt.NDArray[np.uint8]
    addresses: npt.NDArray[np.int32]
    n_channels: int
    width: int
    bias_column: int


class Lines(NamedTuple):
    """Lines that can be read in a pass: PE, and which columns have entries in it, ascending."""

    pe: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int32]


@kernel
def pack(maps, words):
    """Write a bit for each channel that is not zero: ``words`` (pixels, n) uint64."""
    for pixel in range(len(maps)):
        for w in range(words.shape[1]):
            word = at(0)
            for i in range(min(64, maps.shape[1] - 64 * w)):
                word |= at(maps[pixel, 64 * w + i] != 0) << at(i)
            words[pixel, w] = word


@kernel
def find_lines(counts, starts, spans, entries_per_line, bias_column, pe, line_starts, columns):
    """Write `Lines`; how many lines there are, and how many columns in them.

    ``counts`` (n_tiles, n_columns, n_pe) and ``starts`` are those of a `ColumnTable`. With arrays
    of no length nothing is written.
    """
    n_lines, n_columns, writes = 0, 0, len(pe) > 0
    for step in range(len(spans.tile)):
        tile, biased = spans.tile[step], spans.bias[step]
        for p in range(counts.shape[2]):
            latest = -1
            end = min(spans.end[step], counts.shape[1])
            for place in range(spans.first[step], end + biased):
                column = bias_column if place == end else place
                n = np.int64(counts[tile, column, p])
                if n == 0:
                    continue
                low = starts[tile, column, p] // entries_per_line
                high = (starts[tile, column, p] + n - 1) // entries_per_line
                for line in range(low, high + 1):
                    if line != latest:
                        if writes:
                            pe[n_lines], line_starts[n_lines] = p, n_columns
                        n_lines += 1
                        latest = line
                    if writes:
                        columns[n_columns] = column
                    n_columns += 1
    if writes:
        line_starts[n_lines] = n_columns
    return n_lines, n_columns


@kernel
def count_blocks(
    vectors, spans, lines, row_changes, n_pe, real, bits, bytes_of_bits, often, reads, adder, write,
):
    """Count all vectors; their row changes, and cycles after the scan where no queue fills.

    ``bits`` (n_columns, WORDS) uint64 zeros and ``bytes_of_bits``, the same memory in one
    dimension, are worked on.
    Adds to ``often`` (n_columns,) how many vectors have a column, and to ``reads`` (n_pe,) the
    lines read (P5): those of which some column is broadcast. ``real`` (n_tiles, n_pe, n_columns):
    where every PE has one row, whether it has a weight there, for the bypasses; else of no length.
    """
    changed, idle = 0, 0
    addresses, bias_column = vectors.addresses, vectors.bias_column
    for begin in range(0, len(addresses), VECTORS):
        n = min(VECTORS, len(addresses) - begin)
        if n < VECTORS:
            bits[:] = 0
        _gather(vectors.packed, addresses, begin, n, vectors.n_channels, vectors.width,
                bytes_of_bits)
        if bias_column >= 0:
            for w in range(WORDS):
                here = min(max(n - 64 * w, 0), 64)
                bits[bias_column, w] = full >> at(64 - here) if here else at(0)
            often[bias_column] += n
        for first in range(0, addresses.shape[1] * vectors.width, vectors.width):
            for column in range(first, first + vectors.n_channels):
                often[column] += count_ones(_of(bytes_of_bits, column))
        for line in range(len(lines.pe)):
            any_of = splat(np.uint8(0))
            for i in range(lines.starts[line], lines.starts[line + 1]):
                any_of = either(any_of, _of(bytes_of_bits, lines.columns[i]))
            reads[lines.pe[line]] += count_ones(any_of)
        for step in range(len(spans.tile)):
            first, end, bias = spans.first[step], spans.end[step], spans.bias[step]
            if row_changes:
                changed += n * ((end - first) // n_pe)
                for column in range(first + n_pe - 1, end, n_pe):
                    changed -= count_ones(_of(bytes_of_bits, column))
            idle += 2 * n if bias else _idle(bytes_of_bits, first, end, n_pe, row_changes)
            if real.shape[2]:
                for p in range(n_pe):
                    one = real[spans.tile[step], p]
                    again, later = _bypasses(
                        bytes_of_bits, first, end, bias, vectors, n_pe, row_changes, one)
                    adder[p] += again
                    write[p] += later
    return changed, idle


@linked
def _of(bits, column):
    return load(bits, at(column) * at(8 * WORDS))


@linked
def _gather(packed, addresses, begin, n, n_channels, width, out):
    """Write the bits of vectors ``begin`` to ``begin + n``: eight by eight at a time."""
    for v in range(0, n, 8):
        first = at(begin + v)
        for position in range(addresses.shape[1]):
            p = at(position)
            for group in range((n_channels + 7) // 8):
                word, g = at(0), at(group)
                if v + 8 <= n:
                    for i in range(8):
                        word |= at(packed[at(addresses[first + at(i), p]), g]) << at(8 * i)
                else:
                    for i in range(n - v):
                        word |= at(packed[at(addresses[first + at(i), p]), g]) << at(8 * i)
                word = _transposed(word)
                place = (position * width + 8 * group) * 8 * WORDS + (v >> 3)
                for i in range(min(8, n_channels - 8 * group)):
                    out[at(place + i * 8 * WORDS)] = np.uint8((word >> at(8 * i)) & at(255))


@linked
def _transposed(word):
    """Eight rows of eight bits, rows and columns exchanged (Warren, Hacker's Delight, 7-3)."""
    swap = (word ^ (word >> at(7))) & at(0x00AA00AA00AA00AA)
    word = word ^ swap ^ (swap << at(7))
    swap = (word ^ (word >> at(14))) & at(0x0000CCCC0000CCCC)
    word = word ^ swap ^ (swap << at(14))
    swap = (word ^ (word >> at(28))) & at(0x00000000F0F0F0F0)
    return word ^ swap ^ (swap << at(28))


@linked
def _idle(bits, first, end, n_pe, row_changes):
    """Cycles after the scan in which PEs still work, if each column takes one slot: it is popped
    the cycle after its broadcast and worked on in the next, unless rows change meanwhile."""
    none = one = splat(np.uint8(0))  # row changes behind the last broadcast
    if row_changes:
        none = _of(bits, end - 1)
        for column in range(max(end - n_pe - 1, first), end - 1):
            one = either(one, _of(bits, column))
    else:
        for column in range(first, end):
            none = either(none, _of(bits, column))
    return 2 * count_ones(none) + count_ones(without(one, none))


@linked
def _bypasses(bits, first, end, bias, vectors, n_pe, row_changes, real):
    """Accumulators of one PE taken from stage 3 and from stage 4 (A3), where every PE has one row
    and a column one slot: entries in slots next to each other, and with one slot between them.

    ``near`` are the vectors with an entry in the slot before, ``far`` in the one before that.
    A position's columns are whole rows, and those that fill its last row are never broadcast.
    """
    near = far = few_adder = few_write = splat(np.uint8(0))
    adder, write, counted, width = 0, 0, 0, vectors.width
    for row in range(first, end, n_pe):
        filled = min(row + n_pe, row // width * width + vectors.n_channels)
        for column in range(row, filled):
            active, before = _of(bits, column), near
            if real[column] != 0:
                few_adder = plus(few_adder, ones(both(active, near)))
                few_write = plus(few_write, ones(both(active, without(far, near))))
                near = either(near, active)
                counted += 1
                if counted == _FEW:
                    adder, write = adder + total(few_adder), write + total(few_write)
                    few_adder = few_write = splat(np.uint8(0))
                    counted = 0
            else:
                near = without(near, active)
            far = either(both(before, active), without(far, active))
        if row_changes:
            active = _of(bits, row + n_pe - 1)
            before, near = near, both(near, active)
            far = either(both(far, active), without(before, active))
    if bias and real[vectors.bias_column] != 0:
        active = _of(bits, vectors.bias_column)
        adder += count_ones(both(active, near))
        write += count_ones(both(active, without(far, near)))
    return adder + total(few_adder), write + total(few_write)


@kernel
def count_columns(counts, padding, often, entries, pads, empty):
    """Add the entries, padding entries and empty columns of columns that are broadcast so
    ``often`` in each tile."""
    for tile in range(len(counts)):
        for column in range(counts.shape[1]):
            times, row, pad_row = often[column], counts[tile, column], padding[tile, column]
            if times:
                for p in range(len(row)):
                    entries[p] += times * row[p]
                    pads[p] += times * pad_row[p]
                    empty[p] += times * (row[p] == 0)
