"""The LSTM of the ESE paper: published sizes and entry counts, filled with random numbers.

Shapes, and the entries of each matrix, are those of ESE's main table (recalled; every cell of it
agrees with the others). Each count is a multiple of 32: load-balance-aware pruning leaves every
one of the 32 PEs the same number. The counts are read here as what a PE stores, entries that only
extend a zero run included, because that is what the hardware spends its cycles on.

Random positions come from a seeded PCG64 by sorting its raw 64-bit words, values from
`accelsim.workload.synthetic`'s recipe, so that every platform builds the same layer.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from statistics import NormalDist
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.records import CscMatrix
from accelsim.records.recurrent import RecurrentLayer

N_PE, INDEX_BITS = 32, 4

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PublishedMatrix:
    """One row of ESE's main table; times in microseconds, for a batch of 32."""

    name: str
    shape: tuple[int, int]
    entries: int
    theoretical_us: float
    real_us: float
    equivalent_gops: float

    @property
    def size(self) -> int:
        """Weights of the dense matrix."""
        return self.shape[0] * self.shape[1]


def _published() -> tuple[PublishedMatrix, ...]:
    text = resources.files("accelsim.workload").joinpath("published_lstm.toml").read_text("utf-8")
    table = tomllib.loads(text)
    printed = {
        name: dict(zip(table["times"]["columns"], row, strict=True))
        for name, row in table["times"]["rows"].items()
    }
    return tuple(
        PublishedMatrix(
            name, (n_rows, n_columns), entries, printed[name]["theoretical"],
            printed[name]["real"], printed[name]["equivalent_throughput"],
        ) for name, (n_rows, n_columns, entries) in table["sizes"].items()
    )


PUBLISHED = _published()
"""ESE, FPGA 2017, main table, in its order (``published_lstm.toml``)."""

(N_CELLS, N_INPUTS), (N_OUTPUTS, _) = PUBLISHED[0].shape, PUBLISHED[-1].shape


def ese_layer(seed: int = 1, balanced: bool = True) -> RecurrentLayer:
    """An LSTM with peepholes and projection of ESE's sizes and kept entries.

    Parameters
    ----------
    seed : of all random numbers, 0 or more
    balanced : every PE stores the same number of entries (load-balance-aware pruning), or the
        same number of weights lies anywhere in the matrix (one threshold for the whole matrix)
    """
    if seed < 0:
        raise InputError(f"seed is {seed}; need 0 or more")
    matrices = {row.name: _matrix(row, seed, balanced) for row in PUBLISHED}
    vectors = {
        name: _normal(_stream(name, seed), N_CELLS, 1.0, 0.25)
        for name in ("bi", "bf", "bc", "bo", "Wic", "Wfc", "Woc")
    }
    return RecurrentLayer(
        "lstm", matrices,
        {name: v for name, v in vectors.items() if name.startswith("b")},
        {name: v for name, v in vectors.items() if name.startswith("W")},
        cell_activation="sigmoid",
        name="ese-lstm" if balanced else "ese-lstm-unbalanced",
        provenance=MappingProxyType({
            "source": "synthetic", "seed": seed, "balanced": balanced,
            "published": "ESE main table: sizes and entries of each matrix",
            "weights": "random positions; magnitude-pruned normal, sigma 1/sqrt(columns)",
        }),
    )


def dense_ese_layer(seed: int = 1, row_spread: float = 0.3) -> RecurrentLayer:
    """An LSTM of ESE's sizes before pruning, for comparing patterns.

    Rows of trained matrices differ in size, which is what leaves PEs unbalanced when one
    threshold prunes a whole matrix. Here each row's weights are normal with standard deviation
    ``exp(row_spread * g)``, ``g`` normal; 0.3 is an assumption, not a measurement.
    """
    matrices = {}
    for row in PUBLISHED:
        stream = _stream(f"dense/{row.name}", seed)
        spread = np.exp(row_spread * _normal(stream, row.shape[0], 1.0, 1.0).astype(np.float64))
        values = _normal(stream, row.size, 1.0, 1 / math.sqrt(row.shape[1]))
        matrices[row.name] = values.reshape(row.shape) * spread[:, None]
    sparse = ese_layer(seed)
    return RecurrentLayer(
        "lstm", matrices, sparse.biases, sparse.peepholes, cell_activation="sigmoid",
        name="ese-lstm-dense",
        provenance=MappingProxyType({
            "source": "synthetic", "seed": seed, "row_spread": row_spread,
            "weights": "normal, sigma 1/sqrt(columns) times a log-normal factor of each row",
        }),
    )


