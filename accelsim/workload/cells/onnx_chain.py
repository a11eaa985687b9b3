"""Whether a recurrent node of a graph reads exactly what another one gives, and nothing else.

Between two such nodes stand operators that only move numbers (a squeezed axis, a transposition, the
two directions side by side). They are tried on the places of the numbers themselves: what comes out
must be the outputs, step by step and channel by channel, the directions side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.workload.onnx_folding import STANDARD
from accelsim.workload.onnx_graphs import NotTaken, Scope, Site, passes

_STEPS, _CHANNELS = 3, 2
"""Tried where the file leaves them open."""

_MOST = 1 << 24
_MOVES = ("Identity", "Dropout", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose")

_ON_SHAPES = ("Shape", "Gather", "Slice", "Concat", "Squeeze", "Unsqueeze", "Reshape", "Cast",
              "Identity", "Mul")

Places = npt.NDArray[np.int64]
Giver = tuple[Site, int, int]
"""A node, its directions and cells."""


def read_before(site: Site, givers: Mapping[str, Giver]) -> str | None:
    """The output, one of ``givers``, whose numbers the node reads as they are; or None."""
    scope, value, moves = site.scope, site.given(0), []
    while value not in givers:
        node = scope.writers.get(value)
        if node is None or node.domain not in STANDARD or node.op_type not in _MOVES:
            return None
        if node.op_type != "Transpose" and not passes(node):
            return None
        moves.append(node)
        value = str(node.input[0])
    giver, directions, n_cells = givers[value]
    if giver.scope is not scope:
        return None
    try:
        steps, channels = _open_axes(giver, value)
        if steps * channels * directions * n_cells > _MOST:
            return None
        return value if _as_they_are(
            site, giver, moves[::-1], (steps, directions, channels, n_cells)) else None
    except (NotTaken, ValueError, IndexError):
        return None


def _open_axes(giver: Site, value: str) -> tuple[int, int]:
    """Steps and channels as the file says them, of the outputs or of the inputs; or some."""
    first = giver.attribute("layout", 0)
    for name, rank in ((value, 4), (giver.given(0), 3)):
        shape = giver.scope.shape(name) or ()
        if len(shape) == rank:
            third = 2 if rank == 4 else 1
            steps, channels = (shape[1], shape[0]) if first else (shape[0], shape[third])
            return steps or _STEPS, channels or _CHANNELS
    return _STEPS, _CHANNELS


def _as_they_are(site: Site, giver: Site, moves: list[Any], shape: tuple[int, ...]) -> bool:
    """Whether the moves end in (steps, channels, directions * cells), or the channels first."""
    steps, _, channels, _ = shape
    places: Places = np.arange(np.prod(shape), dtype=np.int64).reshape(shape)
    wanted = places.transpose(0, 2, 1, 3).reshape(steps, channels, -1)
    moved = places.transpose(2, 0, 1, 3) if giver.attribute("layout", 0) else places
    given = str(moves[0].input[0]) if moves else "", moved
    for node in moves:
        moved = _moved(site.scope, node, moved, given)
    if site.attribute("layout", 0):
        moved = moved.swapaxes(0, 1)
    return bool(np.array_equal(moved, wanted))


def _moved(scope: Scope, node: Any, places: Places, given: tuple[str, Places]) -> Places:
    """One operator's outputs; ``given`` is the value that all of them start from.

    Raises
    ------
    NotTaken
        If where it moves numbers to is not known.
    """
    own = Site(node, scope)
    if node.op_type in ("Identity", "Dropout"):
        return places
    if node.op_type == "Transpose":
        return places.transpose(own.attribute("perm", list(range(places.ndim))[::-1]))
    if node.op_type == "Flatten":
        axis = own.attribute("axis", 1)
        return places.reshape(int(np.prod(places.shape[:axis])), -1)
    if node.op_type == "Reshape":
        target = _integers(own, "shape", given)
        if own.attribute("allowzero", 0) and 0 in target:
            raise NotTaken("a reshape to nothing")
        sides = [places.shape[k] if n == 0 else n for k, n in enumerate(target)]
        return places.reshape(sides)
    axes = _integers(own, "axes", given)
    if node.op_type == "Unsqueeze":
        return np.expand_dims(places, tuple(axes))
    return places.squeeze(tuple(axes) if axes else None)


def _integers(site: Site, attribute: str, given: tuple[str, Places]) -> list[int]:
    """Of the second input, or of the attribute that older operators have in its place."""
    if not site.given(1):
        return [int(n) for n in site.attribute(attribute, list[int]())]
    constant = site.constant(1)
    value = (_of_shapes(site.scope, site.given(1), given) if constant is None
             else site.scope.folder.value(constant))
    return [int(n) for n in np.reshape(value, -1)]


def _of_shapes(scope: Scope, value: str, given: tuple[str, Places]) -> Any:
    """A value that is worked out from the shape of ``given`` and constants alone.

    Raises
    ------
    NotTaken
        If it needs anything else.
    """
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    known: dict[str, Any] = {given[0]: given[1]}
    nodes: list[Any] = []

    def need(name: str) -> None:
        if not name or name in known:
            return
        constant, node = scope.constant(name), scope.writers.get(name)
        if constant is not None:
            known[name] = scope.folder.value(constant)
            return
        if node is None or node.domain not in STANDARD or node.op_type not in _ON_SHAPES:
            raise NotTaken(f"{name} is computed")
        for each in node.input:
            need(each)
        if node not in nodes:
            nodes.append(node)

    need(value)
    graph = helper.make_graph(
        nodes, "shape",
        [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), None)
         for name, array in known.items()], [helper.make_empty_tensor_value_info(value)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", scope.folder.version)])
    found: Any = ReferenceEvaluator(model).run(None, known)
    return found[0]
