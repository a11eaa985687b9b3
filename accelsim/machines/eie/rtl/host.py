"""What a host does with ``rtl/eie/eie_array.v``: load layers, run them, read back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.fast.run import run
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.rtl import images
from accelsim.machines.eie.rtl.params import (
    CCU_COUNTERS,
    PE_COUNTERS,
    RtlParameters,
    refuse,
    rtl_parameters,
)
from accelsim.machines.rtl import Take

Jobs: TypeAlias = Sequence[tuple[LayerJob, images.Chained | None]]
"""Layers in order, each with how it reads what the one before left."""


def parameters(
    config: EieConfig, jobs: Jobs, counters: bool = True, trace: bool = False
) -> RtlParameters:
    """The array that runs these layers.

    Raises
    ------
    UnsupportedError
        Naming the setting that the RTL does not have (machines/eie/README.md, last table).
    """
    for job, _ in jobs:
        refuse(config, job.image, job.plan)
    longest = max((len(job.plan) for job, _ in jobs), default=1)
    return rtl_parameters(config, longest, counters, trace)


def bound(config: EieConfig, job: LayerJob) -> int:
    """Cycles of a layer with every activation non-zero."""
    dense = replace(job, activations=np.ones_like(job.activations))
    return int(run(config, dense).counters.cycles)


def script(
    config: EieConfig, jobs: Jobs, counters: bool, filled: Collection[int] = ()
) -> list[str]:
    """Load, run and read back one layer after the other.

    Parameters
    ----------
    filled : numbers of the layers whose weight memories are filled at once
    """
    lines: list[str] = []
    place = images.Placement()
    for number, (job, chained) in enumerate(jobs):
        place = images.place(config, job.image, job.plan, place.store_base if chained else 0)
        lines += [
            *images.weight_lines(config, job.image, number if number in filled else None),
            *images.layer_lines(config, job, job.plan, place, chained),
            *images.read_lines(config, job.image, job.plan, place, counters),
        ]
    return lines


def fill(config: EieConfig, job: LayerJob) -> dict[str, str]:
    """Both weight memories as ``$readmemh`` texts, PE after PE."""
    pointers = images.pointer_words(job.image).ravel().tolist()
    lines = images.spmat_lines(config, job.image)
    return {
        "pointers": images.hex_file(pointers),
        "spmat": images.hex_file(line for pe in lines for line in pe),
    }


def read_back(
    config: EieConfig, job: LayerJob, counters: bool, take: Take
) -> tuple[IntArray | None, dict[str, int | IntArray] | None]:
    """Accumulators before ReLU, (n_outputs,) int64, and counters; None where a bit is unknown."""
    words = take(images.out_rows(config, job.image) * config.n_pe)
    outputs = None
    if words is not None:
        rows = images.signed(config, words).reshape(config.n_pe, -1)
        outputs = rows.T.ravel()[: job.image.n_outputs]
    if not counters:
        return outputs, None
    n_ccu, n_pe = len(CCU_COUNTERS), len(PE_COUNTERS)
    counts = take(n_ccu + n_pe * config.n_pe)
    if counts is None:
        return outputs, None
    ccu: dict[str, int | IntArray] = dict(zip(CCU_COUNTERS, counts[:n_ccu].tolist(), strict=True))
    return outputs, ccu | dict(
        zip(PE_COUNTERS, counts[n_ccu:].reshape(config.n_pe, n_pe).T, strict=True)
    )


def told(config: EieConfig, job: LayerJob, outputs: IntArray, counters: Counters) -> list[int]:
    """The words that `script` must read: register-file words of the outputs, then counters."""
    words = images.by_pe(config, outputs) & ((1 << config.register_bits) - 1)
    ccu = [int(getattr(counters, name)) for name in CCU_COUNTERS]
    pes = np.stack([getattr(counters, name) for name in PE_COUNTERS], axis=1)
    return [*words.ravel().tolist(), *ccu, *pes.ravel().tolist()]
