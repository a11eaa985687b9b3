"""Run a study: every point that is not stored yet, resumable at any moment."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from accelsim.errors import AccelsimError, InputError
from accelsim.records import Loss
from accelsim.records.losses import told_once
from accelsim.study.definition import Study, load_study
from accelsim.study.points import Plan
from accelsim.study.source import Source
from accelsim.study.store import Store
from accelsim.study.workers import Done, Take, in_process, local_processes


@dataclass
class Progress:
    """How far a sweep is.

    Attributes
    ----------
    total : points of the study
    stored : points that were there before
    done, failed : points worked out now, and how many of them are rows with an error
    seconds : since the sweep began
    interrupted : whether it was asked to stop before its end
    losses : what layers and inputs lost in points worked out now, each kind once a layer
    lacked : metrics that the points in the file did not have, so that they are worked out again
    """

    total: int
    stored: int = 0
    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    losses: list[Loss] = field(default_factory=list)
    lacked: tuple[str, ...] = ()

    @property
    def points_per_s(self) -> float:
        """Points worked out a second."""
        return self.done / self.seconds if self.seconds else 0.0


def sweep(
    study: str | Path | Study | Plan,
    store: str | Path | Store,
    *,
    jobs: int = 1,
    dask: str | None = None,
    limit: int | None = None,
    retry_failed: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Work out the points of a study that the results file does not hold.

    The first Ctrl-C (or SIGTERM) finishes and stores what is under way and returns with
    ``interrupted`` set; the second ends at once, and loses no more than what was under way.

    Parameters
    ----------
    study : a study file, a `Study` or a `Plan`
    store : the results file, made where there is none
    jobs : 1 runs in this process, more in as many processes of this machine
    dask : "local" for a Dask cluster of ``jobs`` workers here, or the address of a scheduler
        ("tcp://host:8786")
    limit : most points to work out now
    retry_failed : whether points that failed before are tried again

    Raises
    ------
    ConfigError, InputError, FormatError
        If the study, a layer file or an argument is wrong; nothing is made then.
    StoreError
        If the results file cannot be written; what was stored before is safe.
    """
    if jobs < 1:
        raise InputError(f"jobs is {jobs}; need 1 or more")
    plan = study if isinstance(study, Plan) else Plan(load_study(study))
    names = [metric.name for metric in plan.metrics]
    is_new = not isinstance(store, Store) and not Path(store).exists()
    opened = store if isinstance(store, Store) else Store(store, names)
    try:
        source = Source(plan, lambda points: opened.missing(points, retry_failed), limit)
        return _run(plan, source, opened, _backend(source.take, jobs, dask), on_progress)
    except AccelsimError:
        if is_new:
            opened.withdraw()
        raise
    finally:
        if opened is not store:
            opened.close()


def _backend(take: Take, jobs: int, dask: str | None) -> Generator[Done]:
    if dask is not None:
        from accelsim.study.cluster import on_cluster

        return on_cluster(take, dask, jobs)
    return in_process(take) if jobs == 1 else local_processes(take, jobs)


def _run(
    plan: Plan,
    source: Source,
    store: Store,
    results: Generator[Done],
    on_progress: Callable[[Progress], None] | None,
) -> Progress:
    progress = Progress(len(plan), lacked=store.lacked)
    begin = time.perf_counter()

    def stop() -> None:
        progress.interrupted = True
        source.stopped = True

    with stop_signals(stop), closing(results):
        for chunk, outcomes in results:
            store.write(chunk, outcomes)
            source.learn(len(outcomes), sum(outcome.wall_s for outcome in outcomes))
            progress.stored = source.skipped
            progress.done += len(outcomes)
            progress.failed += sum(outcome.error is not None for outcome in outcomes)
            lost = (loss for outcome in outcomes for loss in outcome.losses)
            progress.losses = told_once([*progress.losses, *lost])
            progress.seconds = time.perf_counter() - begin
            if on_progress is not None:
                on_progress(progress)
    progress.stored = source.skipped
    progress.seconds = time.perf_counter() - begin
    return progress


@contextmanager
def stop_signals(stop: Callable[[], None]) -> Iterator[None]:
    """The first interrupt calls ``stop``, the second acts as ever; in the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for name, handler in before.items():
            signal.signal(name, handler)

    def first(number: int, frame: FrameType | None) -> None:
        restore()
        stop()

    for name in before:
        signal.signal(name, first)
    try:
        yield
    finally:
        restore()
