"""What a sweep would cost, before it is begun."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from accelsim.kernels import compiling
from accelsim.study.definition import Study, load_study
from accelsim.study.evaluate import evaluate
from accelsim.study.points import Chunk, Plan
from accelsim.study.schema import explained, open_results
from accelsim.study.source import Missing
from accelsim.study.store import missing_points
from accelsim.study.workloads import compressed

PROBE_SECONDS = 5.0
PROBE_POINTS = 8


@dataclass(frozen=True)
class Estimate:
    """What a sweep would do.

    Attributes
    ----------
    total, missing : points of the study, and those that are not stored yet
    seconds : about what the missing points take in one process
    probed : points that were worked out to tell
    """

    total: int
    missing: int
    seconds: float
    probed: int


def estimate(study: str | Path | Study, store: str | Path | None = None) -> Estimate:
    """How many points are left, and about how long they take, from a probe of a few.

    Some points of the first, the middle and the last layer are worked out and thrown away. The
    results file is neither made nor changed.
    """
    plan = Plan(load_study(study))
    if store is None or not Path(store).exists():
        return _estimate(plan, tuple)
    names = [metric.name for metric in plan.metrics]
    with closing(open_results(Path(store))) as connection, explained(Path(store)):
        return _estimate(plan, lambda points: missing_points(connection, names, points))


def _estimate(plan: Plan, missing: Missing) -> Estimate:
    counts = [sum(len(missing(group)) for group in s.groups) for s in plan.streams()]
    open_streams = [index for index, count in enumerate(counts) if count]
    if not open_streams:
        return Estimate(len(plan), 0, 0.0, 0)
    last = len(open_streams) - 1
    chosen = [open_streams[k] for k in sorted({0, last // 2, last})]
    layer_s, point_s, layers, points = 0.0, 0.0, 0, 0
    begin = time.perf_counter()
    for index in chosen:
        if layers and time.perf_counter() - begin > PROBE_SECONDS:
            break
        chunk = _probe(plan, index, missing)
        start = time.perf_counter()
        compressed(chunk.workload, chunk.recipe)
        layer_s += time.perf_counter() - start
        # The first point of all loads the engine; it is not counted.
        if not layers:
            evaluate(replace(chunk, points=chunk.points[:1]))
        compiled = compiling.seconds()
        point_s += sum(outcome.wall_s for outcome in evaluate(chunk))
        point_s -= compiling.seconds() - compiled  # once for all points, not for each
        layers += 1
        points += len(chunk.points)
    seconds = len(open_streams) * layer_s / layers + sum(counts) * point_s / points
    return Estimate(len(plan), sum(counts), seconds, points)


def _probe(plan: Plan, index: int, missing: Missing) -> Chunk:
    """A few missing points of one layer, evenly spread over what it has."""
    stream = next(islice(plan.streams(), index, None))
    left = [point for group in stream.groups for point in missing(group)]
    step = max(1, len(left) // PROBE_POINTS)
    return plan.chunk(stream, left[step // 2::step][:PROBE_POINTS])
