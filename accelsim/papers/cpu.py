"""A baseline measured here and now: matrix times vector on this machine's CPU, batch 1."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from accelsim.papers.bench import workload

DENSE = "this machine, batch 1, dense (NumPy)"
SPARSE = "this machine, batch 1, sparse (SciPy)"

_REPEATS, _LONG_ENOUGH_S = 20, 0.15


@lru_cache(maxsize=64)
def measure_us(name: str, seed: int = 1) -> tuple[float, float]:
    """(dense, sparse) microseconds of a published layer: float32, the fastest of some repeats.

    NumPy's product of a dense matrix, SciPy's of a CSR matrix; both read a dense input vector.
    """
    from scipy.sparse import csc_array

    packed, activations = workload(name, seed)
    matrix = packed.decoded()
    weights = csc_array(
        (matrix.values, matrix.rows, matrix.column_starts), shape=matrix.shape, dtype=np.float32
    )
    vector = np.asarray(activations, dtype=np.float32)
    rows = weights.tocsr()
    sparse = _fastest_us(lambda: rows @ vector)
    dense = weights.toarray()
    return _fastest_us(lambda: dense @ vector), sparse


def describe() -> str:
    """The processor, and how many of its cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores; NumPy {np.__version__}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _fastest_us(product: Callable[[], object]) -> float:
    """The fastest of up to `_REPEATS` calls that take `_LONG_ENOUGH_S` together."""
    product()
    best, begin = float("inf"), time.perf_counter()
    for _ in range(_REPEATS):
        start = time.perf_counter()
        product()
        end = time.perf_counter()
        best = min(best, end - start)
        if end - begin > _LONG_ENOUGH_S:
            break
    return 1e6 * best
