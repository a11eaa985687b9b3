"""The graphs of an ONNX model: what a value is made of, who reads it, and where it stands."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accelsim.errors import AccelsimError
from accelsim.workload.onnx_folding import STANDARD, Constant, Folder

PASSES = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout")
"""Operators that hand on the same numbers in the same order."""


class NotTaken(AccelsimError):  # noqa: N818  # no error: the node is listed with the reason
    """Why a node with weights is not a layer."""


class Scope:
    """One graph: its own values over those of the graphs around it.

    Attributes
    ----------
    branches : the If nodes around it, each with which of its graphs this is; as ``((id, 0), ...)``
    in_loop : whether it is run an unknown number of times
    """

    def __init__(self, graph: Any, folder: Folder, outer: Scope | None = None,
                 branches: tuple[tuple[int, int], ...] = (), in_loop: bool = False) -> None:
        self.graph, self.folder, self.outer = graph, folder, outer
        self.branches, self.in_loop = branches, in_loop
        above: Any = outer
        self.constants: ChainMap[str, Constant | None] = (
            above.constants.new_child() if outer else ChainMap())
        self.writers: ChainMap[str, Any] = above.writers.new_child() if outer else ChainMap()
        self.types: ChainMap[str, Any] = above.types.new_child() if outer else ChainMap()
        self.readers: dict[str, list[Any]] = {}
        self._read_stored()
        for node in graph.node:
            self._take(node)
        for value in graph.output:
            self.readers.setdefault(value.name, []).append(None)
            self.types.setdefault(value.name, value.type)

    def constant(self, name: str) -> Constant | None:
        """The constant of that name, if it is one."""
        return self.constants.get(name) if name else None

    def only_reader(self, value: str) -> Any | None:
        """The one node of this graph that reads a value which nothing else reads."""
        readers = self.readers.get(value, [])
        return readers[0] if len(readers) == 1 else None

    def origin(self, value: str) -> str:
        """The value whose numbers these are, before what only hands them on; with its graph."""
        for _ in range(len(self.writers)):
            writer = self.writers.get(value)
            if writer is None or not passes(writer):
                break
            value = writer.input[0]
        scope = self
        while scope.outer is not None and value not in scope.writers.maps[0]:
            scope = scope.outer
        return "".join(f"{number}.{index}/" for number, index in scope.branches) + value

    def shape(self, value: str) -> tuple[int | None, ...] | None:
        """What the file says of a value's shape; None for an axis that it leaves open."""
        found = self.types.get(value)
        if found is None or not found.tensor_type.HasField("shape"):
            return None
        return tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None
                     for d in found.tensor_type.shape.dim)

    def _read_stored(self) -> None:
        for value in (*self.graph.input, *self.graph.value_info):
            self.types[value.name] = value.type
        for value in self.graph.input:
            self.constants[value.name] = None
        for tensor in self.graph.initializer:
            self.constants[tensor.name] = self.folder.stored(tensor.name, tensor)
        for tensor in self.graph.sparse_initializer:
            name = tensor.values.name
            self.constants[name] = self.folder.stored(name, tensor)

    def _take(self, node: Any) -> None:
        for name in node.output:
            if name:
                self.constants[name] = None
                self.writers[name] = node
        for name in node.input:
            self.readers.setdefault(name, []).append(node)
        for _, inner, _ in inner_graphs(node):
            for name in _read_inside(inner):
                self.readers.setdefault(name, []).append(None)
        if node.op_type == "Constant" and node.domain in STANDARD:
            made = self.folder.constant_node(node)
            found = [] if made is None else [made]
        else:
            found = self.folder.fold(node, [self.constant(name) for name in node.input])
        for constant in found:
            if constant.name:
                self.constants[constant.name] = constant


@dataclass(frozen=True)
class Site:
    """A node and the graph that it stands in."""

    node: Any
    scope: Scope

    @property
    def name(self) -> str:
        """The node's, or its first output's."""
        node = self.node
        return str(node.name or (node.output[0] if node.output else "") or node.op_type)

    @property
    def kind(self) -> str:
        """The operator, with its domain where that is not ONNX's own."""
        node = self.node
        return str(node.op_type if node.domain in STANDARD else f"{node.domain}.{node.op_type}")

    @property
    def is_constant(self) -> bool:
        """Whether all that it gives is known before the model is run."""
        outputs = [name for name in self.node.output if name]
        return bool(outputs) and all(self.scope.constant(name) for name in outputs)

    def given(self, index: int) -> str:
        """The name of an input; "" where it is left out."""
        return str(self.node.input[index]) if index < len(self.node.input) else ""

    def constant(self, index: int) -> Constant | None:
        """An input, if it is a constant."""
        return self.scope.constant(self.given(index))

    def constants(self) -> list[Constant]:
        """All inputs that are constants."""
        found = (self.constant(index) for index in range(len(self.node.input)))
        return [constant for constant in found if constant is not None]

    def attribute(self, name: str, default: Any) -> Any:
        """An attribute's value, of the default's type.

        Raises
        ------
        NotTaken
            If it is of another type.
        """
        import onnx

        for attribute in self.node.attribute:
            if attribute.name == name:
                try:
                    value = onnx.helper.get_attribute_value(attribute)
                except (ValueError, TypeError):
                    value = None
                value = list(value) if isinstance(default, list) and value is not None else value
                if type(value) is not type(default):
                    raise NotTaken(f"its attribute {name} is not of a type that is known")
                return value
        return default


def passes(node: Any) -> bool:
    """Whether a node hands on its first input's numbers as they are."""
    plain = node.domain in STANDARD and node.op_type in PASSES and bool(node.input and node.output)
    # Dropout's third input may switch training on.
    return plain and not (node.op_type == "Dropout" and len(node.input) > 2)


def inner_graphs(node: Any) -> Iterator[tuple[int, Any, bool]]:
    """Graphs inside a node: a number, the graph, and whether it is a branch that runs once."""
    number = 0
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            if graph.node or graph.output:
                yield number, graph, node.op_type == "If" and node.domain in STANDARD
                number += 1


def _read_inside(graph: Any) -> Iterator[str]:
    """Names that a graph, and those in it, read or give out."""
    for value in graph.output:
        yield value.name
    for node in graph.node:
        yield from node.input
        for _, inner, _ in inner_graphs(node):
            yield from _read_inside(inner)


def sites(scope: Scope) -> Iterator[Site]:
    """Every node of a graph and of the graphs inside its nodes, in the file's order.

    A node with graphs in it comes once more behind each, as one that reads what the graph gives
    out: that may be constants.
    """
    import onnx

    for place, node in enumerate(scope.graph.node):
        yield Site(node, scope)
        for number, graph, is_branch in inner_graphs(node):
            branches = (*scope.branches, (place, number))
            inner = Scope(graph, scope.folder, scope, branches, scope.in_loop or not is_branch)
            yield from sites(inner)
            yield Site(onnx.NodeProto(
                op_type=node.op_type, domain=node.domain, name=Site(node, scope).name,
                input=[value.name for value in graph.output]), inner)
