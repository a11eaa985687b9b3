"""Studies keep what cannot be built, and leave it out where they recommend."""

from __future__ import annotations

import csv
import io
import sqlite3
from pathlib import Path

import pytest

from accelsim.errors import InputError
from accelsim.study import (
    Condition,
    Objective,
    Results,
    explore,
    fronts,
    load_study,
    pareto_front,
    run_study,
    sweep,
)
from accelsim.study.export import write_csv
from tests.study.tiny import study_file

GOALS = ["time_us", "energy_uj"]


def stored(folder: Path, **settings: object) -> Path:
    axes = {"n_pe": [2, 4], "act_queue_depth": 8, "spmat_width_bits": 64, **settings}
    study = load_study(study_file(folder)).with_settings(axes)
    sweep(study, folder / "r.sqlite")
    return folder / "r.sqlite"


def test_a_clock_that_nothing_reaches_is_not_on_the_front(tmp_path: Path) -> None:
    """5 GHz in 45 nm: the fastest, and as cheap as any other."""
    with Results(stored(tmp_path, clock_mhz=[400, 800, 5000])) as results:
        found = fronts(results, GOALS)
        assert {design.settings["clock_mhz"] for design in found.designs} == {800}
        assert (len(found.every), len(found.infeasible), found.unknown) == (4, 2, 0)
        assert found.reasons["critical path"] == 2
        assert pareto_front(results, GOALS)[:2] == (found.designs, 4)
        every = fronts(results, GOALS, infeasible=True)
        assert 5000 in {design.settings["clock_mhz"] for design in every.designs}
        assert all(bool(design.limits) == (design.settings["clock_mhz"] == 5000)
                   for design in every.designs)
        assert results.count([Condition.parse("feasible=true")]) == 8
        rows = list(results.rows([Condition.parse("feasible=false")]))
        assert {row["clock_mhz"] for row in rows} == {5000}
        assert all("critical path: 1.15 ns, at most 0.2" in row["limits"] for row in rows)
        text = io.StringIO()
        write_csv(results, text)
    lines = list(csv.DictReader(io.StringIO(text.getvalue())))
    assert {line["feasible"] for line in lines if line["clock_mhz"] == "5000.0"} == {"False"}


def test_a_design_is_as_feasible_as_its_worst_layer(tmp_path: Path) -> None:
    """The first layer has 12 columns, the second 9: 13 pointers, and 10."""
    with Results(stored(tmp_path, capacity="ignore", pointer_kb=[24 / 1024, 26 / 1024])) as results:
        found = fronts(results, ["cycles"])
        assert found.reasons == {"pointer SRAM": 2}
        assert [design.limits[0].where for design in found.infeasible if design.limits] == ["a"] * 2
        assert results.count([Condition.parse("feasible=false")]) == 2


def test_nothing_that_can_be_built_is_one_line(tmp_path: Path) -> None:
    told = r"none of 2 designs can be built .*critical path 2"
    with Results(stored(tmp_path, clock_mhz=5000)) as results, pytest.raises(
            InputError, match=told):
        pareto_front(results, GOALS)


def test_a_search_finds_what_can_be_built(tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path)).with_settings(
        {"n_pe": [2, 4], "act_queue_depth": 8, "spmat_width_bits": 64,
         "clock_mhz": [400, 800, 5000]})
    goals = [Objective("time_us", "minimize")]
    found = explore(study, tmp_path / "e.sqlite", goals, trials=24)
    assert {design["clock_mhz"] for design, _ in found.best} == {800}
    assert found.failed == found.reasons["critical path"] > 0
    every = explore(study, tmp_path / "all.sqlite", goals, trials=24, infeasible=True)
    assert {design["clock_mhz"] for design, _ in every.best} == {5000}
    with pytest.raises(InputError, match="other axes or goals"):
        explore(study, tmp_path / "e.sqlite", goals, trials=30, infeasible=True)


def test_a_file_of_the_last_version_is_read_and_written(tmp_path: Path) -> None:
    store = stored(tmp_path)
    with sqlite3.connect(store) as db:
        db.execute("ALTER TABLE points DROP COLUMN limits")
    with Results(store) as results:
        found = fronts(results, GOALS)
        assert (len(found.every), found.unknown) == (2, 2)
        assert "feasible" not in results.columns
    study = load_study(tmp_path / "study.toml").with_settings(
        {"n_pe": [2, 4, 6], "act_queue_depth": 8, "spmat_width_bits": 64})
    sweep(study, store)
    with Results(store) as results:
        assert fronts(results, GOALS).unknown == 2


def test_frames_say_what_can_be_built(tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path)).with_settings({"clock_mhz": [800, 5000]})
    frame = run_study(study)
    assert (frame.feasible == (frame.clock_mhz == 800)).all()
