"""Every published table and figure beside ours: what is within its tolerance, and what is not.

The cells outside are listed here with their distance, so that a change in either direction is seen.
"""

import re
from functools import cache
from itertools import pairwise

import pytest

from accelsim.papers import NAMES, reproduce
from accelsim.papers.bench import run

SEVEN = ("alex-6", "alex-7", "vgg-7", "vgg-8", "nt-we", "nt-wd", "nt-lstm")

# name -> (row, column) -> ours over published, seed 1; why is in the table itself.
OUTSIDE = {
    "eie-table2": {
        ("alex-8", "power"): 1.154, ("vgg-6", "power"): 1.179, ("vgg-8", "power"): 1.155,
        ("nt-wd", "power"): 0.805, ("nt-lstm", "power"): 0.850,
    },
    "eie-table5": {
        ("EIE 256 PE", "power"): 1.233, ("EIE 256 PE", "frames_per_energy"): 0.807,
    },
    "eie-table3": {("alex-8", "flop"): 0.922, ("nt-lstm", "flop"): 0.908},
    "eie-table4": {
        ("alex-8", "theoretical"): 0.828, ("alex-8", "actual"): 0.810,
        ("vgg-6", "theoretical"): 0.824, ("vgg-6", "actual"): 0.727,
    },
    "eie-fig6": {
        ("EIE", "alex-8"): 1.231, ("EIE", "vgg-6"): 1.375, ("EIE", "nt-we"): 1.289,
        ("EIE", "nt-lstm"): 1.170, ("EIE", "geomean"): 1.122,
    },
    "eie-fig7": {
        ("EIE", "vgg-6"): 1.166, ("EIE", "vgg-8"): 0.878, ("EIE", "nt-wd"): 1.375,
        ("EIE", "nt-lstm"): 1.317,
    },
    "eie-fig9": {("alex-8", "line_reads"): 0.979},
    "eie-fig11": {("nt-wd", "256"): 1.025},
    "deep-compression": {("fc7", "rate"): 1.143},
    "networks": {("fc8", "flop"): 1.024, ("conv1_1", "flop"): 0.867},
}
PRICED = ("eie-table5", "eie-fig7")  # their distances move with the energy model's data too
COMPARED = {
    "eie-table2": 32, "eie-table3": 45, "eie-table4": 47, "eie-table5": 12, "eie-fig6": 60,
    "eie-fig7": 10, "eie-fig8": 63, "eie-fig9": 18, "eie-fig11": 81, "eie-fig12": 81,
    "eie-fig13": 81, "deep-compression": 60, "ese": 26,
    "networks": 98, "inq": 0,
}


@cache
def result(name):
    return reproduce(name)


@pytest.mark.parametrize("name", NAMES)
def test_cells_outside_are_the_documented_ones(name):
    # The widths of least energy have a test of their own.
    tables = [table for table in result(name).tables if table.columns != ("least_at",)]
    assert sum(len(t.compared()) for t in tables) == COMPARED[name]
    outside = {(c.row, c.column): c for t in tables for c in t.outside()}
    assert set(outside) == set(OUTSIDE.get(name, {}))
    for at, cell in outside.items():
        slack = 0.05 if name in PRICED else 0.002
        assert cell.ratio == pytest.approx(OUTSIDE[name][at], abs=slack)
        assert len(cell.reason) > 20, "a cell outside needs its reason"


@pytest.mark.parametrize("layer", SEVEN)
def test_table_iv_within_10_and_12_percent(layer):
    table = result("eie-table4").tables[0]
    theoretical, actual = (table.cell(layer, column) for column in ("theoretical", "actual"))
    assert theoretical.ours == pytest.approx(theoretical.published, rel=0.10)
    assert actual.ours == pytest.approx(actual.published, rel=0.12)
    assert theoretical.within
    assert actual.within


def test_alex_8_agrees_at_the_densities_that_were_run():
    """The reason given for Alex-8, put to the test."""
    table = result("eie-table4").tables[0]
    for column, tolerance in (("theoretical", 0.10), ("actual", 0.12)):
        cell = table.cell("alex-8 as run", column)
        assert cell.ours == pytest.approx(table.cell("alex-8", column).published, rel=tolerance)


@pytest.mark.parametrize("name", ["eie-fig8", "eie-fig12", "eie-fig13"])
def test_percentages_within_2_points(name):
    for cell in result(name).tables[0].cells:
        assert cell.ours == pytest.approx(cell.published, abs=2), (cell.row, cell.column)


def test_speedups_within_2_points_of_the_ideal_but_for_one():
    far = {
        (cell.row, cell.column)
        for cell in result("eie-fig11").tables[0].cells
        if abs(cell.ours - cell.published) > 0.02 * int(cell.column)
    }
    assert far == {("nt-wd", "256")}


def test_line_reads_a_column_within_2_percent():
    for name in SEVEN + ("alex-8", "vgg-6"):
        cell = result("eie-fig9").tables[0].cell(name, "line_reads_per_column")
        assert cell.ours == pytest.approx(cell.published, rel=0.02)


def test_figures_of_one_pe_follow_the_closed_form_of_padding():
    """q**16 / (1 - q**16) padding entries a real one, for a long random column."""
    from accelsim.workload import published_layers

    table = result("eie-fig12").tables[0]
    for name in ("alex-6", "alex-7", "vgg-6", "vgg-7", "nt-wd"):
        q16 = (1 - published_layers()[name].weight_density) ** 16
        assert table.cell(name, "1").ours == pytest.approx(100 * (1 - q16), abs=0.5)


