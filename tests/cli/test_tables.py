"""Tables in any width: numbers whole or left out by name, names cut in the middle but not alike."""

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from accelsim.cli.tables import GAP, Grid, cell_text, shortened

NAMES = st.text(st.sampled_from("ab/._[]é漢"), min_size=1, max_size=40)
NUMBERS = st.one_of(st.integers(0, 10**9), st.floats(0, 1e9))


@st.composite
def tables(draw):
    n = draw(st.integers(1, 10))
    heads = [f"metric_{k}" for k in range(n)]
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    return heads, [[name, *draw(st.lists(NUMBERS, min_size=n, max_size=n))] for name in names]


@given(table=tables(), width=st.integers(20, 200))
def test_numbers_are_whole_or_left_out_by_name(table, width):
    heads, rows = table
    lines = list(Grid("t", ["layer", *heads], rows).lines(width))
    text = "\n".join(lines)
    left_out = re.findall(r"metric_\d+", text.partition("left out")[2])
    told = text.partition("left out")[0].split()
    for at, head in enumerate(heads):
        values = [cell_text(row[at + 1]) for row in rows]
        if head not in left_out:
            assert all(value in told for value in values), head
    assert len(left_out) < len(heads) or width < 40
    # Wider than asked only where one column and the names alone are.
    assert all(cell_len(line) <= width for line in lines) or len(left_out) == len(heads) \
        or width < 40


@given(names=st.lists(NAMES, min_size=2, max_size=8, unique=True), width=st.integers(40, 60))
def test_names_stay_apart(names, width):
    lines = list(Grid("t", ["layer", "cycles"], [[name, 1] for name in names]).lines(width))
    rows = [line for line in lines[3:] if line]
    assert len(set(rows)) == len(names)


@given(text=NAMES, width=st.integers(4, 50))
def test_the_middle_is_cut(text, width):
    short = shortened(text, width)
    assert cell_len(short) <= width
    if short != text:
        front, back = short.split("..") if short.count("..") == 1 else (short[0], short[-1])
        assert text.startswith(front)
        assert text.endswith(back)


def test_one_row_is_turned():
    heads = [f"parameter_{k}" for k in range(30)]
    lines = list(Grid("t", heads, [[1000 * k for k in range(30)]]).lines(40))
    assert [line.split() for line in lines] == [
        [head, f"{1000 * k:,}"] for k, head in enumerate(heads)]


def test_sentences_are_wrapped_at_spaces():
    lines = list(Grid("t", ["key", "meaning"], [["n_pe", "a sentence of 12.5 or 1,000,000 words"]])
                 .lines(30))
    assert all(cell_len(line) <= 30 for line in lines)
    assert {"12.5", "1,000,000"} <= set(" ".join(lines).split())


def test_columns_that_are_kept_are_not_left_out():
    rows = [[f"layer {k}", *[1234567] * 9, f"it failed {k}"] for k in range(20)]
    heads = ["layer", *"abcdefghi", "error"]
    text = "\n".join(Grid("t", heads, rows, keep=["error"]).lines(60))
    assert "it failed 7" in text
    assert "left out, for want of width: c, d, e, f, g, h, i" in text
    assert GAP == 3


def test_markup_and_control_characters_are_text():
    console = Console(width=80, markup=False, emoji=False, record=True, file=open_nowhere())
    console.print(Grid("[bold] t", ["[/a]"], [["x[/relu]\x1b[31m\n:b:"]]))
    shown = console.export_text()
    assert "[bold] t" in shown
    assert "[/a]" in shown
    assert r"x[/relu]\x1b[31m\n:b:" in shown


def open_nowhere():
    import io

    return io.StringIO()


def test_what_has_no_value_is_a_dash():
    assert [cell_text(value) for value in (None, float("inf"), float("nan"), 0.5, 12345, True)] == [
        "-", "-", "-", "0.5", "12,345", "True"]
