"""Names in pictures and pages are drawn as they are: no formula, no hidden label, valid XML."""

import io
import warnings
import xml.dom.minidom
from pathlib import Path

import numpy as np
import pytest

import accelsim
from accelsim.errors import InputError
from accelsim.report import html, plots
from accelsim.report.plots_style import picture_kind, plain, write

NAMES = ["a$b", "$x^$", r"$\frac$ b$", "_hidden", "[bold]", "new\nline", "\x1b[31mred", "😀",
         "漢字", "\u202eabc", "<b>&", "--", "a$b $end"]


@pytest.fixture(scope="module")
def results():
    config = accelsim.load_machine("eie", n_pe=4)
    rng = np.random.default_rng(0)
    weights = rng.random((8, 8)) * (rng.random((8, 8)) < 0.5)
    packed = [accelsim.compress(accelsim.Layer(weights, np.ones(8), name=n)) for n in NAMES]
    return [accelsim.simulate(config, layer, np.ones(8)) for layer in packed]


FIGURES = {
    "cycle_breakdown": plots.cycle_breakdown,
    "energy_breakdown": lambda r: plots.energy_breakdown({x.name: x.energy.modules_pj for x in r}),
    "roofline": lambda r: plots.roofline(r[0].config, r, 25.0),
    "pe_load_heatmap": plots.pe_load_heatmap,
    "speedup": lambda r: plots.speedup([1, 2], {name: [1, 2] for name in NAMES}),
    "side_by_side": lambda r: plots.side_by_side(NAMES, {n: [1.0] * 13 for n in NAMES},
                                                 NAMES[1], NAMES[2]),
    "pareto_scatter": lambda r: plots.pareto_scatter([1, 2], [2, 1], [True, True], NAMES[1],
                                                     NAMES[2], NAMES[:2]),
}


@pytest.mark.parametrize("figure", FIGURES)
def test_any_name_can_be_drawn(figure, results):
    drawn = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of glyphs that the font lacks
        write(FIGURES[figure](results), drawn, "svg", " ".join(NAMES))
    # The text of each label is kept beside its outlines.
    text = drawn.getvalue().decode()
    xml.dom.minidom.parseString(text)
    if figure != "pareto_scatter":
        assert "_hidden" in text.partition("</metadata>")[2]


def test_a_text_is_drawn_as_it_is():
    assert plain("a_b [x]") == "a_b [x]"
    assert plain("$x$") == r"\$x\$"
    assert plain("漢") == r"\u6f22"  # which the font of matplotlib lacks
    assert plain("é") == "é"
    assert plain("a\nb\x07") == "a\nb\\x07"


def test_two_layers_of_one_name_are_two_bars(results):
    figure = plots.cycle_breakdown([results[0], results[0]])
    assert len(figure.axes[0].get_yticklabels()) == 2
    assert {round(bar.get_y() + bar.get_height() / 2, 9) for bar in figure.axes[0].patches} == {
        0, 1}


def test_a_device_needs_no_ending(tmp_path):
    assert picture_kind(Path("/dev/null")) == "svg"
    with pytest.raises(InputError, match="ends in"):
        picture_kind(tmp_path / "picture")


def test_a_page_shows_text():
    page = html.table(["<i>"], [["<b>\x1b"], [float("inf")]])
    assert "&lt;b&gt;\\x1b" in page
    assert "&lt;i&gt;" in page
    assert ">-<" in page
