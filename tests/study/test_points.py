"""The points of a study: each once, like ones together, identity by what determines a result."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accelsim.errors import InputError
from accelsim.study import Study
from accelsim.study.points import Plan, Point, point_digest
from tests.study.tiny import AXES, layer_file


def tiny(folder: Path, **values: Any) -> Study:
    layer_file(folder)
    whole: dict[str, Any] = {
        "workloads": ["tiny.npz"], "activation_density": 0.6, "axes": AXES, "folder": folder,
    }
    return Study(**(whole | values))


def points(plan: Plan) -> list[tuple[str, Point]]:
    return [
        (stream.workload.name, point) for stream in plan.streams() for group in stream.groups
        for point in group
    ]


def test_a_grid_has_every_combination_once(tmp_path: Path) -> None:
    plan = Plan(tiny(tmp_path))
    found = {
        (layer, *({**plan.base, **point.overrides}[key] for key in AXES))
        for layer, point in points(plan)
    }
    wanted = itertools.product(["tiny.npz:a", "tiny.npz:b"], *AXES.values())
    assert found == set(wanted)
    assert len(points(plan)) == len(plan) == 24
    assert len({point.digest for _, point in points(plan)}) == 24


def test_streams_can_be_read_side_by_side(tmp_path: Path) -> None:
    for sampling in ({}, {"sampling": "random", "n": 40}):
        plan = Plan(tiny(tmp_path, axes={**AXES, "weight_bits": [3, 4]}, **sampling))
        in_turn = sorted(point.digest for _, point in points(plan))
        streams = list(plan.streams())
        assert len(streams) == 4
        mixed = [
            point.digest for groups in itertools.zip_longest(*(s.groups for s in streams))
            for group in groups if group for point in group
        ]
        assert sorted(mixed) == in_turn


def test_points_of_one_image_and_of_one_line_width_are_together(tmp_path: Path) -> None:
    stream = next(Plan(tiny(tmp_path)).streams())
    for group in stream.groups:
        values = [{"n_pe": 64, "act_queue_depth": 8, "spmat_width_bits": 64} | p.overrides
                  for p in group]
        assert len({v["n_pe"] for v in values}) == 1
        assert [v["spmat_width_bits"] for v in values] == [32, 32, 64, 64]


def test_identity_is_what_determines_the_result(tmp_path: Path) -> None:
    base = {p.digest for _, p in points(Plan(tiny(tmp_path)))}

    def digests(**values: Any) -> set[bytes]:
        return {p.digest for _, p in points(Plan(tiny(tmp_path, **values)))}

    # The same machine said in another way, other metrics, another engine, another order.
    same = [
        {"set": {"clock_mhz": 800}}, {"set": {"recipe.init": "linear"}}, {"metrics": ["cycles"]},
        {"engine": "reference"}, {"workloads": ["tiny.npz:b", "tiny.npz:a"]},
        {"axes": dict(reversed(AXES.items()))},
    ]
    for values in same:
        assert digests(**values) == base, values
    changed = [
        {"set": {"clock_mhz": 801.0}}, {"set": {"recipe.density": 0.2}}, {"seed": 2},
        {"set": {"weight_bits": 3}}, {"set": {"bypass": False}}, {"activation_density": 0.5},
    ]
    for values in changed:
        assert not digests(**values) & base, values
    layer_file(tmp_path, seed=2)
    study = Study(workloads=["tiny.npz"], activation_density=0.6, axes=AXES, folder=tmp_path)
    assert not {p.digest for _, p in points(Plan(study))} & base


def test_the_version_is_part_of_the_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(tiny(tmp_path))
    before = point_digest(plan.base, plan.workloads[0], {})
    monkeypatch.setattr("accelsim.study.points.__version__", "99.0")
    assert point_digest(plan.base, plan.workloads[0], {}) != before
    other = replace(plan.workloads[0], digest="0")
    assert point_digest(plan.base, other, {}) != point_digest(plan.base, plan.workloads[0], {})


def test_the_recipe_follows_the_machines_widths(tmp_path: Path) -> None:
    plan = Plan(tiny(tmp_path, axes={"weight_bits": [3, 4], "recipe.density": [0.1, 0.2]}))
    recipes = [(s.recipe["weight_bits"], s.recipe["density"]) for s in plan.streams()]
    assert sorted(set(recipes)) == [(3, 0.1), (3, 0.2), (4, 0.1), (4, 0.2)]
    for stream in plan.streams():
        for group in stream.groups:
            bits = [p.overrides.get("weight_bits", 4) for p in group]
            assert bits == [stream.recipe["weight_bits"]]


@pytest.mark.parametrize("sampling", ["random", "sobol"])
def test_samples_are_distinct_and_repeatable(tmp_path: Path, sampling: str) -> None:
    axes = {"n_pe": {"from": 1, "to": 500}, "clock_mhz": {"from": 100.0, "to": 900.0}}
    plan = Plan(tiny(tmp_path, axes=axes, sampling=sampling, n=20))
    assert plan.n_designs == 20
    assert len({p.digest for _, p in points(plan)}) == len(plan) == 40
    again = Plan(tiny(tmp_path, axes=axes, sampling=sampling, n=20))
    assert points(again) == points(plan)
    other = Plan(tiny(tmp_path, axes=axes, sampling=sampling, n=20, seed=2))
    clocks = [[p.overrides["clock_mhz"] for _, p in points(q)] for q in (plan, other)]
    assert clocks[0] != clocks[1]
    assert all(100 <= clock < 900 for clock in clocks[0])


def test_sobol_points_fill_every_quarter(tmp_path: Path) -> None:
    axes = {"clock_mhz": {"from": 100.0, "to": 900.0}, "spmat_kb": {"from": 1.0, "to": 9.0}}
    plan = Plan(tiny(tmp_path, axes=axes, sampling="sobol", n=16))
    values = np.array([[p.overrides[key] for key in axes]
                       for _, p in points(plan)[:16]])
    quarter = (values - [100, 1]) // [200, 2]
    assert (np.bincount(quarter[:, 0].astype(int)) == 4).all()
    assert (np.bincount(quarter[:, 1].astype(int)) == 4).all()


def test_samples_of_a_small_space_are_fewer_than_asked_for(tmp_path: Path) -> None:
    plan = Plan(tiny(tmp_path, axes={"n_pe": [1, 2]}, sampling="random", n=50))
    assert plan.n_designs == 2


def test_workloads_are_found_or_named(tmp_path: Path) -> None:
    names = [w.name for w in Plan(tiny(tmp_path, workloads=["nt-we", "tiny.npz:b"])).workloads]
    assert names == ["nt-we", "tiny.npz:b"]
    for workloads, says in (
        (["nt-wee"], "did you mean 'nt-we'"), (["tiny.npz:c"], "no layer 'c'"),
        (["nt-we", "nt-we"], "named twice"), (["tiny.npz", "tiny.npz:a"], "named twice"),
    ):
        with pytest.raises(InputError, match=says):
            Plan(tiny(tmp_path, workloads=workloads))
    with pytest.raises(InputError, match="give activation_density"):
        Plan(tiny(tmp_path, activation_density=None))


def test_a_layer_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    workload = Plan(tiny(tmp_path)).workloads[0]
    assert workload.load().shape == (9, 12)
    layer_file(tmp_path, seed=2)
    with pytest.raises(InputError, match="has changed since the study began"):
        workload.load()
