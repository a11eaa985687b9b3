"""The SRAM table and its interpolation."""

import csv
from itertools import pairwise
from pathlib import Path

import pytest

from accelsim.energy.sram import COLUMNS, DEVICES, GOALS, load_sram_table
from accelsim.errors import InputError

DATA = Path("accelsim/energy/data")


def rows(goal):
    text = (DATA / GOALS[goal]).read_text().splitlines()
    return list(csv.DictReader(line for line in text if not line.startswith("#")))


@pytest.mark.parametrize("goal", list(GOALS))
def test_table_points_are_given_back(goal):
    for row in rows(goal):
        point = load_sram_table(row["device"], goal).at(
            float(row["size_kb"]), int(row["width_bits"])
        )
        for column in COLUMNS:
            assert getattr(point, column) == pytest.approx(float(row[column]), rel=1e-9)
        assert not point.extrapolated


@pytest.mark.parametrize("device", DEVICES)
def test_between_points_lies_between_neighbours(device):
    table = load_sram_table(device)
    for low, high in pairwise((32, 64, 128)):
        a, b = table.at(128, low).read_pj, table.at(128, high).read_pj
        middle = table.at(128, (low * high) ** 0.5).read_pj
        assert middle == pytest.approx((a * b) ** 0.5)


def test_beyond_the_table_is_said():
    table = load_sram_table()
    assert table.at(2048, 64).extrapolated
    assert table.at(128, 1024).extrapolated
    assert table.at(0.25, 16).extrapolated
    assert not table.at(100, 48).extrapolated


def test_the_table_covers_the_stated_range():
    for goal in GOALS:
        found = {(r["device"], float(r["size_kb"]), int(r["width_bits"])) for r in rows(goal)}
        for device in DEVICES:
            for size in (2, 32, 128, 256):
                for width in (8, 16, 32, 64, 128, 256, 512):
                    assert (device, size, width) in found


@pytest.mark.parametrize("wrong", [("hpp", "800mhz"), ("hp", "fast")])
def test_unknown_names(wrong):
    with pytest.raises(InputError, match="is '"):
        load_sram_table(*wrong)


def test_sizes_must_be_positive():
    with pytest.raises(InputError, match="positive"):
        load_sram_table().at(0, 64)
