"""What a host does with ``rtl/eie/eie_array.v``: load layers, run them, read back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from accelsim.errors import InputError, UnsupportedError
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob, MapsJob
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.fast.run import run
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.rtl import images
from accelsim.machines.eie.rtl.gathering import (
    MapPlacement,
    check_follows,
    gather_lines,
    map_lines,
    place_maps,
)
from accelsim.machines.eie.rtl.params import (
    CCU_COUNTERS,
    PE_COUNTERS,
    RtlParameters,
    refuse,
    rtl_parameters,
)
from accelsim.machines.eie.rtl.program import Part, memories, program_lines, sequence_parts
from accelsim.machines.eie.sequence import SequenceJob
from accelsim.machines.rtl import Take

Work: TypeAlias = LayerJob | ConvJob | SequenceJob
"""What one start runs."""

Jobs: TypeAlias = Sequence[tuple[Work, images.Chained | None]]
"""In order, each with how it reads what the one before left."""


def parameters(
    config: EieConfig, jobs: Jobs, counters: bool = True, trace: bool = False
) -> RtlParameters:
    """The array that runs these layers.

    Raises
    ------
    InputError
        If a layer cannot read what the one before it leaves.
    UnsupportedError
        Naming the setting that the RTL does not have (machines/eie/README.md, last table).
    """
    for job, _ in jobs:
        for layer in _layers(job):
            refuse(config, layer.image, layer.plan)
    longest = max((sum(len(layer.plan) for layer in _layers(job)) for job, _ in jobs), default=1)
    maps = [place.words for place in places(config, jobs) if isinstance(place, MapPlacement)]
    return rtl_parameters(config, longest, counters, trace, max(maps, default=None))


def places(config: EieConfig, jobs: Jobs) -> Iterator[images.Placement]:
    """Where inputs, outputs and biases of each layer lie; one that is chained reads the outputs of
    one before it, which nothing is written over until then. Of layers in sequence: the last one's.

    Raises
    ------
    InputError
        If it cannot.
    """
    before: list[Work] = []
    found: list[images.Placement] = []
    for number, (job, chained) in enumerate(jobs):
        sources: list[images.Placement] = []
        if chained and isinstance(job, SequenceJob):
            raise InputError(f"{job.name}: layers in sequence read inputs of their own")
        if chained and not isinstance(job, SequenceJob):
            check_follows(config, job, before, chained.reads)
            sources = [found[number - back] for back in chained.reads]
        if isinstance(job, ConvJob):
            read = [place for place in sources if isinstance(place, MapPlacement)]
            place: images.Placement = place_maps(config, job, read, [
                kept.region for index, kept in enumerate(found)
                if isinstance(kept, MapPlacement) and _last_read(jobs, index) > number])
        elif isinstance(job, SequenceJob):
            place = sequence_parts(config, job)[-1].place
        else:
            base = sources[0].store_base if sources else 0
            place = images.place(config, job.image, job.plan, base)
        before.append(job)
        found.append(place)
        yield place


def _last_read(jobs: Jobs, index: int) -> int:
    """Number of the last layer that reads what layer ``index`` leaves; -1: there is none."""
    return max((number for number, (_, chained) in enumerate(jobs)
                if chained and number - index in chained.reads), default=-1)


def bound(config: EieConfig, job: Work) -> int:
    """Cycles of a layer with every activation non-zero."""
    if isinstance(job, SequenceJob):
        return sum(bound(config, layer) for layer in job.layers)
    if isinstance(job, ConvJob):
        pixels = replace(job.pixels, maps=np.ones_like(job.pixels.maps))
        return int(run(config, replace(job, pixels=pixels)).counters.cycles)
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
    pes = range(config.n_pe)
    for number, ((job, chained), place) in enumerate(zip(jobs, places(config, jobs), strict=True)):
        parts = _parts(config, job, place, chained)
        lines += images.weight_lines(*memories(config, parts),
                                     number if number in filled else None)
        lines += program_lines(config, parts)
        first, last = parts[0], parts[-1]
        if isinstance(job, ConvJob):
            assert isinstance(place, MapPlacement)
            lines += gather_lines(config, job, place)
            lines += map_lines(config, job, place, chained is not None)
        elif chained is None:
            lines += images.activation_lines(config, first.job, first.job.plan, first.place, pes)
        lines += [images.START,
                  *images.output_lines(config, last.job, last.place, pes, _n_vectors(job))]
        lines += images.counter_lines(config) if counters else []
    return lines


def fill(config: EieConfig, job: Work) -> dict[str, str]:
    """Both weight memories as ``$readmemh`` texts, PE after PE."""
    words, lines = memories(config, _parts(config, job))
    return {
        "pointers": images.hex_file(words.ravel().tolist()),
        "spmat": images.hex_file(line for pe in lines for line in pe),
    }


def read_back(
    config: EieConfig, job: Work, counters: bool, take: Take
) -> tuple[IntArray | None, dict[str, int | IntArray] | None]:
    """Accumulators before ReLU, (n_outputs,) or (n_vectors, n_outputs) int64, and counters; None
    where a bit is unknown."""
    image, n_vectors = _layers(job)[-1].image, _n_vectors(job)
    words = take(n_vectors * images.out_rows(config, image) * config.n_pe)
    outputs = None
    if words is not None:
        rows = images.signed(config, words).reshape(config.n_pe, n_vectors, -1)
        outputs = rows.transpose(1, 2, 0).reshape(n_vectors, -1)[:, : image.n_outputs]
        outputs = outputs if isinstance(job, ConvJob) else outputs[0]
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


def told(config: EieConfig, job: Work, outputs: IntArray, counters: Counters) -> list[int]:
    """The words that `script` must read: register-file words of the outputs, then counters."""
    rows = np.stack([images.by_pe(config, vector) for vector in np.atleast_2d(outputs)], axis=1)
    words = rows & ((1 << config.register_bits) - 1)
    ccu = [int(getattr(counters, name)) for name in CCU_COUNTERS]
    pes = np.stack([getattr(counters, name) for name in PE_COUNTERS], axis=1)
    return [*words.ravel().tolist(), *ccu, *pes.ravel().tolist()]


def _parts(
    config: EieConfig, job: Work, place: images.Placement | None = None,
    chained: images.Chained | None = None,
) -> list[Part]:
    """The layers of a start, with where they lie (of one: if that is asked for)."""
    if isinstance(job, SequenceJob):
        return sequence_parts(config, job)
    (layer,) = _layers(job)
    return [Part(layer, place or images.Placement(), chained, isinstance(job, ConvJob))]


def _layers(job: LayerJob | MapsJob | SequenceJob) -> tuple[LayerJob, ...]:
    """What is in the weight memories."""
    if isinstance(job, SequenceJob):
        return job.layers
    if isinstance(job, LayerJob):
        return (job,)
    if not isinstance(job, ConvJob) or job.lowering != "im2col":
        raise UnsupportedError(f"{job.name}: the RTL runs convolutions by im2col, not by "
                               f"'{job.lowering}'; take lowering='im2col'")
    return (job.one,)


def _n_vectors(job: Work) -> int:
    return job.n_vectors if isinstance(job, ConvJob) else 1
