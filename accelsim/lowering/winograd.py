"""Winograd's F(2x2, 3x3): a convolution as 16 products of a matrix and a vector for four outputs.

Four neighbouring outputs see 4 x 4 pixels d and 3 x 3 weights g: Y = A' [(G g G') * (B' d B)] A,
element by element inside of the brackets, where the sum over the channels makes each of the 16
elements a product of a matrix and a vector (Winograd 1980; Lavin and Gray, CVPR 2016, sec. 4.1).
B and A hold 0, 1 and -1 alone, so that what they do to integers is exact.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.lowering.im2col import Gather, gather
from accelsim.records import Geometry

IntArray = npt.NDArray[np.int64]

OF_INPUTS = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
OF_WEIGHTS = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
OF_OUTPUTS = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])

ELEMENTS = 16
"""Products for four outputs."""
BIASED = 5
"""The element whose sums are added to all four outputs with a plus: a bias goes with it."""
INPUT_ADDITIONS, OUTPUT_ADDITIONS = 32, 24
"""Of one channel of a tile: eight rows or columns of four each; and of one of its outputs: six of
four (two of its additions to a row, four rows of A' M, two columns)."""
GROWTH_BITS = 2
"""A transformed activation is a sum of four."""


def why_not(geometry: Geometry) -> str:
    """What a convolution lacks for F(2x2, 3x3), in words; empty where it has one."""
    for what, has, needs in (("a kernel", geometry.kernel, (3, 3)),
                             ("a stride", geometry.stride, (1, 1)),
                             ("a dilation", geometry.dilation, (1, 1))):
        if has != needs:
            return (f"{what} of {needs[0]} x {needs[1]}, this one has "
                    f"{what.removeprefix('a ')} {has[0]} x {has[1]}")
    return ""


def elements_geometry(geometry: Geometry) -> Geometry:
    """That of the transformed weights: a kernel position an element."""
    return replace(geometry, kernel=(4, 4), stride=(2, 2))


def transformed_weights(weights: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """(out, 16 * in / groups) float32 from (out, in / groups, 3, 3), element by element."""
    g = np.asarray(weights, np.float64)
    whole = np.einsum("ik,ockl,jl->oijc", OF_WEIGHTS, g, OF_WEIGHTS)
    return np.ascontiguousarray(whole.reshape(len(g), -1), np.float32)


def tiles(geometry: Geometry, images: npt.NDArray[Any]) -> Gather:
    """The 4 x 4 pixels of every tile: zeros where they are in the padding or behind the last
    output; arguments as of `accelsim.lowering.im2col.gather`."""
    height, width = geometry.output_size(*images.shape[2:])
    (top, bottom), (left, right) = geometry.padding
    around = (top, bottom + height % 2), (left, right + width % 2)
    return gather(replace(elements_geometry(geometry), padding=around), images)


def transformed_inputs(pixels: IntArray) -> IntArray:
    """(n_tiles, 16, channels) from (n_tiles, 16 * channels) of `tiles`."""
    d = pixels.reshape(len(pixels), 4, 4, -1)
    whole = np.einsum("ik,nklc,jl->nijc", OF_INPUTS, d, OF_INPUTS, optimize=True)
    return np.ascontiguousarray(whole.reshape(len(d), ELEMENTS, -1))


def transformed_outputs(sums: IntArray, gathered: Gather, size: tuple[int, int]) -> IntArray:
    """(pixels, out), output row by output row, from (16, n_tiles, out).

    Parameters
    ----------
    gathered : the `tiles`
    size : (rows, columns) of an image's outputs; what tiles have beyond them is dropped
    """
    _, n_tiles, out = sums.shape
    m = sums.reshape(4, 4, n_tiles, out)
    y = np.einsum("ik,klno,jl->nijo", OF_OUTPUTS, m, OF_OUTPUTS, optimize=True)
    high, wide = gathered.output_size
    whole = y.reshape(gathered.n_images, high, wide, 2, 2, out).transpose(0, 1, 3, 2, 4, 5)
    whole = whole.reshape(gathered.n_images, 2 * high, 2 * wide, out)
    return np.ascontiguousarray(whole[:, : size[0], : size[1]]).reshape(-1, out)
