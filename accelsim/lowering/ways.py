"""How a convolution may become products of matrices and vectors: the names, for every machine."""

from __future__ import annotations

from collections.abc import Mapping

from accelsim.errors import InputError, nearest

Lowering = str | Mapping[str, str] | None
"""Of all convolutions, or of some by their names; None is what the network says."""

AUTO = "auto"
DEFAULT = "im2col"

WAYS = ("im2col", "shifted", "winograd", "pixels")
"""im2col: a vector a pixel; shifted: a product a kernel position, a row of pixels kept in the
accumulators; winograd: F(2x2, 3x3); pixels: several pixels a vector, each with PEs of its own."""


def check_way(name: str, way: object) -> None:
    """Raise `InputError` if there is no such lowering; ``name`` says where."""
    if way not in (AUTO, *WAYS):
        raise InputError(f"{name}: no lowering '{way}'{nearest(str(way), (AUTO, *WAYS))}")


def parse_lowering(text: str | None) -> Lowering:
    """``auto``, or ``conv1=pixels,conv2=auto``, each layer once.

    Raises
    ------
    InputError
        If it is neither, or there is no such lowering.
    """
    if text is None or "=" not in text:
        if text is not None:
            check_way("lowering", text)
        return text
    found: dict[str, str] = {}
    for part in text.split(","):
        name, _, way = (word.strip() for word in part.rpartition("="))
        if not name or not way or name in found:
            raise InputError(f"lowering {text}: need a way, or LAYER=WAY,... each layer once")
        check_way(f"lowering of {name}", way)
        found[name] = way
    return found
