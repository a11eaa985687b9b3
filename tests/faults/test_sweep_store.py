"""A results file that cannot be written or read: one line, and nothing lost."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import signal
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from accelsim.study import Results, StoreError, sweep
from accelsim.study.schema import APPLICATION_ID, SCHEMA_VERSION, open_store
from tests.faults.sweeps import POINTS, contents, finish, slow_study, start, stored
from tests.study.tiny import study_file

NOBODY = 65534


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a sweep of 320 points."""
    folder = tmp_path_factory.mktemp("finished")
    study = slow_study(folder)
    study.write_text(study.read_text().replace('"reference"', '"fast"'))
    assert sweep(study, folder / "r.sqlite").done == POINTS
    return folder / "r.sqlite"


@pytest.mark.parametrize("limit_kb", [0, 20, 60, 100])
def test_a_full_disk_is_one_line_and_the_sweep_resumes(
    tmp_path: Path, finished: Path, limit_kb: int
) -> None:
    """RLIMIT_FSIZE: no file of the sweep may grow beyond the limit; writes fail from there on."""
    study, store = slow_study(tmp_path), tmp_path / "r.sqlite"

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_kb * 1024, limit_kb * 1024))

    code, errors = finish(start(study, store, "--jobs", "1", preexec_fn=small_files))
    assert code == 2
    assert errors.startswith(f"accelsim: error: {store}: cannot be written")
    assert "run the same command again" in errors
    assert errors.count("\n") == 1
    before = stored(store)
    assert before < POINTS
    code, errors = finish(start(study, store, "--jobs", "2"))
    assert code == 0, errors
    assert f"{before:,} were there" in errors
    assert contents(store) == contents(finished)


def test_a_disk_that_fills_up_between_batches_keeps_what_was_stored(
    tmp_path: Path, finished: Path
) -> None:
    """The limit comes down in the middle of a sweep, in this process."""
    study, store = slow_study(tmp_path), tmp_path / "r.sqlite"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    done: list[int] = []

    def fill(progress: object) -> None:
        done.append(stored(store))
        if len(done) == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))

    try:
        with pytest.raises(StoreError, match="what was stored before is safe"):
            sweep(study, store, on_progress=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert stored(store) == done[-1] > 0
    assert sweep(study, store).stored == done[-1]
    assert contents(store) == contents(finished)


def test_a_locked_store_is_one_line(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accelsim.study.schema.BUSY_SECONDS", 0.2)
    store = tmp_path / "r.sqlite"
    shutil.copy(finished, store)
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"r\.sqlite: locked by another program") as caught:
            sweep(slow_study(tmp_path), store)
        assert "\n" not in str(caught.value)
        assert stored(store) == POINTS  # reading goes on
        other.execute("ROLLBACK")
    assert contents(store) == contents(finished)


def test_two_sweeps_into_one_store_keep_every_point_once(tmp_path: Path, finished: Path) -> None:
    study, store = slow_study(tmp_path), tmp_path / "r.sqlite"
    both = [start(study, store, "--jobs", "1") for _ in range(2)]
    for process in both:
        code, errors = finish(process)
        assert code == 0, errors
    assert contents(store) == contents(finished)


def test_many_open_a_new_store_at_the_same_moment(tmp_path: Path) -> None:
    """Turning a file to WAL fails at once, not after a wait, when another does the same."""
    fork = multiprocessing.get_context("fork")
    at_once = fork.Barrier(4)
    openers = [fork.Process(target=open_stores, args=(tmp_path, at_once)) for _ in range(4)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert [opener.exitcode for opener in openers] == [0] * 4


def open_stores(folder: Path, at_once: Barrier) -> None:
    for number in range(100):
        at_once.wait(60)
        open_store(folder / f"{number}.sqlite").close()


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path, finished: Path) -> None:
    store = tmp_path / "r.sqlite"
    shutil.copy(finished, store)
    with closing(sqlite3.connect(store)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = store.read_bytes()
    with pytest.raises(StoreError, match="use a newer accelsim"):
        sweep(slow_study(tmp_path), store)
    with pytest.raises(StoreError, match="use a newer accelsim"):
        Results(store)
    assert store.read_bytes() == before


def test_something_else_is_never_written_to(tmp_path: Path, finished: Path) -> None:
    text, database = tmp_path / "text.sqlite", tmp_path / "other.sqlite"
    text.write_text("not a database, however long this text is\n" * 100)
    with closing(sqlite3.connect(database)) as db:
        db.execute("CREATE TABLE mine (id INTEGER)")
    strange = tmp_path / "strange.sqlite"
    with closing(sqlite3.connect(strange)) as db:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("CREATE TABLE points (id INTEGER)")
    truncated = tmp_path / "cut.sqlite"
    truncated.write_bytes(finished.read_bytes()[:20_000])
    for path, says in (
        (text, "not a results file"), (database, "database of another program"),
        (strange, "database of another program"), (truncated, "not a results file, or damaged"),
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "r.sqlite", "the folder must exist"),
    ):
        before = path.read_bytes() if path.is_file() else None
        with pytest.raises(StoreError, match=says) as caught:
            sweep(study_file(tmp_path), path)
        assert "\n" not in str(caught.value)
        assert before == (path.read_bytes() if path.is_file() else None)
    assert not (tmp_path / "none").exists()


@contextmanager
def unprivileged() -> Iterator[None]:
    """File permissions do not hold for root, so be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only(tmp_path: Path, finished: Path) -> Iterator[Path]:
    """A folder with results in which nothing can be written."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH | stat.S_IROTH)
    folder = tmp_path / "shelf"
    folder.mkdir()
    shutil.copy(finished, folder / "r.sqlite")
    (folder / "r.sqlite").chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


def test_a_read_only_folder_is_one_line(tmp_path: Path, read_only: Path) -> None:
    study = slow_study(tmp_path)
    before = (read_only / "r.sqlite").read_bytes()
    with unprivileged():
        with pytest.raises(StoreError, match="must exist and be writable"):
            sweep(study, read_only / "new.sqlite")
        with pytest.raises(StoreError, match="give a file that you may write"):
            sweep(study, read_only / "r.sqlite")
        assert stored(read_only / "r.sqlite") == POINTS  # reading needs no writing
    assert (read_only / "r.sqlite").read_bytes() == before
    assert [path.name for path in read_only.iterdir()] == ["r.sqlite"]


@pytest.mark.parametrize("how", [["--jobs", "1"], ["--jobs", "2"], ["--dask", "local"]])
def test_ctrl_c_ends_cleanly_and_says_how_to_resume(
    tmp_path: Path, finished: Path, how: list[str]
) -> None:
    study, store = slow_study(tmp_path), tmp_path / "r.sqlite"
    process = start(study, store, *how)
    while stored(store) == 0:
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
    code, errors = finish(process)
    assert code == 130
    assert errors.startswith(f"accelsim: {store}: ")
    assert errors.endswith("run the same command again to resume\n")
    # What the points worked out so far have lost is told between the two.
    lines = errors.splitlines()
    assert all(line.startswith("accelsim: warning: b: biases moved") for line in lines[1:-1])
    assert len(lines) <= 3
    before = stored(store)
    assert 0 < before < POINTS
    assert finish(start(study, store, "--jobs", "2"))[0] == 0
    assert contents(store) == contents(finished)
