"""The published numbers agree with one another: sums, products and ratios that the papers imply."""

import math

import pytest

from accelsim.papers.comparison import Cell, Tolerance
from accelsim.papers.facts import grids
from accelsim.workload import published_layers


def test_every_grid_has_source_tag_and_known_reasons():
    assert len(grids()) >= 18
    for name, grid in grids().items():
        assert grid.source, name
        assert grid.tag in ("P", "R", "D", "S") or not grid.rows, name
        cells = {f"{row}/{column}" for row in grid.rows for column in grid.columns}
        known = cells | set(grid.rows) | set(grid.columns)
        assert set(grid.reasons) <= known, name
        assert set(grid.tolerances) <= known, name


def test_table_ii_adds_up():
    grid = grids()["eie-table2"]
    for column, slack in (("power_mw", 0.002), ("area_um2", 1)):
        total = grid.value("total", column)
        for parts in (
            ("Act_queue", "PtrRead", "SpmatRead", "ArithmUnit", "ActRW"),
            ("memory", "clock network", "register", "combinational"),
        ):
            filler = grid.value("filler cell", column) if column == "area_um2" else 0
            assert sum(grid.value(part, column) for part in parts) + filler == pytest.approx(
                total, abs=slack
            )
    chip = grids()["eie-table5"]
    assert 64 * grid.value("total", "power_mw") / 1000 == pytest.approx(
        chip.value("EIE 64 PE", "power"), rel=0.01
    )
    assert 64 * grid.value("total", "area_um2") / 1e6 == pytest.approx(
        chip.value("EIE 64 PE", "area"), rel=0.01
    )


def test_table_iii_is_what_the_layers_are_drawn_from():
    grid = grids()["eie-table3"]
    assert list(grid.rows) == list(published_layers())
    for name, row in published_layers().items():
        assert grid.value(name, "inputs") == row.n_inputs
        assert grid.value(name, "outputs") == row.n_outputs
        assert grid.value(name, "weight_density") == pytest.approx(100 * row.weight_density)
        assert grid.value(name, "activation_density") == pytest.approx(
            100 * row.activation_density
        )


def test_table_v_is_table_iv_s_alex_7():
    frames = grids()["eie-table5"].column("frames")
    assert frames["EIE 64 PE"] == pytest.approx(1e6 / 12.2, abs=1)
    assert frames["EIE 256 PE"] == pytest.approx(5.2 * frames["EIE 64 PE"], rel=1e-4)
    for name, energy in grids()["eie-table5"].column("frames_per_energy").items():
        power = grids()["eie-table5"].value(name, "power")
        assert energy == pytest.approx(frames[name] / power, rel=0.03), name


@pytest.mark.parametrize("figure", ["eie-fig6", "eie-fig7"])
def test_geometric_means_of_the_labels(figure):
    grid = grids()[figure]
    for row, values in grid.rows.items():
        mean = math.exp(sum(math.log(v) for v in values[:-1]) / 9)
        # Labels below ten are rounded to whole numbers.
        assert values[-1] == pytest.approx(mean, rel=0.02, abs=0.5), row


def test_simulator_figures_agree_where_they_meet():
    """Depth 7 of Fig. 8 is 64 PEs of Fig. 13, and theoretical over actual time."""
    for name in published_layers():
        at_depth = grids()["eie-fig8"].value(name, "7")
        at_pes = grids()["eie-fig13"].value(name, "64")
        times = grids()["eie-simulator"]
        balance = 100 * times.value(name, "theoretical") / times.value(name, "actual")
        assert at_depth == at_pes == times.value(name, "load_balance")
        assert balance == pytest.approx(at_depth, abs=0.15)


@pytest.mark.parametrize("network", ["lenet-300-100", "lenet-5", "alexnet", "vgg-16"])
def test_deep_compression_rows_add_up(network):
    grid = grids()[f"deep-compression-{network}"]
    layers = [row for row in grid.rows if row != "total"]
    weights = [grid.value(row, "weights") for row in layers]
    assert sum(weights) == grid.value("total", "weights")
    for column in ("kept", "rate", "rate_huffman"):
        mean = sum(w * grid.value(row, column) for w, row in zip(weights, layers, strict=True))
        # The papers' own totals are up to 8 % off the sum of the rounded rows.
        assert grid.value("total", column) == pytest.approx(mean / sum(weights), rel=0.09)


def test_ese_adds_up():
    grid = grids()["ese"]
    theoretical = grid.column("theoretical")
    total = theoretical.pop("total")
    assert sum(theoretical.values()) == pytest.approx(total, abs=0.1)


@pytest.mark.parametrize(
    ("ours", "published", "tolerance", "within"),
    [
        (110.0, 100.0, "10 %", True), (110.1, 100.0, "10 %", False), (89.9, 100.0, "10 %", False),
        (98.0, 100.0, "2", True), (102.1, 100.0, "2", False), (0.3, 0.1, "0.2", True),
        (5.0, 5.0, "", None), (None, 5.0, "1", None), (5.0, None, "1", None),
    ],
)
def test_verdicts(ours, published, tolerance, within):
    cell = Cell("row", "column", "us", ours, published, Tolerance.parse(tolerance), reason="why")
    assert cell.within is within
    assert cell.verdict.startswith({True: "within", False: "outside", None: ""}[within])
    assert ("why" in cell.verdict) == (within is False)


@pytest.mark.parametrize("text", ["ten %", "2 us", "%"])
def test_a_tolerance_that_is_none_is_refused(text):
    from accelsim.errors import ConfigError

    with pytest.raises(ConfigError, match="need '10 %'"):
        Tolerance.parse(text)
