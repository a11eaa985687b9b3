"""A convolution by the fast telling: all vectors in a few calls, on all cores.

Time and counters go through the kernels of a layer's passes; sums go row by row, many vectors at a
time. What those kernels do not take (bypass off, other units than the published, segments that are
refilled, sums beyond 31 bits) goes vector by vector, to the same results.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob, vector_by_vector
from accelsim.machines.eie.fast.layer_time import LayerTime
from accelsim.machines.eie.fast.vector_sums import VectorSums
from accelsim.machines.eie.fast.vector_time import VectorTimer
from accelsim.records.result import JobResult

IntArray = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

_FEW = 256  # vectors that are not worth a thread of their own


def run(
    config: EieConfig, job: ConvJob, outputs: bool, one: Callable[..., JobResult],
    threads: int | None = None, narrow: bool = False,
) -> JobResult:
    """Run all vectors.

    Parameters
    ----------
    one : runs a job of one vector
    threads : None takes all cores
    narrow : outputs may be integers of 16 bits, which are quicker to write and to read
    """
    added = VectorSums(config, job) if outputs else None
    refilled = any(step.refill_bits for step in job.one.plan)
    if not config.bypass or not config.published_units or refilled or (
        added is not None and not added.fits
    ):
        return vector_by_vector(one, config, job, outputs)
    n = job.n_vectors
    parts = min(threads or os.cpu_count() or 1, -(-n // _FEW))
    bounds = [n * i // parts for i in range(parts + 1)]
    work = _Work(config, job, added, narrow)
    if parts == 1:
        return work.result([work.part(0, n)])
    with ThreadPoolExecutor(parts) as pool:
        return work.result(list(pool.map(work.part, bounds[:-1], bounds[1:])))


class _Part(NamedTuple):
    """What is known of some vectors; sums (n_outputs, n_vectors) and saturations where wanted."""

    time: LayerTime
    sums: npt.NDArray[Any] | None
    saturations: IntArray | None


class _Work:
    """A convolution that threads share."""

    def __init__(self, config: EieConfig, job: ConvJob, sums: VectorSums | None, narrow: bool
                 ) -> None:
        one, self._config, self._job, self._sums = job.one, config, job, sums
        self._kind = np.int16 if narrow and sums is not None and sums.short else np.int64
        self._timer = VectorTimer(
            config, one.image, one.plan, job.pixels.maps,
            one.image.n_inputs // job.geometry.n_positions, sums is not None)

    def part(self, begin: int, end: int) -> _Part:
        """The vectors ``begin`` to ``end``."""
        image, addresses = self._job.one.image, self._job.pixels.addresses[begin:end]
        time = LayerTime(self._config, image, count_bypasses=self._sums is not None)
        hidden = end - max(begin, 1) if self._job.overlap else 0
        time.add_vectors(self._timer, addresses, hidden)
        if self._sums is None:
            return _Part(time, None, None)
        totals = np.empty((image.n_outputs, end - begin), self._kind)
        saturations = np.zeros(image.n_pe, np.int64)
        self._sums.add(addresses, totals, saturations)
        return _Part(time, totals, saturations)

    def result(self, parts: list[_Part]) -> JobResult:
        """Of all parts, in their order."""
        time = parts[0].time
        for part in parts[1:]:
            time.add_all(part.time)
        told = [part.sums.T for part in parts if part.sums is not None]
        saturated = [part.saturations for part in parts if part.saturations is not None]
        saturations = np.sum(saturated, axis=0) if saturated else None
        counters, entries, padding = time.counters(saturations)
        operations = {"entries": entries, "padding": padding, "macs": entries - padding}
        if saturations is not None:
            operations["saturations"] = int(saturations.sum())
        outputs = None if not told else told[0] if len(told) == 1 else np.concatenate(told)
        return JobResult(outputs, counters, operations)
