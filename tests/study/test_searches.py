"""Guided search and one-at-a-time sensitivity, against running every design."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.errors import AccelsimError
from accelsim.study import Objective, Results, explore, load_study, pareto_front, sensitivity, sweep
from accelsim.study.explore import Sampler, journal_path
from tests.study.tiny import study_file

GOALS = [Objective("cycles", "minimize"), Objective("utilisation", "maximize")]


@pytest.mark.parametrize("sampler", ["nsga2", "tpe"])
def test_a_search_finds_the_front_of_a_small_space(tmp_path: Path, sampler: Sampler) -> None:
    study = load_study(study_file(tmp_path)).with_settings({"spmat_width_bits": 64})
    found = explore(study, tmp_path / "e.sqlite", GOALS, trials=60, sampler=sampler)
    assert (found.trials, found.failed, found.interrupted) == (60, 0, False)
    sweep(study, tmp_path / "grid.sqlite")
    with Results(tmp_path / "grid.sqlite") as results:
        front, _, _ = pareto_front(results, ["cycles"], ["utilisation"])
    wanted = {tuple(design.metrics.values()) for design in front}
    assert {tuple(values) for _, values in found.best} == wanted
    with Results(tmp_path / "e.sqlite") as results:
        assert results.count() <= 12  # the space has six designs on two layers


def test_a_search_goes_on_where_it_was(tmp_path: Path) -> None:
    study, store = study_file(tmp_path), tmp_path / "e.sqlite"
    assert explore(study, store, GOALS, trials=5).trials == 5
    lines = journal_path(store).read_text()
    assert explore(study, store, GOALS, trials=5).trials == 5
    assert explore(study, store, GOALS, trials=12).trials == 12
    assert journal_path(store).read_text().startswith(lines)
    with pytest.raises(AccelsimError, match="name another results file"):
        explore(study, store, GOALS[:1], trials=5)


def test_designs_that_cannot_be_built_are_counted(tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path)).with_settings(
        {"weight_bits": [4, 8], "spmat_width_bits": [8, 64]}
    )
    found = explore(study, tmp_path / "e.sqlite", GOALS, trials=30)
    assert 0 < found.failed < 30
    assert all(d["weight_bits"] == 4 or d["spmat_width_bits"] == 64 for d, _ in found.best)


@pytest.mark.parametrize(
    ("goals", "trials", "says"),
    [([], 5, "at least one metric"), ([Objective("cycle", "minimize")], 5, "did you mean 'cycles'"),
     (GOALS, 0, "trials is 0")],
)
def test_wrong_searches_are_one_line(
    tmp_path: Path, goals: list[Objective], trials: int, says: str
) -> None:
    with pytest.raises(AccelsimError, match=says):
        explore(study_file(tmp_path), tmp_path / "e.sqlite", goals, trials=trials)


def test_sensitivity_is_the_difference_of_two_designs(tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path)).with_settings(
        {"act_queue_depth": [1, 2, 8, 16], "n_pe": [2, 4, 64], "bypass": [True, False]}
    )
    found = sensitivity(study, tmp_path / "s.sqlite", ["cycles", "utilisation"])
    steps = {(effect.parameter, effect.before, effect.after) for effect in found.effects}
    # Published: 64 PEs, queues of 8, lines of 64 bits, with bypass.
    assert steps == {
        ("act_queue_depth", 8, 2), ("act_queue_depth", 8, 16), ("n_pe", 64, 4),
        ("bypass", True, False), ("spmat_width_bits", 64, 32),
    }
    largest = [effect.largest for effect in found.effects]
    assert largest == sorted(largest, reverse=True)
    one = load_study(study_file(tmp_path)).with_settings({"spmat_width_bits": 64})
    sweep(one.with_settings({"act_queue_depth": 8, "n_pe": [4, 64]}), tmp_path / "r.sqlite")
    with Results(tmp_path / "r.sqlite") as results:
        cycles = {
            n: sum(row["cycles"] for row in results.rows() if row["n_pe"] == n) for n in (4, 64)
        }
    effect = next(e for e in found.effects if e.parameter == "n_pe")
    assert effect.change[0] == pytest.approx(cycles[4] / cycles[64] - 1)
    assert found.base[0] == cycles[64]


def test_a_step_that_cannot_be_built_says_so(tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path)).with_settings(
        {"weight_bits": [4, 8], "spmat_width_bits": 8, "n_pe": 2, "act_queue_depth": 8}
    )
    (effect,) = sensitivity(study, tmp_path / "s.sqlite", ["cycles"]).effects
    assert effect.change == (None,)
    assert "less than one entry" in str(effect.error)


def test_no_step_at_all_is_one_line(tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path))
    study = study.with_settings({key: axis.values[0] for key, axis in study.axes.items()})
    with pytest.raises(AccelsimError, match="no step to take"):
        sensitivity(study, tmp_path / "s.sqlite")
