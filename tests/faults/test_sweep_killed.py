"""SIGKILL at random moments: after resuming, every point is stored once, as if nothing had been."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from dask import config

from accelsim.study import METRICS, Metric, load_study, sweep
from accelsim.study.cluster import LOCAL_SETTINGS
from accelsim.study.metrics import FinishedPoint
from accelsim.study.sweep import Progress
from tests.faults.sweeps import POINTS, contents, finish, slow_study, start, stored

MOMENTS = [0.1, 0.5, 0.9]  # shares of an undisturbed run; 20 random ones with -m slow
RANDOM = random.Random(20160618)
SLOW = [pytest.param(RANDOM.random(), marks=pytest.mark.slow) for _ in range(20)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], float]:
    """The rows of a run that nobody kills, and its seconds from start to end."""
    folder = tmp_path_factory.mktemp("undisturbed")
    study, store = slow_study(folder), folder / "r.sqlite"
    begin = time.perf_counter()
    assert finish(start(study, store, "--jobs", "2"))[0] == 0
    seconds = time.perf_counter() - begin
    rows = contents(store)
    assert len(rows) == POINTS
    assert all(row["error"] is None for row in rows)
    return rows, seconds


@pytest.mark.parametrize("share", [*MOMENTS, *SLOW])
def test_a_killed_sweep_resumes(
    tmp_path: Path, undisturbed: tuple[list[dict[str, Any]], float], share: float
) -> None:
    rows, seconds = undisturbed
    study, store = slow_study(tmp_path), tmp_path / "r.sqlite"
    process = start(study, store, "--jobs", "2")
    family = [process.pid]
    try:
        time.sleep(share * seconds)
        family += [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    finally:
        process.kill()
    status, _ = finish(process)
    assert status in (-signal.SIGKILL, 0)
    before = stored(store)
    assert_gone(family)
    code, errors = finish(start(study, store, "--jobs", "2"))
    assert code == 0, errors
    assert f"{before:,} were there" in errors
    assert contents(store) == rows
    with sqlite3.connect(store) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def assert_gone(pids: list[int]) -> None:
    """Workers end by themselves when the sweep has been killed."""
    deadline = time.monotonic() + 20
    while left := [pid for pid in pids if alive(pid)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.1)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def dies(pid: int, within_s: float = 10) -> bool:
    """Whether a process that was sent SIGKILL ends; the kernel takes a moment."""
    end = time.monotonic() + within_s
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


@pytest.fixture(scope="module")
def cluster() -> Any:
    from distributed import LocalCluster

    with (
        config.set(LOCAL_SETTINGS),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0",
                     silence_logs=50) as running,
    ):
        yield running


@pytest.mark.parametrize("share", [*MOMENTS[1:2], *SLOW])
def test_a_killed_dask_worker_loses_nothing(
    tmp_path: Path, undisturbed: tuple[list[dict[str, Any]], float], cluster: Any, share: float
) -> None:
    from distributed import Client

    rows, _ = undisturbed
    store = tmp_path / "r.sqlite"
    with Client(cluster) as client:
        victim = random.Random(share).choice(two_workers(client))
    # Some time after the first chunk; an undisturbed run works for about three seconds.
    killer = threading.Timer(share, os.kill, (victim, signal.SIGKILL))
    seen: list[int] = []

    def watch(progress: Progress) -> None:
        if not seen:
            killer.start()
        seen.append(progress.done)

    progress = sweep(slow_study(tmp_path), store, dask=cluster.scheduler_address,
                     on_progress=watch)
    killer.join()
    assert dies(victim)
    assert (progress.done, progress.failed) == (POINTS, 0)
    assert contents(store) == rows


def two_workers(client: Any) -> list[int]:
    """Both workers, once the one killed before has been replaced; a dead one does not answer."""
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up:
        found = client.run(os.getpid, on_error="ignore")
        if len(found) == 2 and all(psutil.pid_exists(pid) for pid in found.values()):
            return sorted(found.values())
        time.sleep(0.1)
    raise AssertionError(f"workers that answer: {found}")


def test_a_killed_local_worker_is_replaced(
    tmp_path: Path, undisturbed: tuple[list[dict[str, Any]], float]
) -> None:
    rows, _ = undisturbed
    killed: list[int] = []

    def watch(progress: Progress) -> None:
        left = [pid for pid in workers() if pid not in killed]
        if len(killed) < 2 and left:
            killed.append(left[0])
            os.kill(killed[-1], signal.SIGKILL)

    progress = sweep(slow_study(tmp_path), tmp_path / "r.sqlite", jobs=2, on_progress=watch)
    assert len(killed) == 2
    assert (progress.done, progress.failed) == (POINTS, 0)
    assert contents(tmp_path / "r.sqlite") == rows


def workers() -> list[int]:
    """Worker processes: children of the server that forks them."""
    family = psutil.Process().children(recursive=True)
    servers, found = set(), []
    for process in family:
        # Processes of a family that is being killed can vanish, or be zombies, meanwhile.
        with contextlib.suppress(psutil.Error):
            if "forkserver" in " ".join(process.cmdline()):
                servers.add(process.pid)
    for process in family:
        with contextlib.suppress(psutil.Error):
            if process.ppid() in servers and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def deadly(point: FinishedPoint) -> float:
    """Takes its process down for one of the points."""
    if point.config.n_pe == 3 and point.config.act_queue_depth == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return 1.0


@pytest.mark.parametrize(
    "how", [{"jobs": 2}, pytest.param({"jobs": 2, "dask": "local"}, marks=pytest.mark.slow)]
)
def test_a_point_that_kills_its_worker_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]
) -> None:
    monkeypatch.setitem(METRICS, "deadly", Metric("deadly", "", "sum", deadly))
    study = load_study(slow_study(tmp_path)).with_settings({"n_pe": [2, 3, 4]})
    progress = sweep(study, tmp_path / "r.sqlite", **how)
    rows = contents(tmp_path / "r.sqlite")
    assert len(rows) == progress.done == 96
    failed = [row for row in rows if row["error"] is not None]
    assert len(failed) == progress.failed == 4
    assert all("the worker died" in row["error"] for row in failed)
    assert {(row["n_pe"], row["act_queue_depth"]) for row in failed} == {(3, 5)}
