"""What time is told from: counts, lines and edges, from the matrix and from the stored entries."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings

from accelsim.errors import InputError, UnsupportedError
from accelsim.formats import column_table
from accelsim.formats.column_table import EMPTY, NO_ROW, ONLY, PADDING
from accelsim.formats.entries import StoredEntries
from accelsim.machines import run_job
from tests.contracts.cases import cases, make_case
from tests.contracts.oracle_cycles import Machine


def slots_of(image, pe, tile, column):
    """The rows that a column's entries select, None for padding: read entry by entry."""
    memory = image.pe(pe)
    begin, end = memory.pointers[tile][column : column + 2].tolist()
    rows, row = [], -1
    for address in range(begin, end):
        row += int(memory.runs[address]) + 1
        rows.append(row if memory.codes[address] else None)
    return begin, rows


def fresh(case):
    """The case with an image that nothing has been read from yet."""
    return make_case(**case.words)


def from_arrays(image, **arrays):
    """The same image from its arrays, some of them replaced."""
    there = {name: getattr(image, name) for name in ("pointers", "pe_starts", "codes", "runs")}
    return replace(image, entries=StoredEntries(image.shape, **(there | arrays)))


def check_tables(image):
    for (tile, column, pe), n in np.ndenumerate(image.table.counts):
        begin, rows = slots_of(image, pe, tile, column)
        assert n == len(rows)
        assert image.table.starts[tile, column, pe] == begin
        assert image.table.padding[tile, column, pe] == rows.count(None)
        first, second, before_last, last = image.edges[tile, column, :, pe]
        assert [first, second] == [
            NO_ROW if i >= len(rows) or rows[i] is None else rows[i] for i in (0, 1)
        ]
        marks = [PADDING if row is None else row for row in rows]
        assert [before_last, last] == (
            [EMPTY, EMPTY] if not marks else [ONLY, *marks] if len(marks) == 1 else marks[-2:]
        )
        for per_line in (1, 3, 8):
            lines = image.table.lines(per_line)
            touched = {address // per_line for address in range(begin, begin + len(rows))}
            first, span = line_of(lines, tile, column, pe)
            assert span == len(touched)
            assert first == min(touched, default=begin // per_line)


def line_of(lines, tile, column, pe):
    """First line and span, whichever of its two forms the table has."""
    first = int(lines.first[tile, column, pe])
    if lines.spans is not None:
        return first, lines.spans[tile, column, pe]
    return first >> column_table.SPAN_BITS, first % (1 << column_table.SPAN_BITS)


def test_both_forms_of_line_tables_come_up():
    table = RUNS.job.image.table
    assert table.lines(8).first.dtype == np.uint16
    assert table.lines(8).spans is None
    long = make_case(7, 20, 40, 0.9, 0.6, False, "any", 15, {"n_pe": 1}).job.image.table
    assert long.lines(1).spans.shape == long.counts.shape


RUNS = make_case(7, 6, 300, 0.05, 0.6, True, "any", 15,
                 {"n_pe": 2, "index_bits": 2, "capacity": "ignore"})


@settings(max_examples=60)
@example(case=RUNS)
@given(case=cases(units="published"))
def test_tables_are_what_is_stored(case):
    built = fresh(case).job.image
    assert "encoded" not in vars(built.entries), "encoded when entries are first read"
    counted = built.edges
    assert "encoded" not in vars(built.entries), "time depends on counts and edges only"
    check_tables(built)
    stored = from_arrays(built)
    check_tables(stored)
    assert stored.edges.dtype == counted.dtype
    assert np.array_equal(stored.edges, counted)


def test_a_changed_image_is_what_runs():
    """The fast engine follows the entries that an image holds, not the layer it came from."""
    case = make_case(5, 12, 30, 0.5, 1.0, True, "any", 15, {"n_pe": 3, "capacity": "ignore"})
    image = case.job.image
    codes, runs = image.codes.copy(), image.runs.copy()
    codes[::3] = 0
    runs[image.pe_starts[:-1]] = 0
    changed = replace(case.job, image=from_arrays(image, codes=codes, runs=runs))
    machine = Machine(case.config, changed)
    result = run_job("fast", case.config, changed)
    assert result.counters.difference(machine.counters()) is None
    assert np.array_equal(result.outputs, machine.outputs())
    assert not np.array_equal(result.outputs, run_job("fast", case.config, case.job).outputs)


def test_what_is_too_long_is_refused_by_name(monkeypatch):
    case = make_case(5, 12, 30, 0.5, 1.0, True, "any", 15, {"n_pe": 3, "capacity": "ignore"})
    monkeypatch.setattr("accelsim.machines.eie.fast.pass_time._CYCLE_LIMIT", 100)
    with pytest.raises(UnsupportedError, match="engine 'fast'") as caught:
        run_job("fast", case.config, case.job)
    assert "\n" not in str(caught.value)


def test_too_many_entries_for_an_address(monkeypatch):
    monkeypatch.setattr(column_table, "_MOST_ENTRIES", 10)
    with pytest.raises(InputError, match="entries in one PE; use more PEs"):
        make_case(5, 12, 30, 0.5, 1.0, True, "any", 15, {"n_pe": 3, "capacity": "ignore"})


def test_line_tables_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(column_table, "_KEPT_LINE_BYTES", 1)
    table = make_case(5, 12, 30, 0.5, 1.0, True, "any", 15, {"n_pe": 3}).job.image.table
    first = table.lines(1)
    assert table.lines(1) is first
    for per_line in range(2, 6):
        table.lines(per_line)
    assert len(table._lines) == 1
