"""Run chunks on a Dask cluster: two workers here, or hundreds behind a scheduler's address.

Each compressed layer is one task, made on a worker and copied by Dask to whoever needs it; chunks
depend on it. Dask starts a chunk again when its worker is gone. Chunks that it gives up, because
they were near too many deaths, run again alone at the end, so that only those points fail that
really take their worker down.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from accelsim.errors import AccelsimError, InputError
from accelsim.study.evaluate import error_text, evaluate, make_layer
from accelsim.study.extras import extra
from accelsim.study.points import Chunk
from accelsim.study.workers import MAX_DEATHS, Done, Take, Trial, Work
from accelsim.study.workloads import AnyWorkload

CONNECT_SECONDS = 20
# For workers of our own: Dask makes glibc give back memory at once, which costs a page fault for
# every page of every large array, samples the stacks of its workers, gives up a worker that takes
# 15 s to come back, as on a busy machine, and lets a task take four workers down before it says so.
LOCAL_SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.deploy.lost-worker-timeout": "120 s",
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    "distributed.worker.profile.enabled": False,
}
WORKER_IMPORTS = [
    "distributed.nanny", "distributed.worker", "distributed.http.worker",
    "accelsim.study.dask_worker", "numba",
]
CHUNKS_PER_WORKER = 2
LAYERS_KEPT = 4


def on_cluster(take: Take, address: str, jobs: int, work: Work | None = None) -> Generator[Done]:
    """Run chunks on the cluster at ``address``, or on a local one of ``jobs`` workers.

    Parameters
    ----------
    work : what is done to a chunk that brings all it needs; None evaluates points of a layer,
        which is made once and sent to whoever needs it

    Raises
    ------
    InputError
        If dask.distributed is not installed or the scheduler cannot be reached.
    """
    extra("distributed")  # before its settings are changed, or leaving them would remove them all
    with ExitStack() as stack:
        # Layers are large on purpose, and sent once.
        large = {"distributed.admin.large-graph-warning-threshold": "4 GiB"}
        stack.enter_context(extra("dask").config.set(large))
        client = stack.enter_context(_client(address, jobs))
        with _one_line(address):
            yield from _Dispatch(client, take, work).results()


class _Dispatch:
    """Chunks under way and the layers they need."""

    def __init__(self, client: Any, take: Take, work: Work | None) -> None:
        self.client = client
        self.take = take
        self.work = work
        self.layers: dict[str, Any] = {}
        self.trials: dict[Any, tuple[int, Trial]] = {}
        self.finished = extra("distributed").as_completed([])

    def results(self) -> Generator[Done]:
        killed = extra("distributed").KilledWorker
        suspects: list[Trial] = []
        for slot in range(CHUNKS_PER_WORKER * max(1, sum(self.client.nthreads().values()))):
            self.start(slot)
        while self.trials:
            future = next(self.finished)
            slot, trial = self.trials.pop(future)
            self.start(slot)
            try:
                yield trial.chunk, future.result()
            except killed:
                self.layers.clear()  # one of them may be what was given up
                suspects.append(trial)
        while suspects:
            trial = suspects.pop()
            try:
                yield trial.chunk, self.submit(trial.chunk).result()
            except killed:
                # Workers died of it with nothing else running.
                self.layers.clear()
                halves = replace(trial, deaths=MAX_DEATHS - 1).after_death()
                suspects.extend(halves)
                if not halves:
                    yield trial.dead()

    def start(self, slot: int) -> None:
        chunk = self.take(slot)
        if chunk is not None:
            future = self.submit(chunk)
            self.trials[future] = slot, Trial(chunk)
            self.finished.add(future)

    def submit(self, chunk: Chunk) -> Any:
        if self.work is not None:
            return self.client.submit(self.work, chunk, pure=False)
        layer = self.layer(chunk.workload, chunk.recipe)
        return self.client.submit(evaluate, chunk, layer, pure=False)

    def layer(self, workload: AnyWorkload, recipe: dict[str, Any]) -> Any:
        """A future of the compressed layer; workers need no access to layer files."""
        key = json.dumps([workload.digest, workload.seed, recipe], sort_keys=True)
        if key not in self.layers:
            while len(self.layers) >= LAYERS_KEPT + len(self.trials):
                self.layers.pop(next(iter(self.layers)))
            # A file's layer travels inside the task, so that Dask can make it again.
            loaded = None if workload.path is None else workload.load()
            self.layers[key] = self.client.submit(make_layer, workload, recipe, loaded, pure=False)
        return self.layers[key]


@contextmanager
def _client(address: str, jobs: int) -> Iterator[Any]:
    """A client of the cluster; a local cluster is started and ended with it."""
    dask = extra("distributed")
    with ExitStack() as stack:
        if address == "local":
            stack.enter_context(extra("dask").config.set(LOCAL_SETTINGS))
            _fork_from_a_server(stack)
            cluster = stack.enter_context(dask.LocalCluster(
                n_workers=jobs, threads_per_worker=1, dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL, preload="accelsim.study.dask_worker",
            ))
            yield stack.enter_context(dask.Client(cluster))
            return
        try:
            client = stack.enter_context(dask.Client(address, timeout=CONNECT_SECONDS))
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except (OSError, TimeoutError, ValueError, TypeError) as problem:
            raise InputError(
                f"--dask {address}: no scheduler with a worker answers within {CONNECT_SECONDS} s "
                f"({error_text(problem)}); give 'local' or an address like tcp://host:8786"
            ) from None
        yield client


def _fork_from_a_server(stack: ExitStack) -> None:
    """Workers are forked from one process that has imported what they need, where there is fork:
    they start, and end, in a third of the time."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return
    method = {"distributed.worker.multiprocessing-method": "forkserver"}
    stack.enter_context(extra("dask").config.set(method))
    extra("distributed.utils").get_mp_context()  # names its own imports, which ours replace
    multiprocessing.get_context("forkserver").set_forkserver_preload(WORKER_IMPORTS)


@contextmanager
def _one_line(address: str) -> Iterator[None]:
    """A cluster that goes away is an error of one line; points stored before are safe."""
    try:
        yield
    except (AccelsimError, GeneratorExit):
        raise
    except Exception as problem:
        raise InputError(
            f"--dask {address}: the cluster failed ({error_text(problem)}); what was stored is "
            f"safe; run the same command again"
        ) from None
