"""A network: layers of an accelerator and operations of the host, and who reads whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from accelsim.errors import InputError, nearest, printable
from accelsim.records.host import HostOperation, Shape
from accelsim.records.layer import CompressedLayer, Layer
from accelsim.records.shown import Short

INPUT = "input"
"""What nodes call the network's own input."""

_MAX_LISTED = 12


@dataclass(frozen=True, eq=False)
class Node(Short):
    """One step of a network.

    Attributes
    ----------
    name : unique in the network; of a layer it is the layer's
    work : a layer (`Layer`, `Conv2d`, or what compressing makes of them) or a `HostOperation`
    inputs : names of the nodes whose results it reads, `INPUT` for the network's own
    """

    name: str
    work: Any
    inputs: tuple[str, ...]

    @property
    def on_host(self) -> bool:
        """Whether no array does it."""
        return isinstance(self.work, HostOperation)


@dataclass(frozen=True, eq=False)
class Network(Short):
    """Layers and host operations in an order in which each reads only what stands before it.

    A chain may be given by its ``layers`` alone: the outputs of one, after its ReLU, are the
    inputs of the next.

    Attributes
    ----------
    layers : those of the nodes that an array does, in order
    nodes : all steps; made from ``layers`` where they are not given
    input_shape : (channels, rows, columns) or (n_inputs,) of one image; None is that of the first
        layer where it is a matrix
    output : the node whose result is the network's; the last where it is not given
    note : why the layers are in this order, where their file does not say it
    image : how a photo becomes its input (`accelsim.workload.photos`), where the source says it
    lowerings : how a convolution becomes products, by its name, where a run says nothing else

    Raises
    ------
    InputError
        If a node reads what is not there or stands behind it, a name stands twice, or shapes do
        not fit.
    """

    layers: tuple[Any, ...] = ()
    name: str = "network"
    note: str = ""
    nodes: tuple[Node, ...] = ()
    input_shape: Shape | None = None
    output: str = ""
    image: Mapping[str, Any] = field(default_factory=dict)
    lowerings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        nodes = self.nodes or tuple(_chain(self.name, self.layers))
        if not nodes:
            raise InputError(f"{self.name}: a network needs at least one layer")
        known = {INPUT}
        for node in nodes:
            if node.name in known:
                raise InputError(f"{self.name}: two nodes are called '{printable(node.name)}'")
            self._check_reads(node, known, {n.name for n in nodes})
            known.add(node.name)
        layers = [node.name for node in nodes if not node.on_host]
        for name in self.lowerings:
            if name not in layers:
                raise InputError(f"{self.name}: no layer '{printable(name)}' to lower"
                                 f"{nearest(name, layers)}")
        output = self.output or nodes[-1].name
        if output not in known:
            raise InputError(f"{self.name}: no node '{printable(output)}' for the output"
                             f"{nearest(output, sorted(known))}")
        shape = self.input_shape
        if shape is None:
            first = next((n.work for n in nodes if INPUT in n.inputs), None)
            shape = (first.n_inputs,) if isinstance(first, CompressedLayer) else (
                (first.shape[1],) if isinstance(first, Layer) else None)
        object.__setattr__(self, "nodes", nodes)
        object.__setattr__(self, "output", output)
        object.__setattr__(self, "input_shape", shape)
        object.__setattr__(self, "layers", tuple(n.work for n in nodes if not n.on_host))
        if shape is not None:
            self.shapes()

    def _check_reads(self, node: Node, known: set[str], every: set[str]) -> None:
        for name in node.inputs:
            if name in known:
                continue
            if name in every:
                raise InputError(f"{self.name}: '{printable(node.name)}' reads "
                                 f"'{printable(name)}', which stands behind it or reads it: a "
                                 f"graph with a cycle is no network of layers")
            raise InputError(f"{self.name}: '{printable(node.name)}' reads '{printable(name)}', "
                             f"which is not there{nearest(name, sorted(known))}")
        wanted = node.work.n_operands if node.on_host else 1
        if len(node.inputs) != wanted and not (wanted is None and node.inputs):
            raise InputError(f"{self.name}: '{printable(node.name)}' reads {len(node.inputs)} "
                             f"operands; need {wanted or 'at least one'}")

    def shapes(self, input_shape: Shape | None = None) -> dict[str, Shape]:
        """Shape of each node's result for one image, `INPUT` included.

        Raises
        ------
        InputError
            If the input's shape is neither given nor known, or shapes do not fit.
        """
        shape = self.input_shape if input_shape is None else input_shape
        if shape is None:
            raise InputError(f"{self.name}: the shape of its input is not known; give input_shape, "
                             f"for instance (3, 224, 224)")
        found = {INPUT: tuple(shape)}
        for node in self.nodes:
            operands = [found[name] for name in node.inputs]
            try:
                found[node.name] = result_shape(node, operands)
            except InputError as problem:
                raise InputError(f"{self.name}: {printable(node.name)}: {problem}") from None
        return found

    @property
    def is_chain(self) -> bool:
        """Whether it is matrices in sequence and nothing else."""
        before = [INPUT, *(node.name for node in self.nodes)]
        return self.output == before[-1] and all(
            isinstance(node.work, Layer | CompressedLayer) and node.inputs == (name,)
            for node, name in zip(self.nodes, before, strict=False))

    @property
    def n_inputs(self) -> int:
        """Numbers of one image."""
        return _size(self.shapes()[INPUT])

    @property
    def n_outputs(self) -> int:
        """Numbers of one result."""
        return _size(self.shapes()[self.output])

    def readers(self, name: str) -> list[Node]:
        """The nodes that read a node's result."""
        return [node for node in self.nodes if name in node.inputs]

    def up_to(self, name: str) -> Network:
        """The nodes that a layer's result needs; its result is the network's then.

        Raises
        ------
        InputError
            If there is no layer of that name.
        """
        by_name = {node.name: node for node in self.nodes}
        layers = [node.name for node in self.nodes if not node.on_host]
        if name not in layers:
            what = (f"runs on the host, not on an array; its layers are {_some(layers)}"
                    if name in by_name else f"is not there{nearest(name, layers)}")
            raise InputError(f"{self.name}: '{printable(name)}' {what}")
        needed, left = {name}, [name]
        while left:
            new = [n for n in by_name[left.pop()].inputs if n != INPUT and n not in needed]
            needed |= set(new)
            left += new
        nodes = tuple(node for node in self.nodes if node.name in needed)
        lowerings = {layer: way for layer, way in self.lowerings.items() if layer in needed}
        return replace(self, nodes=nodes, output=name, lowerings=lowerings)

    def with_layers(self, change: Callable[[Any], Any]) -> Network:
        """The same network with each layer replaced by ``change(layer)``."""
        nodes = tuple(n if n.on_host else replace(n, work=change(n.work)) for n in self.nodes)
        return replace(self, nodes=nodes)


