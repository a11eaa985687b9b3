"""Changes that may make a layer faster on EIE; `accelsim.inside.explain` runs each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from accelsim.compression.permute import original_order, permute_rows
from accelsim.inside.explain import Change
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.records import CompressedConv, CompressedLayer
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
    from accelsim.machines.eie.kernels import count_ranks, count_ties, keep  # late: Numba

    matrix, n_inputs = packed.matrix, packed.n_inputs
    weights = int(matrix.column_starts[n_inputs])
    rows, codes = matrix.rows[:weights], matrix.values[:weights]
    # Magnitudes by their rank: 0 for zero.
    magnitudes = np.abs(np.atleast_2d(packed.codebook))
    known, ranks = np.unique(np.append(magnitudes, 0), return_inverse=True)
    ranks = ranks[:-1].reshape(magnitudes.shape)
    table_rows = packed.rows_per_table or packed.n_outputs
    counts = np.zeros((n_pe, len(known)), np.int64)
    count_ranks(rows, codes, ranks, table_rows, counts)
    counts[:, 0] = 0
    out_rows = -((np.arange(n_pe) - packed.n_outputs) // n_pe)
    density = counts.sum() / (packed.n_outputs * n_inputs)
    kept = np.floor(density * out_rows * n_inputs + 0.5).astype(np.int64)
    above = counts[:, ::-1].cumsum(axis=1)[:, ::-1]  # of a rank or a higher one
    # The least rank of which not all are dropped, and how many of it stay.
    limit = np.maximum((above >= kept[:, None]).sum(axis=1) - 1, 0)
    pes = np.arange(n_pe)
    of_limit = (kept - (above[pes, limit] - counts[pes, limit])) * (limit > 0) * (kept > 0)
    ties = np.zeros(out_rows[0] * n_pe, np.int64)
    count_ties(rows, codes, ranks, table_rows, limit, ties)
    ties = ties.reshape(-1, n_pe)  # row by row
    quota = np.clip(of_limit - (ties.cumsum(axis=0) - ties), 0, ties).ravel()
    stays = np.ones(matrix.nnz, dtype=bool)
    keep(rows, codes, ranks, table_rows, limit, quota, stays)
    return replace(packed, matrix=matrix.only(stays))
