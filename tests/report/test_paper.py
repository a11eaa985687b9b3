"""Figures for a paper: sizes, type, units, separators, legends, colours that mean one thing."""

from __future__ import annotations

import io
import itertools
import math
import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from accelsim.errors import InputError
from accelsim.papers import Cell, Comparison, Published
from accelsim.papers.figures import figure_of
from accelsim.papers.seeds import over_seeds
from accelsim.report import plots
from accelsim.report.meanings import LOOKS, SAME, SPARE, looks_of, meaning
from accelsim.report.paper import COLUMN, PAGE, log_axis, new_axes, tick, typeset, width_of
from accelsim.report.plots_pareto import label_apart
from accelsim.report.plots_style import draw_groups, write
from accelsim.report.quantities import axis_label, told

LAYERS = ("alex-6", "alex-7", "alex-8", "vgg-6", "vgg-7", "vgg-8", "nt-we", "nt-wd", "nt-lstm")
STATES = {"useful": 7e3, "padding": 2e3, "empty columns": 1e3, "starved": 900.0, "overhead": 50.0}


def figures(width: float) -> dict[str, Figure]:
    lines = {name: [100.0, 90.0, 50.0 + k] for k, name in enumerate(LAYERS)}
    return {
        "lines": plots.efficiency([1, 64, 256], lines, lines, width=width),
        "bars": plots.side_by_side(list(LAYERS), {"ours": [1.0] * 9, "published": [2e4] * 9},
                                   "Times", "time (us)", log=True, width=width),
        "stack": plots.energy_breakdown(dict.fromkeys(LAYERS, STATES), width=width),
        "one": plots.energy_breakdown({"alex-7": STATES}, width=width),
        "panels": plots.line_width_energy([32, 64], [4e5, 3e5], {"hp": [5, 7]}, width=width),
        "accuracy": plots.accuracy_energy({"a": (3, 98.5), "b": (2, 98.4)}, n_inputs=1000,
                                          width=width),
    }


@pytest.mark.parametrize("width", [COLUMN, PAGE])
@pytest.mark.parametrize("name", figures(PAGE))
def test_a_figure_is_as_wide_as_it_is_printed(name: str, width: float) -> None:
    """Nothing sticks out, the legend takes nothing of the width, and no title is inside."""
    figure = figures(width)[name]
    drawn = io.BytesIO()
    write(figure, drawn, "svg")
    points = re.search(rb'width="([\d.]+)pt"', drawn.getvalue())
    assert points is not None
    assert float(points[1]) == pytest.approx(72 * width)
    figure.draw_without_rendering()
    edge = figure.bbox.width
    for legend in figure.legends:
        box = legend.get_window_extent()
        assert -1 <= box.x0 < box.x1 <= edge + 1
        assert box.y1 <= min(axes.get_window_extent().y0 for axes in figure.axes)
    assert sum(axes.get_window_extent().width for axes in figure.axes[:1]) > (
        0.6 * edge if name != "panels" or width == COLUMN else 0.2 * edge)
    sizes = {text.get_fontsize() for text in figure.findobj(Text) if text.get_text().strip()}
    assert sizes <= {6.5, 7.0, 8.0}
    assert not any(axes.get_title() for axes in figure.axes)
    assert figure.get_label()


def test_the_title_is_kept_in_the_file() -> None:
    for kind, mark in (("svg", b"<dc:title>Load balance"), ("pdf", b"/Title (Load balance")):
        drawn = io.BytesIO()
        write(figures(COLUMN)["lines"], drawn, kind)
        assert mark in drawn.getvalue()


def test_units_are_typeset() -> None:
    assert typeset("time (us)") == "time (µs)"
    assert typeset("area (mm2)") == "area (mm²)"
    assert typeset("speedup (x)") == "speedup (×)"
    assert typeset("energy (pJ/us)") == "energy (pJ/µs)"
    assert typeset("us and them") == "us and them"
    _, axes = new_axes("", "area (mm2)", "time (us)")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("area (mm²)", "time (µs)")
    assert axis_label("energy_uj") == "energy (µJ)"
    assert axis_label("recipe.density") == "density"
    assert told("n_pe", 1024) == "1,024 PEs"
    assert told("spmat_width_bits", 64) == "spmat width 64 bits"


def test_numbers_have_separators() -> None:
    shown = [tick(v) for v in (0, 0.05, 12_500, 999_999, -3)]
    assert shown == ["0", "0.05", "12,500", "999,999", "−3"]
    assert tick(2e6) == r"$2 \times 10^{6}$"
    assert tick(1e-4) == "$10^{-4}$"
    _, axes = new_axes("", "", "")
    axes.plot([1, 2], [300, 40_000])
    log_axis(axes, "y")
    axes.figure.draw_without_rendering()
    assert "10,000" in [text.get_text() for text in axes.get_yticklabels()]