def result_shape(node: Node, operands: Sequence[Shape]) -> Shape:
    """What a node makes of operands of these shapes; `InputError` where they do not fit."""
    work = node.work
    if isinstance(work, HostOperation):
        return work.output_shape(operands)
    (shape,) = operands
    if isinstance(work, Layer | CompressedLayer):
        n_outputs, n_inputs = work.shape if isinstance(work, Layer) else (
            work.n_outputs, work.n_inputs)
        if shape != (n_inputs,):
            raise InputError(f"takes {n_inputs} inputs and is given {_told(shape)}")
        return (n_outputs,)
    geometry = work.geometry
    if len(shape) != 3 or shape[0] != geometry.in_channels:
        raise InputError(f"takes {geometry.in_channels} channels and is given {_told(shape)}")
    return (geometry.out_channels, *geometry.output_size(*shape[1:]))


def _chain(name: str, layers: Sequence[Any]) -> Iterator[Node]:
    """Nodes of layers in sequence; layers of the same name are told apart by their places."""
    before = INPUT
    taken: set[str] = set()
    for number, (layer, after) in enumerate(zip(layers, (*layers[1:], None), strict=False)):
        own = layer.name if layer.name not in taken else f"{layer.name}#{number}"
        taken.add(own)
        yield Node(own, layer, (before,))
        before = own
        widths = _widths(layer), _widths(after)
        if widths[0] and widths[1] and widths[0][0] != widths[1][1]:
            raise InputError(
                f"{name}: {printable(layer.name)} has {widths[0][0]} outputs but "
                f"{printable(after.name)} {widths[1][1]} inputs; name them in the order "
                f"of the network")


def _widths(layer: Any) -> tuple[int, int] | None:
    """(outputs, inputs) of a matrix."""
    if isinstance(layer, Layer):
        return layer.shape
    return (layer.n_outputs, layer.n_inputs) if isinstance(layer, CompressedLayer) else None


def _some(names: Sequence[str]) -> str:
    """The first few names on one line."""
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return ", ".join(map(printable, names[:_MAX_LISTED])) + more


def _size(shape: Shape) -> int:
    total = 1
    for side in shape:
        total *= side
    return total


def _told(shape: Shape) -> str:
    return " x ".join(map(str, shape))
