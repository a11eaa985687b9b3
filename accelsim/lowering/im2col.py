"""A convolution as one matrix and many vectors: a row an output channel, a vector a pixel.

Columns go kernel position by kernel position, the channels of a position side by side. A map is
kept pixel by pixel, each in register rows of its own (a row is one activation of every PE), so a
vector is a list of pixels, and gathering it copies whole rows. Behind the last pixel of a map
stands one of zeros: what a position in the padding reads. Groups share the vectors; a weight
stands in the column of its own channel, so the matrix of a grouped convolution is block diagonal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.records import CompressedLayer, CscMatrix, Geometry

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Gather:
    """Which pixels make which vector.

    Attributes
    ----------
    maps : (n * rows * columns + 1, in) the pixels of all images, and behind them one of zeros
    addresses : (n_vectors, kernel positions) int32 pixels
    output_size : (rows, columns) of an image's outputs; ``n_images`` of them
    input_size : (rows, columns) of an image
    """

    maps: npt.NDArray[Any]
    addresses: npt.NDArray[np.int32]
    output_size: tuple[int, int]
    n_images: int
    input_size: tuple[int, int]

    @property
    def n_vectors(self) -> int:
        """Pixels of the outputs of all images."""
        return len(self.addresses)

    @property
    def width(self) -> int:
        """Activations of a vector, those that fill register rows not counted."""
        return int(self.addresses.shape[1] * self.maps.shape[1])

    def vectors(self, first: int, end: int) -> npt.NDArray[Any]:
        """(end - first, positions * in) the vectors ``first`` to ``end``."""
        taken = self.maps[self.addresses[first:end]]
        return taken.reshape(end - first, self.width)

    def parts(self, most_values: int) -> Iterator[tuple[int, int]]:
        """Spans of vectors that hold at most so many values, or one vector."""
        step = max(1, most_values // self.width)
        for first in range(0, self.n_vectors, step):
            yield first, min(first + step, self.n_vectors)


def gather(geometry: Geometry, images: npt.NDArray[Any]) -> Gather:
    """The vectors of some images.

    Parameters
    ----------
    images : (n, in, rows, columns), as `Geometry.images` gives them

    Raises
    ------
    InputError
        If the kernel is larger than the padded map.
    """
    n, channels, height, width = images.shape
    rows, columns = geometry.output_size(height, width)
    maps = np.zeros((n * height * width + 1, channels), images.dtype)
    maps[:-1] = images.transpose(0, 2, 3, 1).reshape(-1, channels)
    y, y_inside = _reached(geometry, 0, rows, height)
    x, x_inside = _reached(geometry, 1, columns, width)
    # Axes: image, output row, output column, kernel row, kernel column.
    pixel = y[:, None, :, None] * width + x[None, :, None, :]
    inside = y_inside[:, None, :, None] & x_inside[None, :, None, :]
    every = pixel + np.arange(n).reshape(n, 1, 1, 1, 1) * (height * width)
    addresses = np.where(inside, every, n * height * width).astype(np.int32)
    return Gather(maps, addresses.reshape(n * rows * columns, -1), (rows, columns), n,
                  (height, width))


def _reached(
    geometry: Geometry, axis: int, outputs: int, size: int
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """(outputs, kernel) places of a map along one axis, and whether they lie inside of it."""
    place = (
        np.arange(outputs)[:, None] * geometry.stride[axis] - geometry.padding[axis][0]
        + np.arange(geometry.kernel[axis])[None, :] * geometry.dilation[axis]
    )
    return place, (place >= 0) & (place < size)


def pixel_width(geometry: Geometry, n_pe: int) -> int:
    """Columns of a kernel position: its channels, up to a whole register row."""
    return -(-geometry.in_channels // n_pe) * n_pe


def in_register_rows(packed: CompressedLayer, geometry: Geometry, n_pe: int) -> CompressedLayer:
    """The matrix with every kernel position's columns beginning at a register row of their own."""
    channels, width = geometry.in_channels, pixel_width(geometry, n_pe)
    if width == channels:
        return packed
    matrix, n_inputs = packed.matrix, geometry.n_positions * width
    counts = np.zeros((geometry.n_positions, width), np.int64)
    own = np.diff(matrix.column_starts)
    counts[:, :channels] = own[: packed.n_inputs].reshape(-1, channels)
    starts = np.concatenate([[0], np.cumsum(counts), own[packed.n_inputs :]])
    starts[n_inputs + 1 :] += starts[n_inputs]
    return replace(packed, matrix=CscMatrix(
        (packed.n_outputs, len(starts) - 1), starts, matrix.rows, matrix.values))


def in_register_row_order(
    vectors: npt.NDArray[Any], geometry: Geometry, n_pe: int
) -> npt.NDArray[Any]:
    """(n, positions * in) vectors as the columns of `in_register_rows`: zeros fill the rows."""
    width = pixel_width(geometry, n_pe)
    if width == geometry.in_channels:
        return vectors
    shape = len(vectors), geometry.n_positions, geometry.in_channels
    spread = np.zeros((*shape[:2], width), vectors.dtype)
    spread[:, :, : shape[2]] = vectors.reshape(shape)
    return spread.reshape(len(vectors), -1)


def block_diagonal(packed: CompressedLayer, geometry: Geometry) -> CscMatrix:
    """The matrix over all channels, from one whose columns are the channels of a group.

    Parameters
    ----------
    packed : n_inputs are kernel positions * in / groups; rows in the layer's order
    """
    matrix, inside = packed.matrix, geometry.group_inputs
    if geometry.groups == 1:
        return matrix
    columns, bias = matrix.columns, matrix.columns >= packed.n_inputs
    position, channel = np.divmod(columns, inside)
    group = matrix.rows // geometry.group_outputs
    placed = position * geometry.in_channels + group * inside + channel
    n_inputs = geometry.n_positions * geometry.in_channels
    placed[bias] = n_inputs
    order = np.lexsort((matrix.rows, placed))
    n_columns = n_inputs + packed.has_bias
    starts = np.searchsorted(placed[order], np.arange(n_columns + 1)).astype(np.int64)
    return CscMatrix((packed.n_outputs, n_columns), starts, matrix.rows[order],
                     matrix.values[order])
