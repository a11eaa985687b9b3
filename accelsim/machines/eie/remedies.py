"""Changes that may make a layer faster on EIE; `accelsim.inside.explain` runs each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from accelsim.compression.permute import original_order, permute_rows
from accelsim.compression.prune import largest
from accelsim.inside.explain import Change
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.records import CompressedConv, CompressedLayer, CscMatrix
from accelsim.records.result import RunResult


def changes(
    config: EieConfig, work: CompressedLayer | CompressedConv, job: Any, result: RunResult
) -> Iterator[Change]:
    """Those that the run's states speak for; of a convolution the matrix is changed."""
    if isinstance(work, CompressedConv):
        for change in changes(config, work.layer, job, result):
            yield change if change.work is None else replace(
                change, work=replace(work, layer=change.work))
        return
    packed = work
    counters = result.timed
    depth = config.act_queue_depth
    for factor in (2, 4):
        if depth * factor <= 4096:
            yield Change(f"queues of {depth * factor} entries instead of {depth}",
                         {"act_queue_depth": depth * factor})
    # Rows that share a table stand together.
    again = packed if packed.rows_per_table else permute_rows(original_order(packed), config.n_pe)
    if config.rows == "blocked":
        yield Change("rows interleaved instead of in blocks", {"rows": "interleaved"})
    elif again.digest() != packed.digest():
        yield Change(f"rows in an order balanced for {config.n_pe} PEs (--permute-rows)",
                     work=again)
    balanced = balanced_pruning(packed, config.n_pe)
    dropped = packed.matrix.nnz - balanced.matrix.nnz
    if dropped and config.rows == "interleaved":
        yield Change(f"balanced pruning: no PE keeps more than the mean; {dropped:,} weights "
                     f"({100 * dropped / packed.matrix.nnz:.2f} %) fewer", work=balanced)
    yield from _indexes(config, counters)
    if not config.bypass:
        yield Change("sums forwarded (bypass = true)", {"bypass": True})
    if counters.empty_column_cycles.any():
        yield Change("empty columns take no cycle (empty_column_cycles = 0)",
                     {"empty_column_cycles": 0})
    if not config.overlap and counters.load_cycles:
        yield Change("loads in the drain before them (overlap = true)", {"overlap": True})
    yield from _memory(config, counters)
    if config.row_change_cycles and counters.row_change_cycles:
        yield Change("row changes take no cycle (row_change_cycles = 0)",
                     {"row_change_cycles": 0})


def _indexes(config: EieConfig, counters: Counters) -> Iterator[Change]:
    if config.index == "bitmap":
        if counters.index_cycles.any():
            yield Change(f"zero runs of {config.index_bits} bits instead of a bitmap",
                         {"index": "zero_runs"})
    elif counters.padding_entries.any():
        if config.index_bits < 8:
            yield Change(
                f"zero runs of {config.index_bits + 1} bits instead of {config.index_bits}",
                {"index_bits": config.index_bits + 1})
        if config.capacity != "stream":
            yield Change("a bitmap instead of zero runs", {"index": "bitmap"})


def _memory(config: EieConfig, counters: Any) -> Iterator[Change]:
    """For a layer that waits for its weights."""
    if not counters.refill_cycles:
        return
    if not config.refill_overlap:
        yield Change("refills behind the pass before them (refill_overlap = true)",
                     {"refill_overlap": True})
    if config.refill == "all":
        yield Change('active columns alone (refill = "active")', {"refill": "active"})
    twice = {"dma_width_bits": 2 * config.dma_width_bits}
    if config.dram_part is not None and config.dram_channels <= 32:
        twice["dram_channels"] = 2 * config.dram_channels
    if twice["dma_width_bits"] <= 65_536:
        yield Change(f"a port of {twice['dma_width_bits']} bits"
                     + (f" and {twice['dram_channels']} channels" if len(twice) > 1 else ""), twice)


def balanced_pruning(packed: CompressedLayer, n_pe: int) -> CompressedLayer:
    """The layer without the smallest weights of the PEs that have more than the mean.

    The pattern is ESE's load-balance-aware pruning (`accelsim.compression.patterns`) at the
    density that the layer has, without a dense matrix in between; biases stay.
    """
    matrix, n_inputs = packed.matrix, packed.n_inputs
    weights = int(matrix.column_starts[n_inputs])
    magnitudes = np.abs(packed.decoded().values[:weights])
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
    return replace(packed, matrix=matrix.only(stays))
