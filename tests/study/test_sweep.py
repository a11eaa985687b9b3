"""Sweeps: a swept point is what simulate says of it; stored points are not run again."""

from __future__ import annotations

import itertools
import signal
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accelsim import Recipe, compress, load_config, load_layer, simulate
from accelsim.errors import AccelsimError, InputError
from accelsim.study import METRICS, Metric, Results, Study, load_study, run_study, sweep
from accelsim.study.estimate import estimate
from accelsim.study.metrics import metrics_of
from accelsim.study.sweep import Progress
from accelsim.study.workloads import find_workloads
from tests.study.tiny import AXES, study_file

# By hand from a result, beside the functions under test.
BY_HAND = {
    "cycles": lambda r: r.cycles,
    "time_us": lambda r: r.cycles / r.config.clock_mhz,
    "load_balance": lambda r: r.load_balance,
    "spmat_line_reads": lambda r: sum(r.counters.spmat_line_reads),
    "starved_share": lambda r: sum(r.counters.starved_cycles) / (r.cycles * r.config.n_pe),
    "energy_uj": lambda r: r.energy.total_uj,
    "energy_spmat_read_uj": lambda r: r.energy.modules_pj["spmat_read"] / 1e6,
    "power_w": lambda r: r.energy.total_uj / r.time_us,
    "area_mm2": lambda r: sum(r.energy.area_mm2.values()),
    "gops": lambda r: 2e-9 * r.operations["macs"] / (r.time_us * 1e-6),
}


def rows(store: Path) -> list[dict[str, Any]]:
    with Results(store) as results:
        return list(results.rows())


def contents(store: Path) -> list[dict[str, Any]]:
    """What must not depend on how a sweep ran."""
    found = [{k: v for k, v in row.items() if k != "wall_s"} for row in rows(store)]
    return sorted(found, key=lambda row: row["point"])


def test_a_swept_point_equals_simulate(tmp_path: Path) -> None:
    body = "[set]\nbypass = false\nempty_column_cycles = 0\n"
    study = load_study(study_file(tmp_path, body))
    sweep(study, tmp_path / "r.sqlite")
    activations = {w.name: w.load().activations for w in find_workloads(study)}
    found = {(r["workload"], *(r[key] for key in AXES)): r for r in rows(tmp_path / "r.sqlite")}
    assert len(found) == 24
    for name, *values in itertools.product("ab", *AXES.values()):
        packed = compress(load_layer(tmp_path / "tiny.npz", name), Recipe())
        config = load_config(
            bypass=False, empty_column_cycles=0, **dict(zip(AXES, values, strict=True))
        )
        for engine in ("fast", "reference"):
            vector = activations[f"tiny.npz:{name}"]
            result = simulate(config, packed, vector, engine)
            row = found[f"tiny.npz:{name}", *values]
            assert row["error"] is None
            for metric, by_hand in BY_HAND.items():
                assert row[metric] == pytest.approx(float(by_hand(result)), rel=1e-12), metric


def test_every_metric_is_a_share_or_positive(tmp_path: Path) -> None:
    sweep(study_file(tmp_path), tmp_path / "r.sqlite")
    shares = [name for name in metrics_of("eie") if name.endswith("_share")]
    for row in rows(tmp_path / "r.sqlite"):
        assert all(0 <= row[name] <= 1 for name in [*shares, "utilisation"])
        states = ("utilisation", "padding_share", "empty_column_share", "hazard_share",
                  "starved_share", "overhead_share")
        assert sum(row[name] for name in states) == pytest.approx(1)


def test_stored_points_are_not_run_again(tmp_path: Path) -> None:
    study, store = study_file(tmp_path), tmp_path / "r.sqlite"
    assert sweep(study, store, limit=7).done == 7
    before = {row["point"]: row["wall_s"] for row in rows(store)}
    second = sweep(study, store)
    assert (second.stored, second.done, second.total) == (7, 17, 24)
    after = {row["point"]: row["wall_s"] for row in rows(store)}
    assert all(after[point] == wall for point, wall in before.items())
    assert sweep(study, store).done == 0
    assert len(rows(store)) == 24


def test_a_changed_configuration_is_run(tmp_path: Path) -> None:
    study, store = load_study(study_file(tmp_path)), tmp_path / "r.sqlite"
    sweep(study, store)
    changed = study.with_settings({"clock_mhz": 400, "n_pe": [2, 8]})
    assert sweep(changed, store).done == 16
    assert len(rows(store)) == 40


def test_a_new_metric_is_added_to_stored_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, store = load_study(study_file(tmp_path)), tmp_path / "r.sqlite"
    sweep(study.model_copy(update={"metrics": ("cycles",)}), store)
    monkeypatch.setitem(
        METRICS, "n_macs", Metric("n_macs", "", "sum", lambda p: p.result.operations["macs"])
    )
    wider = study.model_copy(update={"metrics": ("cycles", "n_macs")})
    assert sweep(wider, store).done == 24
    assert all(row["n_macs"] is not None for row in rows(store))
    assert sweep(wider, store).done == 0


