"""Changes that may make an utterance faster on ESE; `accelsim.inside.explain` runs each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from accelsim.compression.patterns import load_balanced
from accelsim.inside.explain import Change
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.explain import bound_of
from accelsim.machines.ese.fast import slot_ends
from accelsim.machines.ese.job import RecurrentJob
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.result import RunResult


def changes(
    config: EseConfig, work: RecurrentLayer, job: RecurrentJob, result: RunResult
) -> Iterator[Change]:
    """Those that the bounds of the run's slots speak for."""
    bounds = {cause for ends in slot_ends(config, job) for cause in bound_of(ends).split(" and ")}
    if "pointer fetch" in bounds:
        needed = pointer_bits(job)
        if needed < config.pointer_bits:
            yield _set(config, "pointers as narrow as the streams need", pointer_bits=needed)
    if {"pointer fetch", "weights arriving"} & bounds:
        yield _set(config, "wider DDR words", ddr_word_bits=2 * config.ddr_word_bits)
    if "weights arriving" in bounds:
        if config.weights_ready == "matrix":
            yield _set(config, "columns used as they arrive", weights_ready="column")
        if config.column_align_bits > config.entry_bits:
            yield _set(config, "columns padded to less", column_align_bits=max(
                config.column_align_bits // 2, config.entry_bits))
    if {"vector fetch", "input fetch"} & bounds:
        yield _set(config, "a wider vector path", vector_path_bits=2 * config.vector_path_bits)
    if "element-wise" in bounds:
        yield _set(config, "wider element-wise units",
                   elementwise_width=2 * config.elementwise_width)
    if {"multiplication", "weights arriving"} & bounds:
        for depth in (2 * config.act_queue_depth, 4 * config.act_queue_depth):
            yield _set(config, f"queues of {depth} entries", act_queue_depth=depth)
        yield from _balanced(config, job)
    for n_pe in (config.n_pe // 4, config.n_pe // 2, 2 * config.n_pe):
        if n_pe:
            yield _set(config, f"{n_pe} PEs a channel", n_pe=n_pe)


def pointer_bits(job: RecurrentJob) -> int:
    """Bits of the narrowest pointer that reaches behind the last entry of every PE.

    A machine has 4 at least (`EseConfig`).
    """
    entries = max(int(np.diff(stream.pe_starts).max()) for stream in job.streams.values())
    return max(entries.bit_length(), 4)


def _set(config: EseConfig, what: str, **settings: Any) -> Change:
    (key, value), = settings.items()
    return Change(f"{what} ({key} = {value} instead of {getattr(config, key)})", settings)


def _balanced(config: EseConfig, job: RecurrentJob) -> Iterator[Change]:
    """Load-balance-aware pruning at each matrix's own density (ESE, FPGA 2017)."""
    weights = {name: balanced_weights(own, config.n_pe) for name, own in job.weights.items()}
    before = sum(own.matrix.nnz for own in job.weights.values())
    dropped = before - sum(own.matrix.nnz for own in weights.values())
    if dropped:
        yield Change(f"balanced pruning: no PE keeps more than the mean; {dropped:,} weights "
                     f"({100 * dropped / before:.2f} %) fewer",
                     work=replace(job.layer, matrices=weights))


def balanced_weights(weights: LinearWeights, n_pe: int) -> LinearWeights:
    """The matrix without the smallest weights of the PEs that have more than the mean."""
    m = weights.matrix
    dense = np.abs(m.to_dense().astype(np.float32))
    mask = load_balanced(dense, m.nnz / dense.size, n_pe)
    return replace(weights, matrix=m.only(mask[m.rows, m.columns]))
