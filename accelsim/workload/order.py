"""In which order the layers of a file follow each other, and whether that is known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from accelsim.workload.array_layers import natural
from accelsim.workload.array_skips import INERT
from accelsim.workload.entries import Contents, LayerEntry, fault

_MOST_LAYERS, _MOST_STEPS = 300, 20_000
"""Of the search for a second order; beyond, the order counts as open."""


def in_order(file: Path, contents: Contents) -> tuple[list[LayerEntry], str]:
    """All layers as they follow each other, and why so, where the file does not say it.

    Raises
    ------
    FormatError
        If weights are skipped that the network would lack, or more than one order fits.
    """
    entries = list(contents.layers)
    if not entries or file.suffix.lower() == ".onnx":
        return entries, ""
    lacking = [left for left in contents.skipped if left.kind not in INERT]
    if lacking:
        largest = max(lacking, key=lambda left: len(left.shape))
        raise fault(f"{file}: {largest} is not read as a layer: {largest.reason}; a network "
                    f"without it would give other outputs; name the layers to run in order (-l, "
                    f"names=)")
    if contents.ordered and chains(entries):
        return entries, ""
    by_name = sorted(entries, key=lambda entry: natural(entry.name))
    if len(entries) == 1:
        return entries, ""
    listed = ", ".join(entry.printable for entry in by_name[:6]) + " ..." * (len(entries) > 6)
    if not chains(by_name):
        return entries, ""  # `Network` says which two do not fit
    if several_orders(entries):
        raise fault(f"{file}: the file keeps no order of its {len(entries)} layers, and more than "
                    f"one fits; name them in order (-l, names=): {listed}?")
    return by_name, (f"{file.name} keeps no order of layers; taken in the only one that fits: "
                     f"{listed}")


def chains(entries: Sequence[LayerEntry]) -> bool:
    """Whether each layer has as many inputs as the one before has outputs."""
    return all(a.n_outputs == b.n_inputs for a, b in pairwise(entries))


def several_orders(entries: Sequence[LayerEntry]) -> bool:
    """Whether layers that chain in one order chain in another one too.

    Widths are the nodes of a graph and layers its edges, an order that chains is a trail over all
    edges. Two layers of one shape can change places. Otherwise a trail is the only one exactly if
    each node is left towards one unused edge at a time; searched, with a limit on the steps.
    """
    shapes = [(entry.n_inputs, entry.n_outputs) for entry in entries]
    if len(set(shapes)) < len(shapes) or len(shapes) > _MOST_LAYERS:
        return True
    found, steps = 0, 0

    def walk(at: int | None, left: frozenset[tuple[int, int]]) -> None:
        nonlocal found, steps
        steps += 1
        if found > 1 or steps > _MOST_STEPS:
            return
        if not left:
            found += 1
        for shape in left:
            if at is None or shape[0] == at:
                walk(shape[1], left - {shape})

    walk(None, frozenset(shapes))
    return found > 1 or steps > _MOST_STEPS
