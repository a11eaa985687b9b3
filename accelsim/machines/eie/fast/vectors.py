"""A convolution by the fast telling: all vectors in a few calls, on all cores.

Time and counters go through the kernels of a layer's passes; sums go row by row, many vectors at a
time. What those kernels do not take (bypass off, segments that are refilled, sums beyond 31
bits) goes vector by vector, to the same results.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.formats import LayerImage
from accelsim.formats.column_table import Bytes
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob, vector_by_vector
from accelsim.machines.eie.fast.kernels import sums
from accelsim.machines.eie.fast.layer_time import LayerTime
from accelsim.machines.eie.fast.vector_time import VectorTimer
from accelsim.records.result import JobResult

IntArray = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

_FEW = 256  # vectors that are not worth a thread of their own


def run(
    config: EieConfig, job: ConvJob, outputs: bool, one: Callable[..., JobResult],
    threads: int | None = None,
) -> JobResult:
    """Run all vectors.

    Parameters
    ----------
    one : runs a job of one vector
    threads : None takes all cores
    """
    if not config.bypass or any(step.refill_bits for step in job.one.plan) or (
        outputs and not _narrow(config, job)
    ):
        return vector_by_vector(one, config, job, outputs)
    n = job.n_vectors
    parts = min(threads or os.cpu_count() or 1, -(-n // _FEW))
    bounds = [n * i // parts for i in range(parts + 1)]
    work = _Work(config, job, outputs)
    if parts == 1:
        return work.result([work.part(0, n)])
    with ThreadPoolExecutor(parts) as pool:
        return work.result(list(pool.map(work.part, bounds[:-1], bounds[1:])))


def _narrow(config: EieConfig, job: ConvJob) -> bool:
    """Whether a sum and a product together fit 31 bits, and an activation 16."""
    one = job.one
    largest = max(int(np.abs(job.pixels.maps).max()), one.bias_activation)
    product = int(np.abs(one.codebook).max()) * largest + ((1 << one.shift) >> 1)
    return largest < 1 << 15 and product + (1 << config.accumulator_bits) < 1 << 31


class _Part(NamedTuple):
    """What is known of some vectors; sums (n_outputs, n_vectors) and saturations where wanted."""

    time: LayerTime
    sums: IntArray | None
    saturations: IntArray | None


class _Work:
    """A convolution that threads share."""

    def __init__(self, config: EieConfig, job: ConvJob, outputs: bool) -> None:
        self._config, self._job, self._one, self._outputs = config, job, job.one, outputs
        self._width = job.one.image.n_inputs // job.geometry.n_positions
        self._maps = job.pixels.maps.astype(np.int32)
        self._timer = VectorTimer(
            config, job.one.image, job.one.plan, self._maps, self._width, outputs)
        if outputs:
            self._narrow_maps = self._maps.astype(np.int16)
            starts, columns, codes = _by_rows(
                ById(job.one.image), job.geometry.in_channels, self._width)
            rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
            self._rows = starts, columns, job.one.decoded(rows, codes).astype(np.int32)
            bias = job.one.bias
            self._start = np.zeros(job.one.image.n_outputs, np.int64) if bias is None else bias

    def part(self, begin: int, end: int) -> _Part:
        """The vectors ``begin`` to ``end``."""
        one, image, addresses = self._one, self._one.image, self._job.pixels.addresses[begin:end]
        time = LayerTime(self._config, image, count_bypasses=self._outputs)
        hidden = end - max(begin, 1) if self._job.overlap else 0
        time.add_vectors(self._timer, addresses, hidden)
        if not self._outputs:
            return _Part(time, None, None)
        totals = np.empty((image.n_outputs, end - begin), np.int64)
        saturations = np.zeros(image.n_pe, np.int64)
        sums.add_products(
            self._narrow_maps, addresses, one.bias_activation, *self._rows, self._start, one.shift,
            self._config.accumulator_bits, image.n_pe, totals, saturations,
        )
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
        return JobResult(np.concatenate(told) if told else None, counters, operations)


class ById:
    """A hashable handle of an image: the same object, not an equal one."""

    def __init__(self, image: LayerImage) -> None:
        self.image = image

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ById) and other.image is self.image

    def __hash__(self) -> int:
        return id(self.image)


@lru_cache(maxsize=8)
def _by_rows(handle: ById, channels: int, width: int) -> tuple[IntArray, Int32, Bytes]:
    """Row starts, columns and codes of the matrix by rows, without the columns that fill register
    rows; the bias is the last column."""
    image = handle.image
    matrix = image.nonzeros
    starts = matrix.column_starts
    image_columns = np.repeat(np.arange(len(starts) - 1, dtype=np.int64), np.diff(starts))
    position, channel = np.divmod(image_columns, width)
    columns = position * channels + channel
    order = np.argsort(matrix.rows, kind="stable")  # columns ascend already
    row_starts = np.searchsorted(matrix.rows[order], np.arange(image.n_outputs + 1))
    return row_starts.astype(np.int64), columns[order].astype(np.int32), matrix.codes[order]
