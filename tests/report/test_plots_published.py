"""Every published table has a figure, and the figure shows the table's numbers."""

import pytest

from accelsim.papers import NAMES, Cell, Comparison, Published
from accelsim.papers.figures import FIGURES, figure_of


def test_every_table_has_a_figure():
    assert set(FIGURES) == set(NAMES)


def table(rows, columns, title="T", tag="P"):
    """Ours is 1, 2, ...; published is ours + 100; the last cell is not published."""
    cells = [
        Cell(row, column, "us", float(n), None if n == len(rows) * len(columns) else n + 100.0,
             tag=tag)
        for n, (row, column) in enumerate(((r, c) for r in rows for c in columns), 1)
    ]
    return Comparison(title, "row", "a test", tuple(cells))


def test_speedup_is_told_as_efficiency():
    """As speedups nine lines lie on each other."""
    given = table(("alex-6", "nt-we"), ("1", "64"))
    axes = figure_of(Published("eie-fig11", "title", (given,))).axes[0]
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}
    assert drawn["alex-6"] == pytest.approx([100, 100 * 2 / 64])
    assert drawn["_alex-6, published"] == pytest.approx([100 * 101, 100 * 102 / 64])
    assert axes.get_ylabel() == "speedup / number of PEs (%)"


@pytest.mark.parametrize("name", ["eie-fig12", "eie-fig13"])
def test_lines_over_pes(name):
    given = table(("alex-6", "nt-we"), ("1", "64"))
    axes = figure_of(Published(name, "title", (given,))).axes[0]
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}
    assert drawn["alex-6"] == [1, 2]
    assert drawn["nt-we"] == [3, 4]
    assert drawn["_alex-6, published"] == [101, 102]


def test_the_legend_says_what_was_not_printed_in_a_paper():
    given = table(("alex-6",), ("1", "64"), tag="S")
    axes = figure_of(Published("eie-fig13", "title", (given,))).axes[0]
    (legend,) = axes.figure.legends
    legend = [text.get_text() for text in legend.get_texts()]
    assert legend == ["alex-6", "authors' simulator"]


def test_queue_depth_draws_both_tables():
    rings, depths = table(("alex-6",), ("1", "7")), table(("alex-6",), ("1", "8", "256"))
    axes = figure_of(Published("eie-fig8", "title", (rings, depths))).axes[0]
    drawn = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
             for line in axes.get_lines()}
    assert drawn["alex-6"] == ([1, 8, 256], [1, 2, 3])
    assert drawn["_alex-6, published"][0] == [1, 7]


@pytest.mark.parametrize(
    ("name", "columns"),
    [("eie-table4", ("theoretical", "actual")), ("ese", ("theoretical", "real"))],
)
def test_bars_beside_each_other(name, columns):
    axes = figure_of(Published(name, "title", (table(("p", "q"), columns),))).axes[0]
    drawn = {b.get_label(): [bar.get_height() for bar in b] for b in axes.containers}
    assert drawn[f"{columns[0]}, ours"] == [1, 3]
    assert drawn[f"{columns[0]}, published"] == [101, 103]
    assert drawn[f"{columns[1]}, published"][0] == 102


@pytest.mark.parametrize("name", ["eie-fig6", "eie-fig7"])
def test_platforms_over_layers(name):
    given = table(("CPU compressed", "EIE"), ("alex-6", "geomean"))
    axes = figure_of(Published(name, "title", (given,))).axes[0]
    drawn = {b.get_label(): [bar.get_height() for bar in b] for b in axes.containers}
    assert drawn["EIE, ours"] == [3, 4]
    assert drawn["CPU compressed, published"] == [101, 102]
    assert axes.get_yscale() == "log"


def test_line_width_takes_memories_made_for_800_mhz():
    counted = table(("alex-6",), ("line_reads",))
    reads = table(("alex-6", "AlexNet"), ("32", "64"))
    each = table(("lop, balanced", "lop, 800mhz"), ("32", "64"))
    figure = figure_of(Published("eie-fig9", "title", (counted, reads, each, each)))
    drawn = [{line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}
             for axes in figure.axes]
    assert drawn == [
        {"line reads": [0.003, 0.004]}, {"lop, 800mhz": [3, 4]}, {"lop, 800mhz": [0.009, 0.016]}
    ]
