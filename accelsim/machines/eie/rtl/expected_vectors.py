"""What the Verilog array must do in every cycle of a layer, or of a convolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob, added
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.rtl.expected import expected_run
from accelsim.machines.eie.rtl.gathering import (
    MapPlacement,
    pixel_rows,
    place_maps,
    row_addresses,
)
from accelsim.machines.eie.rtl.images import Placement
from accelsim.machines.eie.rtl.params import RtlParameters
from accelsim.machines.eie.rtl.program import sequence_parts
from accelsim.machines.eie.sequence import SequenceJob, summed
from accelsim.records.result import JobResult

Span = tuple[JobResult, dict[str, IntArray]]
"""The reference's result of some cycles, and their trace."""


def spans(
    config: EieConfig, job: LayerJob | ConvJob | SequenceJob, parameters: RtlParameters,
    place: Placement | None = None,
) -> Iterator[Span]:
    """A layer, or a convolution vector by vector (contract V1 to V4), outputs (1, n_outputs) each,
    or layers in sequence (N1), of which the last has outputs.

    Parameters
    ----------
    place : where its vectors or maps lie; None: where those of a layer alone do
    """
    if isinstance(job, SequenceJob):
        parts = sequence_parts(config, job)
        for part in parts:
            last = part is parts[-1]
            result, fields = expected_run(config, part.job, parameters, part.place,
                                          followed=not last)
            assert result.outputs is not None
            yield replace(result, outputs=result.outputs if last else result.outputs[:0]), fields
        return
    if not isinstance(job, ConvJob):
        yield expected_run(config, job, parameters, place)
        return
    place = place or place_maps(config, job)
    assert isinstance(place, MapPlacement)
    rows = pixel_rows(config, job.geometry.out_channels)
    for index, loaded in enumerate(row_addresses(config, job, place)):
        here = replace(place, store_base=place.store_base + index * rows)
        result, fields = expected_run(config, job.vector_job(index), parameters, here, loaded,
                                      followed=index + 1 < job.n_vectors)
        assert result.outputs is not None
        yield replace(result, outputs=result.outputs[None]), fields


def expected(
    config: EieConfig, job: LayerJob | ConvJob | SequenceJob, parameters: RtlParameters,
    place: Placement | None = None,
) -> Span:
    """All of it at once."""
    if isinstance(job, LayerJob):
        return expected_run(config, job, parameters, place)
    results, fields = zip(*spans(config, job, parameters, place), strict=True)
    whole = {name: np.concatenate([one[name] for one in fields]) for name in fields[0]}
    return summed(results) if isinstance(job, SequenceJob) else added(results), whole
