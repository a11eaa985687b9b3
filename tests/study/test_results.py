"""Results files: rows and exports, designs and their Pareto front."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from accelsim.errors import AccelsimError, ConfigError, InputError
from accelsim.study import Condition, Results, load_study, pareto_front, sweep
from accelsim.study.designs import read_designs
from accelsim.study.export import frame, write_csv, write_parquet
from accelsim.study.pareto import pareto_mask
from tests.study.tiny import study_file


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    study = load_study(study_file(folder))
    sweep(study, folder / "r.sqlite")
    sweep(study.with_settings({"bypass": False, "n_pe": 4}), folder / "r.sqlite")
    return folder / "r.sqlite"


@pytest.mark.parametrize(
    ("texts", "count"),
    [
        ([], 32), (["n_pe=4"], 16), (["n_pe>=2"], 24), (["n_pe != 4"], 16), (["n_pe<2"], 8),
        (["workload=tiny.npz:a"], 16), (["bypass=false"], 8), (["bypass=true", "n_pe=4"], 8),
        (["recipe.init=linear"], 32), (["cycles>0", "seed=1"], 32), (["failed=true"], 0),
        (["version=0.0.0"], 0),
    ],
)
def test_conditions_select_rows(store: Path, texts: list[str], count: int) -> None:
    conditions = [Condition.parse(text) for text in texts]
    with Results(store) as results:
        assert results.count(conditions) == count
        assert len(list(results.rows(conditions))) == count
        assert len(list(results.rows(conditions, limit=3))) == min(count, 3)


def test_wrong_conditions_are_one_line(store: Path) -> None:
    with pytest.raises(ConfigError, match="need KEY=VALUE"):
        Condition.parse("n_pe")
    with Results(store) as results, pytest.raises(ConfigError, match="did you mean 'n_pe'"):
        results.count([Condition.parse("n_pee=1")])


def test_varying_parameters_are_named(store: Path) -> None:
    with Results(store) as results:
        assert set(results.varying()) == {"n_pe", "act_queue_depth", "spmat_width_bits", "bypass"}


def test_exports_agree(store: Path, tmp_path: Path) -> None:
    with Results(store) as results:
        rows = list(results.rows())
        text = io.StringIO()
        write_csv(results, text)
        assert write_parquet(results, tmp_path / "r.parquet") == 32
        table = frame(results)
    lines = list(csv.DictReader(io.StringIO(text.getvalue())))
    assert text.getvalue().count("\n") == 33
    # Files have no times, and the order of the points.
    kept = sorted(({k: v for k, v in row.items() if k != "wall_s"} for row in rows),
                  key=lambda row: row["point"])
    for row, line in zip(kept, lines, strict=True):
        assert {k: "" if v is None else str(v) for k, v in row.items()} == line
    assert parquet.read_table(tmp_path / "r.parquet").to_pylist() == kept
    assert list(table["cycles"]) == [row["cycles"] for row in rows]
    assert [p.name for p in tmp_path.iterdir()] == ["r.parquet"]


def test_a_parquet_file_that_cannot_be_written_is_one_line(store: Path, tmp_path: Path) -> None:
    with Results(store) as results, pytest.raises(InputError, match="cannot be written"):
        write_parquet(results, tmp_path / "none" / "r.parquet")


def test_plain_sqlite_sees_the_full_configuration(store: Path) -> None:
    with sqlite3.connect(store) as db:
        (text,) = db.execute(
            "SELECT config_json FROM results WHERE json_extract(config_json, '$.n_pe') = 2 LIMIT 1"
        ).fetchone()
    assert json.loads(text)["clock_mhz"] == 800.0


def test_designs_combine_their_layers(store: Path) -> None:
    with Results(store) as results:
        designs, left_out = read_designs(results, ["cycles", "load_balance"])
        rows = list(results.rows())
    assert (len(designs), left_out) == (16, 0)
    for design in designs:
        own = [r for r in rows if all(r[k] == design.settings[k] for k in
                                      ("n_pe", "act_queue_depth", "spmat_width_bits", "bypass"))]
        assert len(own) == 2
        assert design.metrics["cycles"] == sum(r["cycles"] for r in own)
        assert design.metrics["load_balance"] == pytest.approx(
            sum(r["load_balance"] for r in own) / 2
        )


def test_unfinished_designs_are_left_out(tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path))
    sweep(study, tmp_path / "r.sqlite", limit=16)  # all of the first layer, a part of the second
    with Results(tmp_path / "r.sqlite") as results:
        designs, left_out = read_designs(results, ["cycles"])
        assert (len(designs), left_out) == (4, 8)
        alone, _ = read_designs(results, ["cycles"], [Condition.parse("workload=tiny.npz:a")])
        assert len(alone) == 12


def test_the_front_is_best_first(store: Path) -> None:
    with Results(store) as results:
        front, compared, _ = pareto_front(results, ["cycles"], ["utilisation"])
    assert compared == 16
    cycles = [design.metrics["cycles"] for design in front]
    assert cycles == sorted(cycles)
    utilisation = [design.metrics["utilisation"] for design in front]
    assert utilisation == sorted(utilisation)


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [([], [], "at least one metric"), (["cycles"], ["cycles"], "named twice"),
     (["cycle"], [], "did you mean 'cycles'")],
)
def test_wrong_objectives_are_one_line(
    store: Path, low: list[str], high: list[str], says: str
) -> None:
    with Results(store) as results, pytest.raises(AccelsimError, match=says):
        pareto_front(results, low, high)


@given(st.integers(1, 4).flatmap(
    lambda k: arrays(np.int64, st.tuples(st.integers(0, 25), st.just(k)),
                     elements=st.integers(0, 4))))
def test_the_front_is_what_nothing_dominates(costs: np.ndarray) -> None:
    wanted = [
        not any(all(b <= a for a, b in zip(row, other, strict=True)) and list(row) != list(other)
                for other in costs)
        for row in costs
    ]
    assert pareto_mask(costs).tolist() == wanted
