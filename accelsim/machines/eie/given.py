"""A convolution's images as every lowering is given them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from accelsim.machines.eie import job as vectors
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import IntArray
from accelsim.machines.eie.sizes import map_rows
from accelsim.numeric import fixed_point_integers, real_values
from accelsim.records import BinaryPoints, CompressedConv


@dataclass(frozen=True, eq=False)
class Images:
    """(n, in, rows, columns) images.

    Attributes
    ----------
    values : as they were given; integers of the inputs' binary point if ``fixed``
    integers : of ``points``, as the scan reads them
    several : whether they have an axis of their own
    map_rows : register rows of one image's maps, before and after
    """

    values: npt.NDArray[Any]
    integers: IntArray
    points: BinaryPoints
    several: bool
    fixed: bool
    map_rows: int


def given_images(
    config: EieConfig, packed: CompressedConv, image: npt.ArrayLike,
    binary_points: BinaryPoints | None, fixed_point: bool,
) -> Images:
    """Checked and quantised; arguments and errors as of `accelsim.machines.eie.works.make_job`."""
    what = f"{packed.name}: activations"
    given = (fixed_point_integers(what, image, config.activation_bits) if fixed_point
             else real_values(what, image))
    images = packed.geometry.images(packed.name, given)
    points, integers = vectors.settled(config, packed.layer, images, binary_points, fixed_point)
    rows = map_rows(packed.geometry, config.n_pe, (images.shape[2], images.shape[3]))
    return Images(images, integers, points, given.ndim == 4, fixed_point, rows)
