"""Where chunks run: in this process, or in processes of this machine.

A backend takes chunks one by one and yields them with their outcomes as they come in. A worker
that dies is replaced and its chunk is tried again; points that kill their worker every time become
rows with an error.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing.connection import wait as wait_for_end

from accelsim.kernels import compiling
from accelsim.study.evaluate import Outcome, evaluate
from accelsim.study.points import Chunk

Take = Callable[[object], Chunk | None]
Done = tuple[Chunk, list[Outcome]]
Work = Callable[[Chunk], list[Outcome]]
Pools = dict[int, ProcessPoolExecutor]

MAX_DEATHS = 3
"""Workers that a single point may take down before it counts as failed."""


@dataclass(frozen=True)
class Trial:
    """A chunk and how many workers died of it."""

    chunk: Chunk
    deaths: int = 0

    def after_death(self) -> list[Trial]:
        """What to try next: the same again, then each half by itself; nothing if it is hopeless."""
        points = self.chunk.points
        if self.deaths + 1 < MAX_DEATHS:
            return [replace(self, deaths=self.deaths + 1)]
        middle = len(points) // 2
        halves = [points[:middle], points[middle:]] if middle else []
        return [Trial(replace(self.chunk, points=half), MAX_DEATHS - 1) for half in halves]

    def dead(self) -> Done:
        """The point that no worker survives, as a row."""
        text = f"the worker died {MAX_DEATHS} times (killed, or out of memory)"
        return self.chunk, [Outcome((), text, 0.0)] * len(self.chunk.points)


def in_process(take: Take, work: Work = evaluate) -> Generator[Done]:
    """Run chunks here, one after the other."""
    while (chunk := take("here")) is not None:
        yield chunk, work(chunk)


def local_processes(
    take: Take, jobs: int, work: Work = evaluate, kept: Pools | None = None
) -> Generator[Done]:
    """Run chunks in ``jobs`` processes of this machine.

    Each worker is a pool of one process, so that a layer stays with the worker that made it and a
    death is known by its chunk.

    Parameters
    ----------
    work : what is done to a chunk
    kept : workers of an earlier call, which these are added to and the caller ends; None ends
        them with the call
    """
    context = _context()
    pools: Pools = {} if kept is None else kept
    running: dict[Future[list[Outcome]], tuple[int, Trial]] = {}
    again: deque[Trial] = deque()

    def start(worker: int) -> None:
        trial = again.popleft() if again else None
        if trial is None:
            chunk = take(worker)
            if chunk is None:
                return
            trial = Trial(chunk)
        if worker not in pools:
            pools[worker] = ProcessPoolExecutor(
                1, context, initializer=_begin_worker,
                initargs=(compiling.listener() if worker == 0 else None,))
        running[pools[worker].submit(work, trial.chunk)] = worker, trial

    try:
        for worker in range(jobs):
            start(worker)
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                worker, trial = running.pop(future)
                try:
                    outcomes = future.result()
                except BrokenProcessPool:
                    pools.pop(worker).shutdown(wait=False)
                    retries = trial.after_death()
                    again.extend(retries)
                    start(worker)
                    if not retries:
                        yield trial.dead()
                    continue
                # The worker goes on while the caller stores what it did.
                start(worker)
                yield trial.chunk, outcomes
    finally:
        if kept is None or running:
            end(pools, wait=not running)


def end(pools: Pools, wait: bool = True) -> None:
    """End workers; ``wait`` for what they do."""
    for pool in pools.values():
        pool.shutdown(wait=wait, cancel_futures=True)
    pools.clear()


def _context() -> multiprocessing.context.BaseContext:
    """Processes forked from a clean server where there is one: no threads are copied."""
    methods = multiprocessing.get_all_start_methods()
    if "forkserver" not in methods:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["accelsim.study.evaluate", "numba"])
    return context


def _begin_worker(listener: Callable[[], None] | None) -> None:
    """Leave Ctrl-C to the sweep, and end when the sweep has ended in whatever way.

    One worker of all is told whom to tell that it compiles.
    """
    compiling.on_first_compile(listener)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel

        def watch() -> None:
            wait_for_end([sentinel])
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
