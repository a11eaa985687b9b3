"""Convolutions on the Verilog array: its own loops gather every vector (contract V1 to V7)."""

from __future__ import annotations

import numpy as np
import pytest

from accelsim import Conv2d, Recipe, compress
from accelsim.errors import InputError, UnsupportedError
from accelsim.machines import load_machine
from accelsim.machines.eie.rtl.gathering import gather_lines, place_maps, row_addresses
from accelsim.machines.eie.works import make_job
from accelsim.rtl_bridge import cosim, run_layers
from tests.rtl.bench import BUILDS, RTL, UNITS
from tests.rtl.conv_cases import FIRST, LONG, MACHINE, conv_case, conv_chain
from tests.rtl.conv_networks import chain_fault

PLAIN = FIRST | {"n": 1, "size": (3, 4), "group": (4, 5), "kernel": (2, 2), "bias": "column"}


def test_convolutions_and_layers_in_a_row_are_equal_in_every_cycle():
    """The second one reads the map that the first one left; ReLU and shift are on its way."""
    config, jobs = conv_chain()
    assert chain_fault(config, jobs) is None
    assert len(jobs[0][0].one.plan) == 6


@pytest.mark.parametrize("changed", [
    {"kernel": (1, 1), "geometry": {"groups": 1, "stride": 2}, "machine": MACHINE | {"n_pe": 4}},
    {"group": (1, 1), "geometry": {"groups": 7, "padding": 1},
     "machine": MACHINE | {"n_pe": 4, "bypass": False}},
    {"size": (1, 9), "kernel": (1, 3), "geometry": {"groups": 1, "padding": ((0, 0), (2, 3))},
     "machine": MACHINE | {"n_pe": 1, "accumulator_bits": 30, "regfile_depth": 64}},
    {"machine": MACHINE | {"n_pe": 2, "capacity": "stream"}},
    {"size": (2, 2), "geometry": {"groups": 1, "stride": 1, "padding": 0}},
], ids=["pointwise", "depthwise", "one row", "resident", "one pixel"])
def test_any_geometry_is_equal_in_every_cycle(changed):
    config, job = conv_case(PLAIN | changed)
    report = cosim(config, job, [RTL], BUILDS)
    assert report.equal, report.told
    assert report.energy_uj > 0


def walked(lines, steps):
    """Addresses that gather.v goes through by its host's writes: its manual in Python."""
    fields = np.zeros((9, 4), np.int64)
    for line in lines:
        _, _, _, address, value = line.split()
        fields[divmod(int(address, 16), 4)] = np.int32(np.uint32(int(value, 16)))
    index = np.zeros(7, np.int64)
    here = fields[7, 1:].copy()
    for _ in range(steps):
        address, x, y = here
        yield (address if 0 <= x < fields[8, 2] and 0 <= y < fields[8, 3]
               else fields[7, 0] + index[0])
        loop = next((i for i in range(7) if index[i] < fields[i, 0]), None)
        if loop is None:
            return
        index[:loop], index[loop] = 0, index[loop] + 1
        here += fields[loop, 1:]


@pytest.mark.parametrize("words", [FIRST, PLAIN, LONG], ids=["batches", "plain", "long"])
def test_the_loops_go_through_the_rows_of_every_vector(words):
    config, job = conv_case(words)
    place = place_maps(config, job)
    tiles = job.one.image.n_tiles
    rows = np.repeat(row_addresses(config, job, place), tiles, axis=0).ravel()
    got = list(walked(gather_lines(config, job, place), rows.size + 1))
    assert got == rows.tolist()


def test_a_wrong_address_is_told_by_its_cycle(tmp_path):
    text = UNITS["gather"].read_text()
    (tmp_path / "gather.v").write_text(text.replace("x_q < columns_q && ", ""))
    config, job = conv_case(PLAIN)
    report = cosim(config, job, [tmp_path, RTL], tmp_path)
    assert not report.equal
    assert "ccu.batch_addr: expected" in report.told


def test_what_cannot_follow_is_refused_by_name(tmp_path):
    config, jobs = conv_chain()
    (first, _), (second, chained), (layer, _), _ = jobs
    for wrong in ([(second, chained)], [(layer, None), (second, chained)],
                  [(second, None), (second, chained)], [(first, None), (layer, chained)]):
        with pytest.raises(InputError, match="give it inputs of its own"):
            run_layers(config, wrong, [RTL], tmp_path)
    with pytest.raises(UnsupportedError, match="runs on the whole array"):
        cosim(config, first, [RTL], tmp_path, pe=0)


@pytest.mark.parametrize("setting", [
    {"overlap": True}, {"row_change_cycles": 0}, {"empty_column_cycles": 0},
    {"capacity": "stream", "pointer_kb": 0.03125}, {"capacity": "ignore", "regfile_depth": 2},
])
def test_what_the_rtl_does_not_have_is_refused(setting, tmp_path):
    config, job = conv_case(PLAIN | {"machine": MACHINE | setting})
    with pytest.raises(UnsupportedError):
        cosim(load_machine("eie", **config.model_dump()), job, [RTL], tmp_path)


@pytest.mark.parametrize("lowering", ["shifted", "winograd", "pixels"])
def test_other_lowerings_are_refused_by_name(lowering, tmp_path):
    recipe = Recipe(winograd="before" if lowering == "winograd" else None)
    rng = np.random.default_rng(1)
    layer = Conv2d(rng.normal(size=(4, 6, 3, 3)), padding=1)
    config = load_machine("eie", **MACHINE | {"n_pe": 8, "regfile_depth": 64})
    job = make_job(config, compress(layer, recipe), rng.normal(size=(6, 4, 4)), lowering=lowering)
    with pytest.raises(UnsupportedError, match=f"by im2col, not by '{lowering}'"):
        cosim(config, job, [RTL], tmp_path)
