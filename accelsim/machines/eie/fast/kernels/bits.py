"""Many vectors as bits: what depends on which columns are broadcast, but not on when.

A word has a bit for each of 64 vectors, a block `WORDS` words. Shapes, types and style as in
`kernels.time`. `accelsim.machines.eie.fast.vector_time` makes and checks what is given here.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.kernels.jit import kernel, linked

WORDS = 8
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
    """``packed`` (pixels, n) uint8 has a bit for each channel that is not zero, ``addresses``
    (n_vectors, positions) gathers; a position begins ``width`` image columns behind the one before
    it, and ``bias_column`` is -1 where there is none."""

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

    ``bits`` (n_columns, WORDS) uint64 zeros and ``bytes_of_bits``, the same memory, are worked on.
    Adds to ``often`` (n_columns,) how many vectors have a column, and to ``reads`` (n_pe,) the
    lines read (P5): those of which some column is broadcast. ``real`` (n_tiles, n_pe, n_columns):
    where every PE has one row, whether it has a weight there, for the bypasses; else of no length.
    """
    changed, idle = 0, 0
    addresses, bias_column = vectors.addresses, vectors.bias_column
    state = np.empty(2 * WORDS, np.uint64)
    for begin in range(0, len(addresses), VECTORS):
        n = min(VECTORS, len(addresses) - begin)
        if n < VECTORS:
            bits[:] = 0
        _gather(vectors.packed, addresses, begin, n, vectors.n_channels, vectors.width,
                bytes_of_bits)
        for w in range(WORDS):
            here = min(max(n - 64 * w, 0), 64)
            if bias_column >= 0:
                bits[bias_column, w] = full >> at(64 - here) if here else at(0)
        for column in range(len(bits)):
            often[column] += _ones_of(bits, column)
        for line in range(len(lines.pe)):
            reads[lines.pe[line]] += _ones_of_any(
                bits, lines.columns, lines.starts[line], lines.starts[line + 1])
        for step in range(len(spans.tile)):
            first, end, bias = spans.first[step], spans.end[step], spans.bias[step]
            if row_changes:
                changed += n * ((end - first) // n_pe)
                for column in range(first + n_pe - 1, end, n_pe):
                    changed -= _ones_of(bits, column)
            idle += 2 * n if bias else _idle(bits, first, end, n_pe, row_changes)
            if real.shape[2]:
                for p in range(n_pe):
                    one = real[spans.tile[step], p]
                    again, later = _bypasses(
                        bits, first, end, bias, bias_column, n_pe, row_changes, one, state)
                    adder[p] += again
                    write[p] += later
    return changed, idle


@linked
def _gather(packed, addresses, begin, n, n_channels, width, out):
    """Write the bits of vectors ``begin`` to ``begin + n``: eight by eight at a time."""
    for position in range(addresses.shape[1]):
        for group in range(packed.shape[1]):
            first, channels = position * width + 8 * group, min(8, n_channels - 8 * group)
            for v in range(0, n, 8):
                word = at(0)
                for i in range(min(8, n - v)):
                    pixel = at(addresses[begin + v + i, position])
                    word |= at(packed[pixel, group]) << at(8 * i)
                word = _transposed(word)
                for i in range(channels):
                    out[first + i, v >> 3] = np.uint8((word >> at(8 * i)) & at(255))


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
def _ones(word):
    """How many bits of a word are one: four words at a time, as LLVM compiles it."""
    word = word - ((word >> at(1)) & at(0x5555555555555555))
    word = (word & at(0x3333333333333333)) + ((word >> at(2)) & at(0x3333333333333333))
    word = (word + (word >> at(4))) & at(0x0F0F0F0F0F0F0F0F)
    word = word + (word >> at(8))
    word = word + (word >> at(16))
    return np.int64((word + (word >> at(32))) & at(127))


@linked
def _ones_of(bits, column):
    found = 0
    for w in range(WORDS):
        found += _ones(bits[at(column), w])
    return found


@linked
def _ones_of_any(bits, columns, first, end):
    """Vectors that have one of the columns or more."""
    found = 0
    for w in range(WORDS):
        word = at(0)
        for i in range(first, end):
            word |= bits[at(columns[i]), w]
        found += _ones(word)
    return found


@linked
def _idle(bits, first, end, n_pe, row_changes):
    """Cycles after the scan in which PEs still work, if each column takes one slot: it is popped
    the cycle after its broadcast and worked on in the next, unless rows change meanwhile."""
    found = 0
    for w in range(WORDS):
        none, one = at(0), at(0)  # row changes behind the last broadcast
        if row_changes:
            none = bits[end - 1, w]
            for column in range(max(end - n_pe - 1, first), end - 1):
                one |= bits[column, w]
        else:
            for column in range(first, end):
                none |= bits[column, w]
        found += 2 * _ones(none) + _ones(one & ~none)
    return found


@linked
def _bypasses(bits, first, end, bias, bias_column, n_pe, row_changes, real, state):
    """Accumulators of one PE taken from stage 3 and from stage 4 (A3), where every PE has one row
    and a column one slot: entries in slots next to each other, and with one slot between them.

    ``state`` has the vectors with an entry in the slot before, and in the one before that.
    """
    state[:] = 0
    adder, write = 0, 0
    end = min(end, len(real))
    for place in range(first, end + bias):
        column = at(bias_column if place == end else place)
        weight = real[column] != 0
        for w in range(WORDS):
            active, near, far = bits[column, w], state[w], state[WORDS + w]
            if weight:
                adder += _ones(active & near)
                write += _ones(active & far & ~near)
                state[w] = near | active
            else:
                state[w] = near & ~active
            state[WORDS + w] = (near & active) | (far & ~active)
        if row_changes and (place + 1 - first) % n_pe == 0:
            for w in range(WORDS):
                kept, near, far = bits[column, w], state[w], state[WORDS + w]
                state[w] = near & kept
                state[WORDS + w] = (far & kept) | (near & ~kept)
    return adder, write


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
