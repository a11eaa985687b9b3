"""What EIE's format is, told once more in plain Python lists; shares no code with the package.

Straight from the paper and its authors' simulator (EIE, ISCA 2016, sec. III and IV): row i in
PE i mod N; per PE and column, every entry is the number of zeros before it and a weight code; a
run too long for its bits is broken by a padding entry (code 0, longest run) that stands for one
zero more than its run; counting starts again at each column; zeros after the last entry are not
stored; a bias is a column of its own at index ceil(inputs / N) * N.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Matrix = list[list[int]]  # rows of weight codes, 0 where nothing is stored


@dataclass
class OraclePe:
    """One PE: entries, and for each tile the address of each column's first entry and the end."""

    codes: list[int] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    pointers: list[list[int]] = field(default_factory=list)


def encode_column(column: list[int], index_bits: int) -> list[tuple[int, int]]:
    """(code, run) entries of one PE's part of one column."""
    longest = 2**index_bits - 1
    entries = []
    zeros = 0
    for code in column:
        if code == 0:
            zeros += 1
            continue
        while zeros > longest:
            entries.append((0, longest))
            zeros -= longest + 1
        entries.append((code, zeros))
        zeros = 0
    return entries


def decode_column(entries: list[tuple[int, int]], n_rows: int) -> list[int]:
    """Inverse of `encode_column`."""
    column = []
    for code, run in entries:
        column += [0] * run + [code]
    return column + [0] * (n_rows - len(column))


def image_columns(rows: Matrix, bias: list[int] | None, n_pe: int) -> Matrix:
    """The columns that the machine sees: the inputs', unused ones, the bias."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    if bias is None:
        return columns
    while len(columns) % n_pe:
        columns.append([0] * len(rows))
    return [*columns, list(bias)]


def encode(
    rows: Matrix,
    n_pe: int,
    index_bits: int,
    bias: list[int] | None = None,
    tile_rows: int | None = None,
) -> list[OraclePe]:
    """The memories of all PEs; ``tile_rows`` rows of each PE make a tile."""
    columns = image_columns(rows, bias, n_pe)
    most_rows = 0
    while most_rows * n_pe < len(rows):
        most_rows += 1
    depth = tile_rows or most_rows
    array = [OraclePe() for _ in range(n_pe)]
    for number, pe in enumerate(array):
        for first in range(0, most_rows, depth):
            pointers = []
            for column in columns:
                mine = column[number::n_pe]
                pointers.append(len(pe.codes))
                for code, run in encode_column(mine[first:first + depth], index_bits):
                    pe.codes.append(code)
                    pe.runs.append(run)
            pe.pointers.append([*pointers, len(pe.codes)])
    return array


def spmat_lines(
    codes: list[int], runs: list[int], weight_bits: int, index_bits: int, width_bits: int
) -> list[str]:
    """SRAM lines as binary text, highest bit first; the first entry stands at the right.

    An entry is {code, run} in Verilog's order: the code above the run (rtl/eie/spmat_read.v).
    """
    words = [
        format(code, f"0{weight_bits}b") + format(run, f"0{index_bits}b")
        for code, run in zip(codes, runs, strict=True)
    ]
    lines = []
    while words:
        line = ""
        while words and len(line) + len(words[0]) <= width_bits:
            line = words.pop(0) + line
        lines.append(line.rjust(width_bits, "0"))
    return lines


def flat_entries(sequence: list[int], index_bits: int) -> list[tuple[int, int]]:
    """(code, gap) entries of a whole flattened matrix, as Deep Compression stores it."""
    return encode_column(sequence, index_bits)
