"""How a convolution may become products of matrices and vectors: the names, for every machine."""

from __future__ import annotations

from accelsim.errors import InputError, nearest

AUTO = "auto"
DEFAULT = "im2col"

WAYS = ("im2col", "shifted", "winograd", "pixels")
"""im2col: a vector a pixel; shifted: a product a kernel position, a row of pixels kept in the
accumulators; winograd: F(2x2, 3x3); pixels: several pixels a vector, each with PEs of its own."""


def check_way(name: str, way: object) -> None:
    """Raise `InputError` if there is no such lowering; ``name`` says where."""
    if way not in (AUTO, *WAYS):
        raise InputError(f"{name}: no lowering '{way}'{nearest(str(way), (AUTO, *WAYS))}")