def test_wider_lines_are_read_less_often():
    table = result("eie-fig9").tables[1]
    assert table.columns == ("32", "64", "128", "256", "512")
    for row in table.rows:
        reads = [table.cell(row, width).ours for width in table.columns]
        assert reads == sorted(reads, reverse=True)
        # A line twice as wide saves at most half of the reads.
        assert all(2 * b >= a for a, b in pairwise(reads))


def test_chip_power_of_every_layer():
    table = result("eie-table2").tables[1]
    for name in table.rows:
        assert 0.45 <= table.cell(name, "power").ours <= 0.70
    outside = {cell.row: cell for cell in table.outside() if cell.column == "power"}
    assert list(outside) == ["alex-8", "vgg-6", "vgg-8", "nt-wd", "nt-lstm"]
    # Each reason's figures are those of the counters.
    for name, cell in outside.items():
        assert cell.reason
        own, home = activity(name), activity("alex-7")
        for quantity, pattern in (("pointers", r"([\d.]+) pointers read"),
                                  ("products", r"([\d.]+) products"),
                                  ("entries", r"([\d.]+) entries")):
            told = re.search(pattern + r".*?, alex-7 ([\d.]+)", cell.reason)
            if told:
                assert [float(text) for text in told.groups()] == pytest.approx(
                    [own[quantity], home[quantity]], abs=0.05 if quantity == "entries" else 0.005)


def activity(name):
    """Of a PE: pointers read and products a cycle, entries a line of SpMat."""
    counters = run(name).counters
    pe_cycles = counters.cycles * counters.n_pe
    pointers = counters.ptr_reads_even.sum() + counters.ptr_reads_odd.sum()
    return {"pointers": pointers / pe_cycles, "products": counters.macs.sum() / pe_cycles,
            "entries": counters.issued_entries.sum() / counters.spmat_line_reads.sum()}


def test_energy_of_reads_is_reads_times_energy():
    _, reads, each, total, least = result("eie-fig9").tables
    for memory in total.rows:
        energies = {w: total.cell(memory, w).ours for w in total.columns}
        for width, nj in energies.items():
            alexnet = reads.cell("AlexNet", width).ours
            assert nj == pytest.approx(alexnet * each.cell(memory, width).ours / 1000)
        cell = least.cell(memory, "least_at")
        assert cell.ours == int(min(energies, key=energies.get))
        assert cell.within == (cell.ours == 64)
        assert cell.within or "not fitted" in cell.verdict
    # CACTI's balance at 800 MHz: the published least, 64 bits, in the cells that Table II fits.
    assert least.cell("lstp, 800mhz", "least_at").within
    # The published axis ends at 225 pJ a read.
    assert each.cell("lstp, 800mhz", "512").ours == pytest.approx(225, rel=0.05)


def test_energy_of_a_64_bit_read_by_hand():
    """A 128 KB array of the table, and 64 bits of register at 0.166 pJ for 16."""
    with open("accelsim/energy/data/sram_45nm_800mhz_ed2.csv", encoding="utf-8") as file:
        rows = [line.split(",") for line in file if not line.startswith("#")]
    columns = [name.strip() for name in rows[0]]
    found = [
        dict(zip(columns, row, strict=True)) for row in rows[1:]
        if row[columns.index("device")] == "lstp"
    ]
    (array,) = (row for row in found if float(row["size_kb"]) == 128 and row["width_bits"] == "64")
    each = result("eie-fig9").tables[2].cell("lstp, 800mhz", "64").ours
    assert each == pytest.approx(float(array["read_pj"]) + 4 * 0.166, rel=1e-6)


def test_the_measured_cpu_row_is_there():
    table = result("eie-table4").tables[2]
    rows = [row for row in table.rows if row.startswith("this machine")]
    assert len(rows) == 2
    for layer in table.columns:
        assert all(table.cell(row, layer).ours > 1 for row in rows)
        # EIE beats any CPU of today by far, as published; a unit mistake would not.
        assert table.cell("EIE 64 PE, ours", layer).ours < min(
            table.cell(row, layer).ours for row in rows
        )


def test_another_seed_moves_table_iv_by_little():
    first, second = result("eie-table4").tables[0], reproduce("eie-table4", 2).tables[0]
    for cell in first.cells:
        other = second.cell(cell.row, cell.column).ours
        assert other != cell.ours
        # The count of non-zero activations varies by up to some percent.
        assert other == pytest.approx(cell.ours, rel=0.08)


@pytest.mark.parametrize(
    ("layer", "overrides"),
    [
        ("nt-we", {"empty_column_cycles": 0}),  # an empty column that costs nothing
        ("alex-8", {"act_queue_depth": 3}),  # half the queue
        ("vgg-7", {"index_bits": 5}),  # less padding: entries fall, and the balance with them
    ],
)
def test_the_figures_refute_other_machines(layer, overrides):
    """The tolerance of 2 points is no empty one."""
    from accelsim.papers.bench import run

    cell = result("eie-fig8").tables[0].cell(layer, "7")
    other = run(layer, **{"act_queue_depth": 7, **overrides})
    assert cell.within
    assert abs(100 * other.load_balance - cell.published) > 2
