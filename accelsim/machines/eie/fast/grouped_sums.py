"""Sums of one vector by groups of rows, where the machine that simulates can: `kernels.grouped`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.formats import LayerImage
from accelsim.kernels import groups
from accelsim.machines.eie.fast.kernels import grouped
from accelsim.machines.eie.kept import kept_with_image

IntArray = npt.NDArray[np.int64]

_FEW = 2  # entries of a group: with fewer, one by one is as quick
_BEFORE = 1  # runs of an image: to compile and to group takes longer than one gains
_ROWS = 64


def fits(image: LayerImage, n_codes: int, accumulator_bits: int) -> bool:
    """Whether these kernels take a layer of one table, and are quicker; counts its runs."""
    runs = _runs(image)
    runs[0] += 1
    n_groups = -(-image.n_outputs // _ROWS) * image.n_columns
    return (groups.AVAILABLE and runs[0] > _BEFORE
            and n_codes <= groups.TABLE and accumulator_bits <= 16
            and len(image.nonzeros.rows) >= _FEW * n_groups)


def add_columns(
    image: LayerImage, columns: IntArray, activations: IntArray, codebook: IntArray, shift: int,
    high: int, sums: npt.NDArray[np.signedinteger[npt.NBitBase]],
) -> int:
    """Add the first ``columns`` to ``sums`` (n_outputs,), whose magnitudes are at most ``high``:
    how many, those before which no sum can have saturated."""
    masks, codes = _grouped(image)
    held = np.zeros(_ROWS * masks.shape[1], np.int16)
    held[: len(sums)] = sums
    # Of each 16 rows the first eight stand before the others: a group is 2 x 4 x 8.
    turned = np.ascontiguousarray(held.reshape(-1, 4, 2, 8).transpose(0, 2, 1, 3)).reshape(-1)
    done = grouped.accumulate_groups(
        image.nonzeros.column_starts, masks, codes, columns, activations, codebook, shift, high,
        turned)
    sums[:] = turned.reshape(-1, 2, 4, 8).transpose(0, 2, 1, 3).reshape(-1)[: len(sums)]
    return int(done)


@kept_with_image
def _runs(image: LayerImage) -> list[int]:
    """How often its sums have been asked for."""
    return [0]


@kept_with_image
def _grouped(image: LayerImage) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint8]]:
    matrix = image.nonzeros
    masks = np.empty((len(matrix.column_starts) - 1, -(-image.n_outputs // _ROWS)), np.uint64)
    codes = np.empty(len(matrix.rows) + _ROWS, np.uint8)
    grouped.group_codes(matrix.column_starts, matrix.rows, matrix.codes, masks, codes)
    return masks, codes
