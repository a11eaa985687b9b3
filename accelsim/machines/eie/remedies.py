"""Changes that may make a layer faster: each is run, none is estimated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.permute import original_order, permute_rows
from accelsim.compression.prune import largest
from accelsim.errors import AccelsimError
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.machine import MACHINE
from accelsim.records import BinaryPoints, CompressedLayer, CscMatrix

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Remedy:
    """A change, and the cycles of a run with it; ``problem`` says why there is none."""

    name: str
    cycles: int | None
    problem: str | None = None


def tried(
    config: EieConfig, packed: CompressedLayer, job: LayerJob, points: BinaryPoints,
    states: Mapping[str, IntArray], row_changes: int,
) -> Iterator[Remedy]:
    """Run the layer with one change after the other, those that its states speak for."""

    def run(name: str, changed: dict[str, Any], layer: CompressedLayer = packed) -> Remedy:
        try:
            machine = type(config).model_validate(config.model_dump() | changed)
            own = job.on(machine, layer)
            return Remedy(name, MACHINE.finish(machine, own, "fast", outputs=False).cycles)
        except AccelsimError as problem:
            return Remedy(name, None, str(problem))

    depth = config.act_queue_depth
    for factor in (2, 4):
        if depth * factor <= 4096:
            yield run(f"queues of {depth * factor} entries instead of {depth}",
                      {"act_queue_depth": depth * factor})
    order = f"rows in an order balanced for {config.n_pe} PEs (--permute-rows)"
    if packed.row_order is None:
        yield run(order, {}, permute_rows(packed, config.n_pe))
    else:
        again = permute_rows(original_order(packed), config.n_pe)
        if again.digest() != packed.digest():
            yield run(order, {}, again)
    balanced = balanced_pruning(packed, config.n_pe)
    dropped = packed.matrix.nnz - balanced.matrix.nnz
    if dropped:
        yield run(f"balanced pruning: no PE keeps more than the mean; {dropped:,} weights "
                  f"({100 * dropped / packed.matrix.nnz:.2f} %) fewer", {}, balanced)
    if states["padding"].any() and config.index_bits < 8:
        yield run(f"zero runs of {config.index_bits + 1} bits instead of {config.index_bits}",
                  {"index_bits": config.index_bits + 1})
    if not config.bypass:
        yield run("sums forwarded (bypass = true)", {"bypass": True})
    if states["empty columns"].any():
        yield run("empty columns take no cycle (empty_column_cycles = 0)",
                  {"empty_column_cycles": 0})
    if config.row_change_cycles and row_changes:
        yield run("row changes take no cycle (row_change_cycles = 0)", {"row_change_cycles": 0})


def balanced_pruning(packed: CompressedLayer, n_pe: int) -> CompressedLayer:
    """The layer without the smallest weights of the PEs that have more than the mean.

    The pattern is ESE's load-balance-aware pruning (`accelsim.compression.patterns`) at the
    density that the layer has, without a dense matrix in between; biases stay.
    """
    matrix, n_inputs = packed.matrix, packed.n_inputs
    weights = int(matrix.column_starts[n_inputs])
    magnitudes = np.abs(packed.codebook)[matrix.values[:weights]]
    rows = matrix.rows[:weights].astype(np.int64)
    column = np.repeat(np.arange(n_inputs), np.diff(matrix.column_starts[: n_inputs + 1]))
    density = np.count_nonzero(magnitudes) / (packed.n_outputs * n_inputs)
    stays = np.ones(matrix.nnz, dtype=bool)
    by_pe = np.argsort(rows % n_pe, kind="stable")
    ends = np.searchsorted((rows % n_pe)[by_pe], np.arange(n_pe + 1))
    for pe in range(min(n_pe, packed.n_outputs)):
        own = by_pe[ends[pe] : ends[pe + 1]]
        shape = (-((pe - packed.n_outputs) // n_pe), n_inputs)
        part = CscMatrix(
            shape, np.searchsorted(column[own], np.arange(n_inputs + 1)).astype(np.int64),
            (rows[own] // n_pe).astype(np.int32), magnitudes[own],
        )
        kept = math.floor(density * shape[0] * n_inputs + 0.5)
        stays[own] = largest(magnitudes[own], kept, part)
    stored = np.concatenate([[0], np.cumsum(stays)])
    pruned = CscMatrix(
        matrix.shape, stored[matrix.column_starts], matrix.rows[stays], matrix.values[stays]
    )
    return replace(packed, matrix=pruned)