@pytest.mark.parametrize("how", [{"jobs": 2}, {"jobs": 2, "dask": "local"}])
def test_workers_give_what_one_process_gives(tmp_path: Path, how: dict[str, Any]) -> None:
    study = study_file(tmp_path, "[set]\nrecipe.threshold = 0.3\n")
    sweep(study, tmp_path / "here.sqlite")
    progress = sweep(study, tmp_path / "there.sqlite", **how)
    assert (progress.done, progress.failed) == (24, 0)
    # A layer that cannot be made, and points that cannot be built.
    broken = load_study(study).with_settings({"recipe.pattern": "row", "n_pe": [1, 2]})
    tight = load_study(study).with_settings({"spmat_kb": 0.02})
    for other in (broken, tight):
        sweep(other, tmp_path / "here.sqlite")
        assert sweep(other, tmp_path / "there.sqlite", **how).failed > 0
    assert contents(tmp_path / "there.sqlite") == contents(tmp_path / "here.sqlite")


def test_a_point_that_fails_is_a_row_and_the_sweep_goes_on(tmp_path: Path) -> None:
    body = "[set]\nspmat_kb = 0.02\n"  # 163 bits: 20 entries of 8 bits, or 16
    study = load_study(study_file(tmp_path, body)).with_settings({"spmat_width_bits": [8, 64]})
    progress = sweep(study, tmp_path / "r.sqlite")
    errors = [row["error"] for row in rows(tmp_path / "r.sqlite") if row["error"]]
    assert 0 < progress.failed == len(errors)
    assert progress.done == 24
    assert all("SpMat SRAM" in error and "\n" not in error for error in errors)
    assert sweep(study, tmp_path / "r.sqlite").done == 0
    retried = sweep(study, tmp_path / "r.sqlite", retry_failed=True)
    assert retried.done == retried.failed == len(errors)


def test_values_that_do_not_go_together_fail_as_rows(tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path)).with_settings(
        {"weight_bits": [4, 8], "n_pe": 2, "spmat_width_bits": [8, 64]}
    )
    sweep(study, tmp_path / "r.sqlite")
    found = rows(tmp_path / "r.sqlite")
    wide = [row for row in found if row["weight_bits"] == 8 and row["spmat_width_bits"] == 8]
    assert len(wide) == 4
    assert all("less than one entry" in row["error"] for row in wide)
    assert all(row["error"] is None for row in found if row not in wide)


def test_a_metric_without_a_value_fails_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METRICS, "nothing", Metric("nothing", "", "sum", lambda _: float("nan")))
    assert sweep(study_file(tmp_path), tmp_path / "r.sqlite").failed == 24
    assert all(row["error"] == "metric nothing is nan" for row in rows(tmp_path / "r.sqlite"))


def test_progress_counts_up_to_the_total(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def watch(progress: Progress) -> None:
        seen.append((progress.done, progress.total))

    sweep(study_file(tmp_path), tmp_path / "r.sqlite", on_progress=watch)
    assert seen == sorted(seen)
    assert seen[-1] == (24, 24)


def test_an_interrupt_stores_what_is_under_way_and_stops(tmp_path: Path) -> None:
    study, store = study_file(tmp_path), tmp_path / "r.sqlite"

    def press(progress: Progress) -> None:
        if progress.done == 4:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    stopped = sweep(study, store, on_progress=press)
    assert signal.getsignal(signal.SIGINT) is before
    assert stopped.interrupted
    assert 4 <= stopped.done < 24
    assert len(rows(store)) == stopped.done
    resumed = sweep(study, store)
    assert not resumed.interrupted
    assert resumed.done == 24 - stopped.done


def test_a_data_frame_has_the_points_of_this_study_alone(tmp_path: Path) -> None:
    study, store = load_study(study_file(tmp_path)), tmp_path / "r.sqlite"
    sweep(study.with_settings({"clock_mhz": 100}), store)
    found = run_study(study, store)
    assert len(found) == 24
    assert set(found["clock_mhz"]) == {800.0}
    grouped = found.groupby("n_pe")["cycles"].min()
    assert list(grouped.index) == [1, 2, 4]
    assert np.issubdtype(found["cycles"].dtype, np.integer)
    pointless = run_study(study)
    assert sorted(pointless["point"]) == sorted(found["point"])


def test_an_estimate_counts_and_leaves_the_store_alone(tmp_path: Path) -> None:
    study, store = study_file(tmp_path), tmp_path / "r.sqlite"
    first = estimate(study, store)
    assert (first.total, first.missing) == (24, 24)
    assert first.seconds > 0
    assert not store.exists()
    sweep(study, store, limit=5)
    with sqlite3.connect(store) as db:
        before = list(db.iterdump())
    assert estimate(study, store).missing == 19
    with sqlite3.connect(store) as db:
        assert list(db.iterdump()) == before
    sweep(study, store)
    assert estimate(study, store).probed == 0


def test_a_worker_of_another_version_ends_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accelsim.study.points.__version__", "99.0")
    with pytest.raises(InputError, match=r"this sweep 99\.0"):
        sweep(study_file(tmp_path), tmp_path / "r.sqlite")


def test_no_jobs_at_all_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(AccelsimError, match="jobs is 0"):
        sweep(Study(workloads=["nt-we"]), tmp_path / "r.sqlite", jobs=0)