@pytest.mark.parametrize(("text", "inches"), [("column", 3.4), ("page", 7.0), ("5.5", 5.5)])
def test_a_width_has_a_name_or_inches(text: str, inches: float) -> None:
    assert width_of(text) == inches


@pytest.mark.parametrize("text", ["wide", "", "nan", "0.1", "1e9", "-3"])
def test_another_width_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="need column"):
        width_of(text)


def test_no_colour_has_two_meanings() -> None:
    colours = [look.colour.upper() for look in LOOKS.values()] + [own.upper() for own in SPARE]
    assert len(set(colours)) == len(colours)
    assert set(SAME.values()) <= set(LOOKS)
    assert not set(SAME) & set(LOOKS)


def test_a_name_looks_the_same_in_every_figure() -> None:
    """Whatever stands beside it, known or not."""
    assert looks_of(["x", "padding"])["padding"] == looks_of(["padding", "useful"])["padding"]
    assert looks_of(["mine"]) == {"mine": looks_of(["padding", "mine"])["mine"]}
    assert meaning("waiting: pointer fetch") == "pointer fetch"
    one, two = (plots.energy_breakdown({"a": parts}) for parts in (
        STATES, {"leakage": 3.0, "starved": 1.0, "useful": 2.0}))
    drawn = [{bars.get_label(): bars[0].get_facecolor() for bars in figure.axes[0].containers}
             for figure in (one, two)]
    assert drawn[0]["starved"] == drawn[1]["starved"] != drawn[0]["useful"]
    every = looks_of([f"own {k}" for k in range(len(SPARE))])
    assert len({look.colour for look in every.values()}) == len(SPARE)


def test_no_label_overprints_another_a_point_or_the_line() -> None:
    """40 designs on a front that are close to each other."""
    x = np.linspace(1, 1.2, 40)
    figure, axes = new_axes("", "area (mm2)", "time (us)", COLUMN)
    axes.plot(x, 1 / x, "o")
    lost = label_apart(figure, axes, x, 1 / x, [(f"{k} PEs", k) for k in range(40)], range(40))
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in axes.texts]
    assert len(boxes) + len(lost) == 40
    assert 4 <= len(boxes) < 40, "some fit, not all"
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    points = axes.transData.transform(np.column_stack([x, 1 / x]))
    assert not any(box.contains(*point) for box in boxes for point in points)
    frame = axes.get_window_extent()
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 + 3 for box in boxes)


def test_a_group_without_a_value_has_no_gap() -> None:
    _, axes = new_axes("", "", "")
    nan = math.nan
    series = {"ours": [1.0, nan], "published": [2.0, 3.0]}
    draw_groups(axes, ["both", "one"], series, looks_of(series), PAGE)
    ours, published = axes.containers
    assert ours[0].get_x() + ours[0].get_width() / 2 == pytest.approx(-0.2)
    assert published[1].get_x() + published[1].get_width() / 2 == pytest.approx(1)


def test_accuracy_says_what_it_was_measured_on() -> None:
    """0.1 point is one digit of 1,000: it fills no axis, and has its standard error."""
    (axes,) = figures(COLUMN)["accuracy"].axes
    low, high = axes.get_ylim()
    assert high - low >= 1.0
    assert axes.get_ylabel() == "accuracy of 1,000 inputs (%)"
    (bar, *_) = axes.containers
    (segment,) = bar.lines[2][0].get_segments()
    assert segment[1][1] - segment[0][1] == pytest.approx(
        2 * 100 * math.sqrt(0.985 * 0.015 / 1000))


def published(ours: float, assumes: tuple[str, ...] = ()) -> Published:
    cells = tuple(Cell("alex-6", str(n), "%", ours + n, 90.0) for n in (1, 64))
    return Published("eie-fig13", "T", (Comparison("t", "layer", "s", cells),), (), assumes)


def test_memories_without_limits_are_told_in_the_figure() -> None:
    figure = figure_of(published(1.0, ("memories without limits: 2 of 9 runs",)), COLUMN)
    (legend,) = figure.legends
    assert legend.get_title().get_text() == "memories without limits: 2 of 9 runs"


def test_published_tables_say_it_where_a_layer_does_not_fit() -> None:
    from accelsim.papers.bench import run, unlimited

    (told_of,) = unlimited(run(name) for name in ("alex-7", "vgg-6"))
    assert told_of == ("memories without limits: 1 of 2 runs exceed the published ones (vgg-6)")
    assert unlimited([run("alex-7")]) == ()


def test_bars_over_seeds_go_from_the_least_to_the_most() -> None:
    joined = over_seeds([published(50.0), published(80.0), published(53.0)])
    (cell, _) = joined.tables[0].cells
    assert (cell.ours, cell.low, cell.high) == (62.0, 51.0, 81.0)
    (axes,) = figure_of(joined).axes
    bar = axes.containers[0]
    assert bar.lines[2][0].get_segments()[0][:, 1].tolist() == [51.0, 81.0]
    assert "low" in next(iter(joined.records()))
    assert over_seeds([published(50.0)]) == published(50.0)
