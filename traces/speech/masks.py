"""Which weights stay. Every gate's two matrices are pruned by themselves, to the same density.

`weights` is (512, 256), [W_ih, W_hh] with rows i, f, g, o: eight matrices of 128 x 128.
"""

import numpy as np

N_PE = 32       # ESE's PEs of a channel: row i of a matrix belongs to PE i mod 32
N_BANKS = 8     # of a row, bank-balanced
SIDE = 128
BLOCK = 4       # rows and columns of a block


def largest(magnitudes: np.ndarray, n_kept: int) -> np.ndarray:
    """Mask of the ``n_kept`` largest in every row of a 2-D array."""
    order = np.argsort(-magnitudes, axis=1, kind="stable")[:, :n_kept]
    mask = np.zeros(magnitudes.shape, bool)
    np.put_along_axis(mask, order, True, axis=1)
    return mask


def unstructured(matrix: np.ndarray, density: float) -> np.ndarray:
    """One threshold for the matrix (Deep Compression)."""
    return largest(matrix.reshape(1, -1), round(density * matrix.size)).reshape(matrix.shape)


def load_balanced(matrix: np.ndarray, density: float) -> np.ndarray:
    """The same number in the rows of every PE (ESE, FPGA 2017)."""
    rows, columns = matrix.shape
    by_pe = matrix.reshape(rows // N_PE, N_PE, columns).swapaxes(0, 1).reshape(N_PE, -1)
    mask = largest(by_pe, round(density * by_pe.shape[1]))
    return mask.reshape(N_PE, rows // N_PE, columns).swapaxes(0, 1).reshape(rows, columns)


def bank_balanced(matrix: np.ndarray, density: float) -> np.ndarray:
    """The same number in each of the equal banks of every row (bank-balanced, FPGA 2019)."""
    banks = matrix.reshape(len(matrix) * N_BANKS, -1)
    return largest(banks, max(round(density * banks.shape[1]), 1)).reshape(matrix.shape)


def block(matrix: np.ndarray, density: float) -> np.ndarray:
    """Whole blocks of 4 x 4, those with the largest mean."""
    down, across = (n // BLOCK for n in matrix.shape)
    means = matrix.reshape(down, BLOCK, across, BLOCK).mean(axis=(1, 3))
    kept = largest(means.reshape(1, -1), round(density * means.size)).reshape(means.shape)
    return kept.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)


PATTERNS = {f.__name__: f for f in (unstructured, load_balanced, bank_balanced, block)}


def mask_of(pattern: str, weights: np.ndarray, density: float) -> np.ndarray:
    """The mask of all eight matrices."""
    mask = np.zeros(weights.shape, bool)
    for row in range(0, weights.shape[0], SIDE):
        for column in range(0, weights.shape[1], SIDE):
            part = np.s_[row : row + SIDE, column : column + SIDE]
            mask[part] = PATTERNS[pattern](np.abs(weights[part]), density)
    return mask
