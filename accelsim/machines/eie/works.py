"""Every kind of work that EIE takes, as the job that its tellings are given."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from accelsim.compression.binary_points import ById
from accelsim.errors import InputError, nearest
from accelsim.lowering.im2col import gather, in_register_rows, pixel_width
from accelsim.machines.eie import job as vectors
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob
from accelsim.machines.eie.job import LayerJob
from accelsim.numeric import fixed_point_integers, real_values
from accelsim.records import BinaryPoints, CompressedConv, CompressedLayer, Geometry

LOWERINGS = ("im2col",)
"""How a convolution becomes products of a matrix and vectors."""


def make_job(
    config: EieConfig, packed: CompressedLayer | CompressedConv, activations: npt.ArrayLike,
    binary_points: BinaryPoints | None = None, lowering: str = "auto", fixed_point: bool = False,
) -> LayerJob | ConvJob:
    """A layer and one input vector, or a convolution and its images, as integers.

    Parameters
    ----------
    activations : (n_inputs,), of a convolution (in, rows, columns) or (n, in, rows, columns);
        numbers, which are quantised
    binary_points : None chooses them (`accelsim.compression.binary_points`)
    lowering : of a convolution: one of `LOWERINGS`, or "auto", the fastest of them
    fixed_point : the activations are integers with ``input_frac_bits`` already

    Raises
    ------
    InputError
        If shapes, widths or binary points do not fit, or there is no such lowering.
    CapacityError
        If the layer does not fit and ``capacity`` is "check".
    """
    if lowering not in ("auto", *LOWERINGS):
        raise InputError(f"{packed.name}: no lowering '{lowering}'"
                         f"{nearest(str(lowering), ('auto', *LOWERINGS))}")
    if isinstance(packed, CompressedConv):
        return conv_job(config, packed, activations, binary_points, fixed_point)
    if lowering != "auto":
        raise InputError(f"{packed.name}: lowering is for convolutions; a layer is one matrix and "
                         f"one vector already")
    return vectors.make_job(config, packed, activations, binary_points, fixed_point)


def conv_job(
    config: EieConfig, packed: CompressedConv, image: npt.ArrayLike,
    binary_points: BinaryPoints | None = None, fixed_point: bool = False,
) -> ConvJob:
    """A convolution and its images by im2col (contract V1 to V6); errors as in `make_job`."""
    geometry = packed.geometry
    what = f"{packed.name}: activations"
    given = (fixed_point_integers(what, image, config.activation_bits) if fixed_point
             else real_values(what, image))
    images = geometry.images(packed.name, given)
    points, integers = vectors.settled(config, packed.layer, images, binary_points, fixed_point)
    pixels = gather(geometry, integers)
    matrix = matrix_of(ById(packed.layer), geometry, config.n_pe)
    nothing = np.zeros(matrix.n_inputs, np.int64)
    one = vectors.of_integers(config, matrix, nothing, points, (images, integers), gathered=True)
    return ConvJob(
        one, pixels, geometry, given.ndim == 4, name=packed.name, frac_bits=one.frac_bits,
        provenance=one.provenance, lowering="im2col", losses=one.losses,
        notes=_notes(config, packed, images.shape, pixels.output_size),
    )


@lru_cache(maxsize=32)
def matrix_of(packed: ById, geometry: Geometry, n_pe: int) -> CompressedLayer:
    """The matrix of a convolution, its columns in register rows; the last few are kept."""
    return in_register_rows(packed.layer, geometry, n_pe)


def _notes(
    config: EieConfig, packed: CompressedConv, shape: tuple[int, ...], size: tuple[int, int]
) -> tuple[str, ...]:
    """What is to be said of maps that the published memories do not hold (contract V5)."""
    _, _, height, width = shape
    geometry, n_pe = packed.geometry, config.n_pe
    rows = (height * width + 1) * (pixel_width(geometry, n_pe) // n_pe)
    rows += size[0] * size[1] * -(-geometry.out_channels // n_pe)
    if config.capacity == "ignore" or rows <= config.act_sram_words:
        return ()
    kb = rows * config.register_bits / 8192
    return (f"{packed.name}: an image's maps take {kb:.1f} KB a PE, its activation SRAM holds "
            f"{config.act_sram_kb:g} KB; they are taken to stand in a buffer that gives and takes "
            f"one register row a cycle (contract V5)",)
