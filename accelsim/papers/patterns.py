"""Which pattern on ESE: time, load balance and storage of one recurrent layer, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from accelsim.compression.patterns import prune_recurrent
from accelsim.formats.registry import Stored, huffman_bits, store
from accelsim.machines import EseConfig, run_job
from accelsim.machines.ese.job import RecurrentJob, make_job
from accelsim.papers.columns import on
from accelsim.records.counters import IntArray
from accelsim.records.recurrent import RecurrentLayer

OWN_FORMAT = {"bank_balanced": ("csb", ("n_banks",)), "n_m": ("n_m", ("n", "m"))}
"""Pattern to its format's name and the parameters that both share."""

_STEPS = 3
"""Time steps run; the last but one is in the steady state."""


@dataclass(frozen=True)
class PatternRow:
    """One pattern on one machine.

    Attributes
    ----------
    kept : share of all weights
    weights_max_over_mean : weights of the fullest PE over the mean, worst matrix
    entries_max_over_mean : the same of stored entries, which run extensions are part of
    step_us : a time step in the steady state
    spmv_us : of which slots that multiply
    load_balance : theoretical over actual time of those slots: entries spread evenly over the PEs
    stream_bits : weights as ESE stores them, column padding included
    huffman_bits : the stream's weights and zero runs Huffman-coded, matrix by matrix with their
        code tables, without column padding; as they could be stored, ESE does not decode them
    own_format_bits : in the pattern's own format (CSB, N:M), or None
    own_huffman_bits : that, Huffman-coded
    """

    pattern: str
    act_queue_depth: int
    kept: float
    weights_max_over_mean: float = on("ese")
    entries_max_over_mean: float = on("ese")
    step_us: float = on("ese")
    spmv_us: float = on("ese")
    load_balance: float = on("ese")
    stream_bits: int = on("ese")
    huffman_bits: int = on("ese")
    own_format_bits: int | None = on("ese")
    own_huffman_bits: int | None = on("ese")


def compare_patterns(
    config: EseConfig,
    layer: RecurrentLayer,
    patterns: Mapping[str, Mapping[str, Any]],
    depths: Sequence[int] | None = None,
) -> list[PatternRow]:
    """Prune a dense layer with each pattern and run each at every queue depth.

    Parameters
    ----------
    patterns : name to its parameters, see `accelsim.compression.patterns`
    depths : of the activation queue; None takes the machine's own
    """
    rows = []
    for pattern, parameters in patterns.items():
        pruned = prune_recurrent(layer, pattern, **parameters)
        first = measure(config, pruned, pattern, parameters)
        job = _job(config, pruned)
        for depth in depths or (config.act_queue_depth,):
            machine = config.model_copy(update={"act_queue_depth": depth})
            # What is stored does not depend on the queue.
            rows.append(replace(first, act_queue_depth=depth, **_times(machine, job)._asdict()))
    return rows


def measure(
    config: EseConfig, layer: RecurrentLayer, pattern: str, parameters: Mapping[str, Any] | None
) -> PatternRow:
    """One pruned layer on one machine, one channel in use (time is that of any number).

    Without the pattern's ``parameters`` its own format is not sized.
    """
    job = _job(config, layer)
    streams = job.streams.values()
    entries = [stream.counts.sum(axis=0) for stream in streams]
    weights = [e - stream.padding.sum(axis=0) for e, stream in zip(entries, streams, strict=True)]
    own = _in_own_format(job, pattern, parameters)
    size = sum(s.shape[0] * s.shape[1] for s in streams)
    return PatternRow(
        pattern=pattern,
        act_queue_depth=config.act_queue_depth,
        kept=sum(w.matrix.nnz for w in job.weights.values()) / size,
        weights_max_over_mean=_worst(weights),
        entries_max_over_mean=_worst(entries),
        **_times(config, job)._asdict(),
        stream_bits=sum(int(s.column_ends(config.column_align_bits)[-1]) for s in streams),
        huffman_bits=sum(huffman_bits(part, bits) for s in streams for part, bits in (
            (s.values, s.weight_bits), (s.runs, s.index_bits))),
        own_format_bits=sum(stored.size_bits for stored in own) if own else None,
        own_huffman_bits=sum(stored.huffman_bits for stored in own) if own else None,
    )


def _worst(per_pe: Sequence[IntArray]) -> float:
    """The largest over the mean of the PEs, of the worst matrix; NaN where nothing is kept."""
    return max((float(pe.max() / pe.mean()) for pe in per_pe if pe.any()), default=math.nan)


def _job(config: EseConfig, layer: RecurrentLayer) -> RecurrentJob:
    return make_job(config, layer, np.ones((_STEPS, 1, layer.n_inputs)))


class _Times(NamedTuple):
    """A step in the steady state, by the names of `PatternRow`."""

    step_us: float
    spmv_us: float
    load_balance: float


def _times(config: EseConfig, job: RecurrentJob) -> _Times:
    slots = [s for s in run_job("fast", config, job).slots if s.step == _STEPS - 2]
    multiplying = sum(slot.cycles for slot in slots if slot.spmv)
    entries = sum(len(stream.values) for stream in job.streams.values())
    return _Times(sum(slot.cycles for slot in slots) / config.clock_mhz,
                  multiplying / config.clock_mhz, entries / config.n_pe / multiplying)


def _in_own_format(
    job: RecurrentJob, pattern: str, parameters: Mapping[str, Any] | None
) -> list[Stored]:
    """The quantised matrices in the pattern's own format; none if it has none."""
    if parameters is None or pattern not in OWN_FORMAT:
        return []
    name, keys = OWN_FORMAT[pattern]
    chosen = {key: parameters[key] for key in keys}
    return [store(name, w.matrix.to_dense(), w.weight_bits, **chosen)
            for w in job.weights.values()]
