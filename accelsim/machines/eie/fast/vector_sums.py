"""The sums of many vectors through one image: the kernels that take them, and what these read."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.formats import LayerImage
from accelsim.formats.column_table import Bytes
from accelsim.kernels.lanes import COPIED
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob
from accelsim.machines.eie.fast.kernels import gather, sums
from accelsim.machines.eie.kept import kept_with_image

IntArray = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

_MOST_SHORT_BITS = 16  # of an accumulator, for the kernel of integers of 16 bits


class VectorSums:
    """What the vectors of a convolution share.

    Attributes
    ----------
    fits : whether a sum and a product together fit 31 bits, and an activation 16; else no kernel
        takes them
    short : whether weights, products and sums fit 16 bits
    """

    def __init__(self, config: EieConfig, job: ConvJob) -> None:
        one, maps, geometry = job.one, job.pixels.maps, job.geometry
        starts, columns, codes = _by_rows(
            one.image, geometry.in_channels, one.image.n_inputs // geometry.n_positions)
        memory = np.empty(maps.size + 2 * COPIED, np.int16)
        self._maps = memory[: maps.size].reshape(maps.shape[::-1])
        activation = max(int(gather.turn(maps, self._maps)), one.bias_activation)
        weight, half = int(np.abs(one.codebook).max()), (1 << one.shift) >> 1
        product, limit = weight * activation + half, 1 << config.accumulator_bits
        self.fits = activation < 1 << 15 and product + limit < 1 << 31
        self._bias = np.int16(one.bias_activation if self.fits else 0)
        start = np.zeros(one.image.n_outputs, np.int64) if one.bias is None else one.bias
        self._rules = start, one.shift, config.accumulator_bits
        self.short = (config.accumulator_bits <= _MOST_SHORT_BITS and 1 < one.shift < 31
                      and weight < 1 << 15 and len(self._maps) * geometry.n_positions < 1 << 15
                      and one.rows_per_table is None)
        if self.short and self.fits:
            most = (1 << 15 + one.shift) - (1 << one.shift) - 1
            self.short = product <= most or _largest_product(job, columns, codes) + half <= most
        self._matrix: tuple[npt.NDArray[Any], ...] = (
            starts, columns, codes, one.codebook.astype(np.int16))
        if not self.short:
            rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
            self._matrix = starts, columns, one.decoded(rows, codes).astype(np.int32)

    def add(self, addresses: Int32, totals: npt.NDArray[Any], saturations: IntArray) -> None:
        """Write the sums (n_outputs, n_vectors), of 16 bits if ``short``, and add the saturations
        (n_pe,) of some vectors."""
        add = sums.add_short_products if self.short else sums.add_products
        add(self._maps, addresses, self._bias, *self._matrix, *self._rules, totals, saturations)


def _largest_product(job: ConvJob, columns: Int32, codes: Bytes) -> int:
    """Of a weight and any activation of its channel: the largest of all need not meet."""
    one = job.one
    channels = np.append(np.tile(np.abs(job.pixels.maps).max(axis=0), job.geometry.n_positions),
                         one.bias_activation)
    return int((np.abs(one.codebook)[codes] * channels[columns]).max(initial=0))


@kept_with_image
def _by_rows(image: LayerImage, channels: int, width: int) -> tuple[IntArray, Int32, Bytes]:
    """Row starts, columns and codes of the matrix by rows, without the columns that fill register
    rows; the bias is the last column."""
    matrix = image.nonzeros
    starts = matrix.column_starts
    image_columns = np.repeat(np.arange(len(starts) - 1, dtype=np.int64), np.diff(starts))
    position, channel = np.divmod(image_columns, width)
    columns = position * channels + channel
    rows = matrix.rows
    if image.n_outputs <= 1 << 16:
        rows = rows.astype(np.uint16)  # NumPy sorts these by their digits
    order = np.argsort(rows, kind="stable")  # columns ascend already
    row_starts = np.zeros(image.n_outputs + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=image.n_outputs), out=row_starts[1:])
    return row_starts, columns[order].astype(np.int32), matrix.codes[order]
