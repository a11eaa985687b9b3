"""Every figure, read back from its axes: the drawn data are the data given."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import accelsim
from accelsim.errors import InputError
from accelsim.report import plots
from accelsim.report.meanings import MARKERS, SPARE
from accelsim.workload import random_layer

N_PE = [1, 2, 4, 8]
SERIES = {"a": [1.0, 2.0, 3.9, 7.1], "b": [1.0, 1.8, 3.0, 4.0]}


@pytest.fixture(scope="module")
def results():
    config = accelsim.load_config("eie", n_pe=8, capacity="ignore")
    runs = []
    for seed, shape in enumerate([(64, 96), (40, 64)], 1):
        layer = random_layer(shape, 0.15, 0.5, seed, name=f"layer-{seed}")
        runs.append(accelsim.simulate(config, accelsim.compress(layer), layer.activations))
    return runs


def lines(axes):
    """Label to (x, y) of every line that holds data."""
    return {
        line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
        for line in axes.get_lines() if len(line.get_xdata())
    }


def bars(axes):
    """Label to lengths of every set of bars, standing or lying."""
    return {b.get_label(): [bar.get_width() if b.orientation == "horizontal" else bar.get_height()
                            for bar in b] for b in axes.containers}


def labelled(axes):
    return not axes.get_title() and (axes.get_ylabel() or axes.get_xlabel())


def test_cycle_breakdown(results):
    (axes,) = plots.cycle_breakdown(results).axes
    drawn = bars(axes)
    assert labelled(axes)
    assert set(drawn) <= set(results[0].counters.states())
    useful = [r.counters.macs.sum() / r.config.n_pe for r in results]
    assert drawn["useful"] == pytest.approx(useful)
    totals = np.sum(list(drawn.values()), axis=0)
    assert totals == pytest.approx([r.cycles for r in results])


def test_speedup():
    (axes,) = plots.speedup(N_PE, SERIES, {"b": [1.0, 1.9, 3.1, 4.2]}).axes
    drawn = lines(axes)
    assert drawn["ideal"] == (N_PE, N_PE)
    assert drawn["a"] == (N_PE, SERIES["a"])
    assert drawn["_b, published"] == (N_PE, [1.0, 1.9, 3.1, 4.2])
    assert "_a, published" not in drawn
    assert axes.get_xlabel() == "PEs"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "2", "4", "8"]


def test_efficiency():
    (axes,) = plots.efficiency(N_PE, SERIES, quantity="load balance").axes
    assert lines(axes) == {name: (N_PE, y) for name, y in SERIES.items()}
    assert axes.get_ylabel() == "load balance (%)"


def test_queue_depth():
    figure = plots.queue_depth(N_PE, SERIES, [1, 3], {"a": [60.0, 80.0]})
    drawn = lines(figure.axes[0])
    assert drawn["a"] == (N_PE, SERIES["a"])
    assert drawn["_a, published"] == ([1, 3], [60.0, 80.0])
    assert "(%)" in figure.axes[0].get_ylabel()


def test_line_width_energy():
    figure = plots.line_width_energy([32, 64], [4000, 3000], {"HP": [5.0, 7.0], "LOP": [3.0, 9.0]})
    reads, each, total = map(lines, figure.axes)
    assert reads["line reads"] == ([32, 64], [4.0, 3.0])
    assert each["HP"] == ([32, 64], [5.0, 7.0])
    assert total["HP"][1] == pytest.approx([20.0, 21.0])
    assert total["LOP"][1] == pytest.approx([12.0, 27.0])
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "reads (thousands)", "energy a read (pJ)", "energy of all reads (nJ)"
    ]


def test_energy_breakdown():
    (axes,) = plots.energy_breakdown(
        {"one": {"SpmatRead": 4.0, "leakage": 1.0}, "two": {"SpmatRead": 2.0, "ActRW": 3.0}}
    ).axes
    assert bars(axes) == {"SpmatRead": [4.0, 2.0], "leakage": [1.0, 0.0], "ActRW": [0.0, 3.0]}
    ends = [bar.get_x() + bar.get_width() for bar in axes.containers[-1]]
    assert ends == [5.0, 5.0]
    assert axes.get_xlabel() == "energy (nJ)"
    assert [text.get_text() for text in axes.texts] == ["5", "5"]


def test_storage_breakdown():
    (axes,) = plots.storage_breakdown(
        {"dense": {"weights": 80_000}, "EIE": {"weights": 8_000, "pointers": 4_000}}
    ).axes
    assert bars(axes) == {"weights": [10.0, 1.0], "pointers": [0.0, 0.5]}
    assert axes.get_xlabel() == "storage (KB)"


def test_accuracy_energy():
    (axes,) = plots.accuracy_energy({"16 bit": (3.0, 98.5), "8 bit": (1.0, 97.0)}).axes
    assert lines(axes) == {"16 bit": ([3.0], [98.5]), "8 bit": ([1.0], [97.0])}
    assert "(nJ)" in axes.get_xlabel()
    assert "(%)" in axes.get_ylabel()


def test_roofline(results):
    config = results[0].config
    (axes,) = plots.roofline(config, results, dram_gb_s=2.0).axes
    drawn = lines(axes)
    peak = 2 * 8 * 0.8
    for result in results:
        (x,), (y,) = drawn[result.name]
        counters = result.counters
        assert x == pytest.approx(2 * counters.macs.sum() / (8 * counters.spmat_line_reads.sum()))
        assert y == pytest.approx(2 * counters.macs.sum() / (result.cycles / 0.8))
        (x,), (y,) = drawn[f"_{result.name}, DRAM"]
        assert x == pytest.approx(2 * counters.macs.sum() / counters.issued_entries.sum())
        assert y == pytest.approx(min(peak, 2.0 * x))
    for name, slope in (("SRAM, 51 GB/s", 51.2), ("DRAM, 2 GB/s", 2.0)):
        x, y = map(np.array, drawn[name])
        assert y == pytest.approx(np.minimum(peak, slope * x))
        assert y[-1] == pytest.approx(peak)


def test_reached_never_exceeds_the_roofs(results):
    (axes,) = plots.roofline(results[0].config, results, dram_gb_s=2.0).axes
    drawn = lines(axes)
    for result in results:
        (x,), (y,) = drawn[result.name]
        assert y <= min(12.8, 51.2 * x)


def test_pareto_scatter():
    x, y, front = [3.0, 1.0, 2.0, 3.0], [1.0, 4.0, 2.0, 3.0], [True, True, True, False]
    (axes,) = plots.pareto_scatter(x, y, front, "time (us)", "area (mm2)", ["p", "", "r"]).axes
    assert lines(axes) == {"designs": ([3.0], [3.0]), "front": ([1.0, 2.0, 3.0], [4.0, 2.0, 1.0])}
    assert {(t.get_text(), *t.xy) for t in axes.texts} == {("p", 3, 1), ("r", 2, 2)}


def test_pareto_scatter_refuses_unequal_lengths():
    with pytest.raises(InputError, match="shapes"):
        plots.pareto_scatter([1.0], [1.0, 2.0], [True], "x", "y")


def test_pe_load_heatmap(results):
    axes = plots.pe_load_heatmap(results).axes[0]
    drawn = axes.get_images()[0].get_array()
    loads = np.array([r.counters.issued_entries for r in results])
    np.testing.assert_allclose(drawn, loads / loads.mean(axis=1, keepdims=True))
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["layer-1", "layer-2"]


def test_side_by_side():
    series = {"ours": [1.0, 2.0], "published": [1.5, float("nan")]}
    (axes,) = plots.side_by_side(["p", "q"], series, "Times", "time (us)", log=True).axes
    drawn = bars(axes)
    assert drawn["ours"] == [1.0, 2.0]
    assert drawn["published"][0] == 1.5
    assert np.isnan(drawn["published"][1])
    assert axes.get_yscale() == "log"
    # Bars of one group stand beside each other, centred on the name.
    first = [container[0] for container in axes.containers]
    assert first[0].get_x() + first[0].get_width() == pytest.approx(first[1].get_x())
    assert np.mean([bar.get_x() + bar.get_width() / 2 for bar in first]) == pytest.approx(0)


def test_bars_and_lines_can_be_told_apart_in_grey():
    assert len(set(MARKERS)) == len(MARKERS) >= 9
    assert len(set(SPARE)) == len(SPARE) == len(MARKERS)
    looks = {
        (round(float(np.dot(to_rgb(c), (0.299, 0.587, 0.114))), 1), hatch)
        for c, hatch in zip(plots.OKABE_ITO, plots.HATCHES, strict=True)
    }
    assert len(looks) == len(plots.OKABE_ITO)


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_save_writes_the_same_bytes_twice(tmp_path, results, ending):
    first, second = (
        plots.save(plots.cycle_breakdown(results), tmp_path / name / f"figure.{ending}")
        for name in ("one", "two")
    )
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size > 1000


def test_svg_is_drawn_as_paths(tmp_path):
    path = plots.save(plots.efficiency(N_PE, SERIES), tmp_path / "figure.svg")
    text = path.read_text()
    assert text.count("<path") > 10
    assert "<image" not in text


def test_cycle_breakdown_of_several_inputs_is_their_mean(results):
    """A demo's 50 digits were drawn as their sum, beside a table of means."""
    one, (axes,) = results[:1], plots.cycle_breakdown(results[:1], 50).axes
    total = np.sum(list(bars(axes).values()), axis=0)
    assert total == pytest.approx([one[0].cycles / 50])
    assert axes.get_xlabel() == "cycles, mean of 50 inputs"
