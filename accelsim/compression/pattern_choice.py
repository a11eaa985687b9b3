"""What a pattern needs for a density: banks, blocks and groups of the usual sizes."""

from __future__ import annotations

from typing import Any

from accelsim.compression.patterns import PATTERNS
from accelsim.errors import InputError, nearest

BANK_WIDTH = 16
"""Columns of a bank."""
BLOCK_SHAPE = (4, 4)


def usual_parameters(pattern: str, density: float, n_pe: int, n_columns: int) -> dict[str, Any]:
    """What a pattern of `accelsim.compression.patterns` needs for (nearly) this density.

    Banks hold 16 columns, N:M groups 4 or 8, blocks 4 x 4; at least one weight stays in each group.

    Parameters
    ----------
    n_pe : PEs over which "load_balanced" balances
    n_columns : of the matrix, for the number of banks

    Raises
    ------
    InputError
        If there is no such pattern.
    """
    if pattern not in PATTERNS:
        raise InputError(f"no pattern '{pattern}'{nearest(pattern, PATTERNS)}")
    if pattern == "load_balanced":
        return {"density": density, "n_pe": n_pe}
    if pattern == "bank_balanced":
        n_banks = max(n_columns // BANK_WIDTH, 1)
        return {"density": max(density, 1 / -(-n_columns // n_banks)), "n_banks": n_banks}
    if pattern == "n_m":
        return n_m_parameters(density)
    if pattern == "block":
        return {"density": density, "shape": BLOCK_SHAPE, "score": "mean"}
    return {"density": density}


def n_m_parameters(density: float) -> dict[str, Any]:
    """N of 4 where that gives the density (2:4), else of 8; at least one weight stays."""
    m = 4 if 4 * density in (1, 2, 3) else 8
    return {"n": max(round(m * density), 1), "m": m}
