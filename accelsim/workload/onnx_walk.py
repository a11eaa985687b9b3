"""The state of walking through an ONNX graph: its values as nodes of a `Network`, shapes known.

A value's first axis is that of the images, which the walk takes as one long; what is said here of
shapes leaves it out. Operators that only hand numbers on make no node: a value keeps its own
``shape`` beside that of its node's result, and what needs the former puts a reshape between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.records import Conv2d, Layer
from accelsim.records.host import HostOperation, Shape
from accelsim.records.host_elementwise import Affine, Flatten, Relu
from accelsim.records.host_layout import Reshape
from accelsim.records.network import INPUT, Node, result_shape
from accelsim.workload.entries import file_sha256
from accelsim.workload.onnx_folding import Constant
from accelsim.workload.onnx_graphs import NotTaken, Scope, Site

MOST_NUMBERS = 1 << 27
"""Of one result; a map of 4096 x 4096 pixels at 8 channels."""


@dataclass(frozen=True)
class Value:
    """A value of the graph that depends on the input.

    Attributes
    ----------
    node : of the network, whose result it is
    at : shape of that result
    shape : its own, of as many numbers in the same order
    sole : whether nothing else sees what its node gives, so that a layer may take up what is done
        to it next
    codes : (scale, zero point) where it stands for these numbers as integer codes
    """

    node: str
    at: Shape
    shape: Shape
    sole: bool = True
    codes: tuple[float, int] | None = None


class Walk:
    """Nodes made so far, and the graph's values made of them.

    Attributes
    ----------
    readers : how often the nodes on the way to the output, and it, read each value of the graph
    results : shapes of the nodes' results
    notes : what is passed over, and how often
    lost : values behind what is not understood, of unknown shape; ``n_behind`` nodes read them
    """

    def __init__(self, path: Path, scope: Scope, readers: Mapping[str, int]) -> None:
        self.path, self.scope, self.readers = path, scope, readers
        self.values: dict[str, Value] = {}
        self.nodes: dict[str, Node] = {}
        self.results: dict[str, Shape] = {}
        self.notes: Counter[str] = Counter()
        self.lost: set[str] = set()
        self.n_behind = 0
        self._reshaped: dict[tuple[str, Shape], Value] = {}
        self._spread: dict[str, tuple[str, int]] = {}
        self._sha256 = file_sha256(path)

    def bind(self, name: str, value: Value) -> None:
        """A value of the graph under its name."""
        self.values[name] = replace(value, sole=value.sole and self.readers.get(name, 0) == 1)

    def operand(self, site: Site, index: int = 0, codes: bool = False) -> Value:
        """An input that is computed.

        Raises
        ------
        NotTaken
            If it is left out, a constant, stands nowhere before, or is of integer codes.
        """
        name = site.given(index)
        if name not in self.values:
            what = "a constant" if self.scope.constant(name) else (
                "left out" if not name else "written nowhere before it")
            raise NotTaken(f"its input '{name}' is {what}")
        value = self.values[name]
        if value.codes is not None and not codes:
            raise NotTaken("it works on integer codes")
        return value

    def put(self, site: Site, work: Any, operands: Sequence[Value], shape: Shape | None = None,
            called: str = "") -> Value:
        """A new node, named after the file's unless it is ``called`` otherwise.

        Parameters
        ----------
        shape : the value's own, where it is not that of the node's result

        Raises
        ------
        NotTaken
            If the result is too large to be held.
        InputError
            If shapes do not fit.
        """
        wanted = called or site.name
        name, number = wanted, 1
        while name in self.nodes or name == INPUT:
            number += 1
            name = f"{wanted}#{number}"
        if not isinstance(work, HostOperation):
            work = replace(work, name=name)
        node = Node(name, work, tuple(value.node for value in operands))
        at = result_shape(node, [value.at for value in operands])
        if prod(at) > MOST_NUMBERS:
            raise NotTaken(f"gives {prod(at):,} numbers")
        self.nodes[name], self.results[name] = node, at
        return Value(name, at, at if shape is None else shape)

    def shaped(self, site: Site, value: Value, shape: Shape | None = None) -> Value:
        """A value whose node's result has its own shape, or another of as many numbers."""
        wanted = value.shape if shape is None else shape
        if value.at == wanted:
            return replace(value, shape=wanted)
        key = value.node, wanted
        if key not in self._reshaped:
            work = Flatten() if len(wanted) == 1 else Reshape(wanted)
            self._reshaped[key] = self.put(site, work, [value], None,
                                            f"{value.node}/{work.kind}")
        return replace(self._reshaped[key], sole=False)

    def spread(self, value: Value, layer: Value, count: int) -> Value:
        """Says that each channel of a value is ``count`` outputs of a layer, side by side, which
        nothing but the value's node reads."""
        self._spread[value.node] = layer.node, count
        return value

    def _layer_before(self, value: Value) -> tuple[Layer | Conv2d, int] | None:
        """The layer without a ReLU whose outputs these are, if nothing else reads them; and how
        many outputs are a channel."""
        name, count = self._spread.get(value.node, (value.node, 1))
        work = self.nodes[name].work if name in self.nodes else None
        if value.sole and isinstance(work, Layer | Conv2d) and not work.relu:
            return work, count
        return None

    def relu(self, site: Site, value: Value) -> Value:
        """The layer's own, or one on the host."""
        found = self._layer_before(value)
        if found is None:
            before = self.nodes[value.node].work if value.node in self.nodes else None
            if isinstance(before, Layer | Conv2d) and before.relu:
                return value
            return self.put(site, Relu(), [value], value.shape)
        self._replace(replace(found[0], relu=True))
        return value

    def affine(self, site: Site, value: Value, scale: npt.ArrayLike, shift: npt.ArrayLike) -> Value:
        """``value * scale + shift``, a number a channel or one for all: in the weights and bias of
        the layer before where nothing else reads its outputs.

        Raises
        ------
        NotTaken
            If a number is not finite.
        """
        value = self._by_channel(site, value, max(np.size(scale), np.size(shift)))
        n_channels = value.at[0]
        factor, offset = (np.broadcast_to(np.asarray(part, np.float64).reshape(-1), (n_channels,))
                          for part in (scale, shift))
        if not (np.isfinite(factor).all() and np.isfinite(offset).all()):
            raise NotTaken("a number that it scales or adds is not finite")
        found = self._layer_before(value)
        if found is None:
            return self.put(site, Affine(factor, offset), [value], value.shape)
        work, factor, offset = found[0], factor.repeat(found[1]), offset.repeat(found[1])
        weights = np.asarray(work.weights, np.float64)
        bias = 0.0 if work.bias is None else np.asarray(work.bias, np.float64)
        with np.errstate(over="ignore"):  # the layer then refuses the infinity
            self._replace(replace(
                work, bias=(bias * factor + offset).astype(np.float32), weights=(
                    weights * factor.reshape(-1, *[1] * (weights.ndim - 1))).astype(np.float32)))
        return value

    def _by_channel(self, site: Site, value: Value, count: int) -> Value:
        """A value whose node's result has ``count`` channels, or any number where that is 1."""
        if count == 1 or (value.at[0] == count and (
                value.at[0] == value.shape[0] or len(value.at) == 1)):
            return value
        flat = None if value.shape[0] == count else (prod(value.shape),)
        return replace(self.shaped(site, value, flat), shape=value.shape)

    def provenance(self, site: Site, tensor: Constant) -> dict[str, Any]:
        """Where a layer comes from."""
        return {"source": self.path.name, "sha256": self._sha256, "node": site.name,
                "operator": site.kind, "tensor": tensor.name}

    def _replace(self, work: Any) -> None:
        self.nodes[work.name] = replace(self.nodes[work.name], work=work)
