"""LSTM and GRU nodes: the input matrix W and the recurrent matrix R as a layer each.

What the node says of its cell beside W, R and B is taken over into the layers' provenance
(``direction``, ``layout``, ``linear_before_reset``, ``sequence_lens``) or refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accelsim.workload.onnx_folding import Constant
from accelsim.workload.onnx_found import Floats, Found, check_floats, names_of
from accelsim.workload.onnx_graphs import NotTaken, Site

_GATES = {"LSTM": 4, "GRU": 3}
_ACTIVATIONS = {"LSTM": [b"Sigmoid", b"Tanh", b"Tanh"], "GRU": [b"Sigmoid", b"Tanh"]}
_DIRECTIONS = {b"forward": 1, b"reverse": 1, b"bidirectional": 2}


def recurrent(site: Site) -> list[Found]:
    """``NODE.W`` and ``NODE.R``, ending in ``.0`` and ``.1`` where there are two directions.

    Raises
    ------
    NotTaken
        If a matrix or bias is computed, shapes do not fit, or the cell is not the usual one.
    """
    inputs, hidden = site.constant(1), site.constant(2)
    if inputs is None and hidden is None:
        return []
    if inputs is None or hidden is None:
        raise NotTaken(f"its matrix {site.given(2 if hidden is None else 1)} is computed, "
                       f"not constant")
    facts, n_directions = _facts(site)
    n_gates = _GATES[site.node.op_type]
    n_cells = hidden.shape[-1] if hidden.shape else 0
    rows = n_gates * n_cells
    if (len(inputs.shape) != 3 or inputs.shape[:2] != (n_directions, rows) or 0 in inputs.shape
            or hidden.shape != (n_directions, rows, n_cells)
            or site.attribute("hidden_size", n_cells) != n_cells):
        raise NotTaken(f"W of shape {inputs.shape} and R of shape {hidden.shape} do not fit "
                       f"{n_directions} x {n_gates} gates of {n_cells} cells")
    biases = site.constant(3)
    if site.given(3) and (biases is None or biases.shape != (n_directions, 2 * rows)):
        shown = "computed" if biases is None else f"of shape {biases.shape}"
        raise NotTaken(f"its biases {site.given(3)} are {shown}; need a constant of shape "
                       f"({n_directions}, {2 * rows})")
    for constant, what in ((inputs, "weights"), (hidden, "weights"), (biases, "biases")):
        if constant is not None:
            check_floats(site, constant, what)
    found = []
    for which, matrix in enumerate((inputs, hidden)):
        for direction in range(n_directions):
            ending = f".{direction}" if n_directions > 1 else ""
            part = slice(which * rows, (which + 1) * rows)
            found.append(Found(
                f"{site.name}.{'WR'[which]}{ending}",
                tuple(f"{name}{ending}" for name in names_of(matrix)),
                site.kind, (rows, matrix.shape[2]),
                _part(site, matrix, direction, slice(None)),
                None if biases is None else _part(site, biases, direction, part),
                facts=facts,
            ))
    return found


def _facts(site: Site) -> tuple[dict[str, Any], int]:
    """What is noted of the cell, and its directions; `NotTaken` for what changes its equations."""
    kind = site.node.op_type
    direction = site.attribute("direction", b"forward")
    if direction not in _DIRECTIONS:
        raise NotTaken(f"direction {direction.decode(errors='replace')!r}")
    n_directions = _DIRECTIONS[direction]
    usual = _ACTIVATIONS[kind] * n_directions
    given = site.attribute("activations", usual)
    if [a.lower() for a in given] != [a.lower() for a in usual]:
        shown = ", ".join(a.decode(errors="replace") for a in given)
        raise NotTaken(f"activations {shown} in place of Sigmoid and Tanh")
    for name, plain in (("clip", 0.0), ("input_forget", 0)):
        if site.attribute(name, plain) != plain:
            raise NotTaken(f"{name}: the cell is not the usual {kind}")
    if kind == "LSTM" and site.given(7):
        raise NotTaken("peepholes: W and R are not all of its weights")
    facts: dict[str, Any] = {
        "direction": direction.decode(), "layout": site.attribute("layout", 0),
        "sequence_lens": bool(site.given(4)),
    }
    if kind == "GRU":
        facts["linear_before_reset"] = site.attribute("linear_before_reset", 0)
    return facts, n_directions


def _part(site: Site, constant: Constant, direction: int, rows: slice) -> Callable[[], Floats]:
    return lambda: site.scope.folder.floats(constant)[direction][rows]
