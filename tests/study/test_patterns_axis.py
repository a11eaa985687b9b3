"""Sparsity patterns as an axis of a study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from accelsim import Recipe, compress, load_config, load_layer, simulate
from accelsim.errors import ConfigError
from accelsim.study import Results, Study, sweep
from accelsim.study.points import Plan
from accelsim.study.workloads import find_workloads


@pytest.fixture
def dense(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    np.savez(tmp_path / "dense.npz", w=rng.normal(size=(16, 24)).astype(np.float32))
    return tmp_path


def test_patterns_side_by_side(dense: Path) -> None:
    study = Study(
        workloads=["dense.npz"], activation_density=1.0, folder=dense,
        set={"recipe.density": 0.25, "recipe.n": 1, "recipe.m": 4, "capacity": "ignore"},
        axes={"n_pe": [2, 4], "recipe.pattern": ["unstructured", "load_balanced", "n_m", "row"]},
    )
    assert sweep(study, dense / "r.sqlite").failed == 0
    with Results(dense / "r.sqlite") as results:
        rows = {(row["recipe.pattern"], row["n_pe"]): row for row in results.rows()}
        assert set(results.varying()) == {"n_pe", "recipe.pattern", "recipe.n_pe"}
    assert len(rows) == 8
    layer = load_layer(dense / "dense.npz")
    magnitudes = np.abs(layer.weights)
    vector = find_workloads(study)[0].load().activations
    # By hand: each PE (rows p, p + n, ...) keeps the largest quarter of its own weights.
    for n_pe in (2, 4):
        kept = np.zeros_like(layer.weights)
        for pe in range(n_pe):
            own = magnitudes[pe::n_pe]
            limit = np.sort(own, axis=None)[-own.size // 4]
            kept[pe::n_pe] = np.where(own >= limit, layer.weights[pe::n_pe], 0)
        packed = compress(replace(layer, weights=kept, activations=vector), Recipe())
        result = simulate(load_config(n_pe=n_pe, capacity="ignore"), packed, vector)
        assert rows["load_balanced", n_pe]["cycles"] == result.cycles
        unstructured = compress(replace(layer, activations=vector), Recipe(density=0.25))
        result = simulate(load_config(n_pe=n_pe, capacity="ignore"), unstructured, vector)
        assert rows["unstructured", n_pe]["cycles"] == result.cycles


def test_a_balanced_layer_belongs_to_its_number_of_pes(dense: Path) -> None:
    study = Study(
        workloads=["dense.npz"], activation_density=1.0, folder=dense,
        set={"recipe.density": 0.25, "recipe.pattern": "load_balanced"},
        axes={"n_pe": [2, 4], "act_queue_depth": [1, 2]},
    )
    streams = list(Plan(study).streams())
    assert [stream.recipe["n_pe"] for stream in streams] == [2, 4]


def test_sparse_layers_have_no_pattern(tmp_path: Path) -> None:
    study = Study(workloads=["nt-we"], set={"recipe.pattern": "row", "recipe.density": 0.1})
    assert sweep(study, tmp_path / "r.sqlite").failed == 1
    with Results(tmp_path / "r.sqlite") as results:
        assert "needs dense weights" in next(results.rows())["error"]


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"recipe.pattern": "rows"}, "did you mean 'row'"), ({"recipe.n": 0}, "n is 0"),
     ({"recipe.n_bank": 2}, "did you mean 'recipe.n_banks'")],
)
def test_wrong_patterns_are_one_line(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Study(workloads=["nt-we"], set=settings)
