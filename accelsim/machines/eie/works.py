"""Every kind of work that EIE takes, as the job that its tellings are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import (
    AccelsimError,
    CapacityError,
    InputError,
    LoweringError,
    UnsupportedError,
)
from accelsim.lowering.ways import AUTO, DEFAULT, check_way
from accelsim.machines.eie import job as vectors
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import BatchJob, MapsJob
from accelsim.machines.eie.given import Images, given_images
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.spread import im2col_job, pixels_job, shifted_job
from accelsim.machines.eie.winograd import winograd_job
from accelsim.records import BinaryPoints, CompressedConv, CompressedLayer, Geometry

LOWERINGS: Mapping[str, Callable[[EieConfig, CompressedConv, Images], MapsJob]] = {
    "im2col": im2col_job, "shifted": shifted_job, "winograd": winograd_job, "pixels": pixels_job,
}
"""How a convolution becomes products of matrices and vectors (README.md)."""


def make_job(
    config: EieConfig, packed: CompressedLayer | CompressedConv, activations: npt.ArrayLike,
    binary_points: BinaryPoints | None = None, lowering: str | None = None,
    fixed_point: bool = False,
) -> LayerJob | MapsJob:
    """A layer and one input vector, or a convolution and its images, as integers.

    Parameters
    ----------
    activations : (n_inputs,), or (vectors, n_inputs) one after the other; of a convolution (in,
        rows, columns) or (n, in, rows, columns); numbers, which are quantised
    binary_points : None chooses them (`accelsim.compression.binary_points`)
    lowering : of a convolution: one of `LOWERINGS`; "auto" tries each and takes the fastest; None
        is im2col
    fixed_point : the activations are integers with ``input_frac_bits`` already

    Raises
    ------
    InputError
        If shapes, widths or binary points do not fit, or there is no such lowering.
    CapacityError
        If the layer does not fit and ``capacity`` is "check".
    UnsupportedError
        If the convolution cannot be lowered so; the message says why.
    """
    if lowering is not None:
        check_way(packed.name, lowering)
    if isinstance(packed, CompressedConv):
        if config.rows == "blocked":
            raise UnsupportedError(f"{packed.name}: rows='blocked' is for matrices, not for "
                                   f"convolutions; use rows='interleaved'")
        given = given_images(config, packed, activations, binary_points, fixed_point)
        if lowering == AUTO:
            return _fastest(config, packed, given)
        return LOWERINGS[lowering or DEFAULT](config, packed, given)
    if lowering not in (None, AUTO):
        raise InputError(f"{packed.name}: lowering is for convolutions; a layer is one matrix and "
                         f"one vector already")
    if np.ndim(activations) == 2 and len(np.asarray(activations)) > 1:
        return _batch_job(config, packed, np.asarray(activations), binary_points, fixed_point)
    return vectors.make_job(config, packed, activations, binary_points, fixed_point)


def _batch_job(
    config: EieConfig, packed: CompressedLayer, inputs: npt.NDArray[Any],
    binary_points: BinaryPoints | None, fixed_point: bool,
) -> BatchJob:
    """Vectors through one layer: as a convolution of one position, a vector a pixel."""
    if inputs.shape[1] != packed.n_inputs:
        raise InputError(f"{packed.name}: inputs have shape {inputs.shape}; need (vectors, "
                         f"{packed.n_inputs})")
    geometry = Geometry(packed.n_outputs, packed.n_inputs, (1, 1), name=packed.name)
    conv = CompressedConv(packed, geometry)
    given = given_images(config, conv, inputs.T[:, None, :], binary_points, fixed_point)
    return BatchJob(**vars(im2col_job(config, conv, given)))


def _fastest(config: EieConfig, packed: CompressedConv, given: Images) -> MapsJob:
    """Each lowering tried, by the fast telling's cycles; of two equal ones the first."""
    # Late: it imports Numba, which jobs do without.
    from accelsim.machines.eie.fast.run import run

    tried: dict[str, int | str] = {}
    best: MapsJob | None = None
    least = 0
    problem: AccelsimError | None = None
    for name, make in LOWERINGS.items():
        try:
            job = make(config, packed, given)
        except (UnsupportedError, CapacityError) as refused:
            problem = problem or refused
            tried[name] = refused.short if isinstance(refused, LoweringError) else "does not fit"
            continue
        cycles = int(run(config, job, outputs=False).counters.cycles)
        tried[name] = cycles
        if best is None or cycles < least:
            best, least = job, cycles
    if best is None:
        assert problem is not None
        raise problem
    return replace(best, tried=tried)