def ese_utterance(
    n_steps: int, n_channels: int = 32, seed: int = 1
) -> npt.NDArray[np.float64]:
    """(n_steps, n_channels, 153) normal inputs of standard deviation 1."""
    n = n_steps * n_channels * N_INPUTS
    values = _normal(_stream("inputs", seed), n, 1.0, 1.0)
    return values.reshape(n_steps, n_channels, N_INPUTS).astype(np.float64)


def _matrix(row: PublishedMatrix, seed: int, balanced: bool) -> CscMatrix:
    n_rows, n_columns = row.shape
    stream = _stream(row.name, seed)
    target = row.entries // N_PE
    chosen = []
    for pe in range(N_PE):
        order = _permutation(stream, (n_rows // N_PE) * n_columns)
        at = _with_entries(order, n_rows // N_PE, target)
        column, local = np.divmod(at, n_rows // N_PE)
        chosen.append(column * n_rows + local * N_PE + pe)
    places = np.sort(np.concatenate(chosen))
    if not balanced:
        places = np.sort(_permutation(stream, row.size)[: len(places)])
    columns, rows = np.divmod(places, n_rows)
    starts = np.searchsorted(columns, np.arange(n_columns + 1)).astype(np.int64)
    density = len(places) / row.size
    values = _normal(stream, len(places), density, 1 / math.sqrt(n_columns))
    return CscMatrix(row.shape, starts, rows.astype(np.int32), values)


def _with_entries(order: Int64, n_rows: int, target: int) -> Int64:
    """The first places of ``order`` that are stored as exactly ``target`` entries, ascending.

    A place is ``column * n_rows + row`` in one PE. A place that would overshoot is passed over.
    """
    low, high = 0, target
    while low < high:
        middle = (low + high + 1) // 2
        if _stored(np.sort(order[:middle]), n_rows) <= target:
            low = middle
        else:
            high = middle - 1
    places = np.sort(order[:low])
    for place in order[low:]:
        if _stored(places, n_rows) == target:
            return places
        more = np.insert(places, int(np.searchsorted(places, place)), place)
        if _stored(more, n_rows) <= target:
            places = more
    raise InputError(f"no set of weights takes exactly {target} entries")


def _stored(places: Int64, n_rows: int) -> int:
    """Entries of one PE with weights at ``places``: weights and what extends long runs."""
    column, row = np.divmod(places, n_rows)
    gaps = row.copy()
    gaps[1:] -= np.where(column[1:] == column[:-1], row[:-1] + 1, 0)
    return len(places) + int((gaps >> INDEX_BITS).sum())


def _stream(name: str, seed: int) -> np.random.PCG64:
    key = hashlib.sha256(f"ese/{name}/{seed}".encode()).digest()
    return np.random.PCG64(int.from_bytes(key[:16], "big"))


def _permutation(stream: np.random.PCG64, n: int) -> Int64:
    return np.argsort(np.asarray(stream.random_raw(n)), kind="stable").astype(np.int64)


def _normal(
    stream: np.random.PCG64, n: int, density: float, sigma: float
) -> npt.NDArray[np.float32]:
    """Normal values of which magnitude pruning has kept ``density``; 32,768 magnitudes."""
    quantile = NormalDist(0.0, sigma).inv_cdf
    levels = 1 << 15
    table = np.array(
        [quantile(1 - density * (k + 0.5) / (2 * levels)) for k in range(levels)],
        dtype=np.float32,
    )
    draw = np.asarray(stream.random_raw(n))
    magnitude = table[(draw >> np.uint64(48)) & np.uint64(levels - 1)]
    signed = np.where(draw & np.uint64(1), magnitude, -magnitude)
    return np.asarray(signed, dtype=np.float32)


RECURRENT: MappingProxyType[str, Callable[[int], RecurrentLayer]] = MappingProxyType({
    "google-lstm": ese_layer,
    "google-lstm-dense": dense_ese_layer,
})
"""Published sizes by name: with the published number of entries, and before any pruning."""
