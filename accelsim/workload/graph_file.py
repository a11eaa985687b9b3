"""Shapes of networks in TOML: which layers and host operations there are, and who reads whom.

A node is a line: its ``name``, what it does, and what it reads, ``from``: the node before it where
that is not said. What it does is one of

======================  ===========================================================================
``conv = 64``           output channels; ``kernel`` 3 or [3, 3], and ``stride``, ``padding``,
                        ``dilation``, ``groups``, ``relu`` (true), ``bias`` (true)
``fc = 4096``           outputs; ``relu`` (true), ``bias`` (true)
``max_pool = 3``        window; ``stride``, ``padding``, ``ceil``; ``average_pool`` likewise
``global_pool = "max"`` or "average"
``relu = 6.0``          limit, or true
``function = "softmax"``  or another of `accelsim.records.host_elementwise.FUNCTIONS`
``add``, ``multiply``, ``concat`` ``= ["a", "b"]``  names of what is read
``flatten = true``
``upsample = 2``
======================  ===========================================================================

A layer may say ``weight_density`` and ``activation_density``, the latter of its outputs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from accelsim.errors import FormatError, InputError, nearest, printable
from accelsim.records.geometry import Geometry, pair, sides
from accelsim.records.host import GlobalPool, HostOperation, Pool, Shape
from accelsim.records.host_elementwise import (
    Combine,
    Concat,
    Flatten,
    Function,
    Relu,
    Upsample,
)
from accelsim.records.network import INPUT, Network, Node, result_shape
from accelsim.workload.photos import check_image

_READS = ("add", "multiply", "concat")
_LAYERS = {"conv": {"kernel", "stride", "padding", "dilation", "groups", "relu", "bias"},
           "fc": {"relu", "bias"}}
_POOL = {"stride", "padding", "ceil"}
_HOST: dict[str, set[str]] = {
    "max_pool": _POOL, "average_pool": _POOL, "global_pool": set(), "function": set(),
    "flatten": set(), "upsample": set(), **{kind: set() for kind in _READS}}
_ANY = {"name", "from"}
_DENSITIES = {"weight_density", "activation_density"}


@dataclass(frozen=True)
class LayerShape:
    """What a graph says of one layer.

    Attributes
    ----------
    geometry : of a convolution; None of a matrix
    shape : of the weights, (out, in / groups, kernel rows, kernel columns) or (outputs, inputs)
    input_shape : of one image of its inputs
    reads : the node whose result it reads
    weight_density, activation_density : published shares of non-zeros, of the weights and of the
        outputs; None where there is none
    input_density : the latter, of the layer whose outputs it reads; 1 of the network's input
    """

    name: str
    geometry: Geometry | None
    shape: tuple[int, ...]
    input_shape: Shape
    reads: str
    relu: bool
    bias: bool
    weight_density: float | None
    activation_density: float | None
    input_density: float | None = None


def read_graph(text: str, where: str, make_layer: Callable[[LayerShape], Any],
               input_shape: Shape | None = None) -> Network:
    """The network that a TOML text says, with layers that ``make_layer`` makes.

    Parameters
    ----------
    where : the text's source, for messages
    input_shape : instead of the text's own

    Raises
    ------
    FormatError
        If it is not TOML or says something unknown.
    InputError
        If shapes do not fit.
    """
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise FormatError(f"{where}: not TOML: {problem}") from None
    shape = input_shape or _shape(where, said.get("input"))
    lines = said.get("node")
    if not isinstance(lines, list) or not lines or not all(isinstance(x, dict) for x in lines):
        raise FormatError(f"{where}: no nodes; need node = [{{name = \"conv1\", conv = 64}}, ...]")
    nodes: list[Node] = []
    shapes: dict[str, Shape] = {INPUT: shape}
    densities: dict[str, float | None] = {INPUT: 1.0}
    for line in lines:
        def make(found: LayerShape) -> Any:
            return make_layer(replace(found, input_density=densities[found.reads]))

        node = _node(where, line, nodes[-1].name if nodes else INPUT, shapes, make)
        nodes.append(node)
        shapes[node.name] = result_shape(node, [shapes[name] for name in node.inputs])
        densities[node.name] = densities[node.inputs[0]] if node.on_host else line.get(
            "activation_density")
    return Network(nodes=tuple(nodes), input_shape=shape, name=str(said.get("name", where)),
                   image=check_image(where, said.get("image", {}), shape))


def _shape(where: str, value: Any) -> Shape:
    if not isinstance(value, list) or not all(type(n) is int and n > 0 for n in value):
        raise FormatError(f"{where}: input is {value!r}; need its shape, as [3, 224, 224]")
    return tuple(value)


def _node(where: str, line: Mapping[str, Any], before: str, shapes: Mapping[str, Shape],
          make_layer: Callable[[LayerShape], Any]) -> Node:
    name = line.get("name")
    if not isinstance(name, str) or not name:
        raise FormatError(f"{where}: a node has no name: {printable(str(dict(line)))[:120]}")
    here = f"{where}: node '{printable(name)}'"
    # A convolution's "relu" is its own; alone it is an operation.
    kinds = [k for k in line if k in _LAYERS or k in _HOST] or [k for k in line if k == "relu"]
    if len(kinds) != 1:
        raise FormatError(f"{here}: does {', '.join(kinds) or 'nothing'}; need one of "
                          f"{', '.join((*_LAYERS, *_HOST, 'relu'))}")
    (kind,) = kinds
    allowed = _ANY | {kind} | _LAYERS.get(kind, _HOST.get(kind, set()))
    allowed |= _DENSITIES if kind in _LAYERS else set()
    for key in line:
        if key not in allowed:
            raise FormatError(f"{here}: '{printable(key)}' is nothing that a {kind} "
                              f"has{nearest(key, sorted(allowed))}")
    reads = tuple(_reads(here, line[kind] if kind in _READS else line.get("from", before)))
    for read in reads:
        if read not in shapes:
            raise FormatError(f"{here}: reads '{printable(read)}', which stands nowhere before it"
                              f"{nearest(read, sorted(shapes))}")
    if kind in _LAYERS:
        if len(reads) != 1:
            raise FormatError(f"{here}: a layer reads one node; join several by add or concat")
        return Node(name, make_layer(_layer(here, line, kind, reads[0], shapes[reads[0]])), reads)
    return Node(name, _operation(here, kind, line), reads)


def _reads(here: str, value: Any) -> Iterator[str]:
    for name in value if isinstance(value, list) else [value]:
        if not isinstance(name, str):
            raise FormatError(f"{here}: reads {name!r}; need names of nodes")
        yield name


def _layer(here: str, line: Mapping[str, Any], kind: str, reads: str, shape: Shape) -> LayerShape:
    outputs = _count(here, kind, line[kind])
    geometry = None
    if kind == "fc":
        if len(shape) != 1:
            raise InputError(f"{here}: a matrix reads a vector, not {' x '.join(map(str, shape))}; "
                             f"put flatten = true before it")
        weights: tuple[int, ...] = (outputs, shape[0])
    else:
        if len(shape) != 3:
            raise InputError(f"{here}: a convolution reads (channels, rows, columns), not {shape}")
        geometry = Geometry(
            outputs, shape[0], pair(here, "kernel", _two(line.get("kernel", 1))),
            pair(here, "stride", _two(line.get("stride", 1))),
            sides(here, _two(line.get("padding", 0))),
            pair(here, "dilation", _two(line.get("dilation", 1))), line.get("groups", 1), here)
        weights = (outputs, geometry.group_inputs, *geometry.kernel)
    return LayerShape(
        str(line["name"]), geometry, weights, shape, reads,
        _flag(here, "relu", line.get("relu", True)), _flag(here, "bias", line.get("bias", True)),
        *(_density(here, what, line.get(what)) for what in sorted(_DENSITIES, reverse=True)))


def _operation(here: str, kind: str, line: Mapping[str, Any]) -> HostOperation:
    value = line[kind]
    match kind:
        case "max_pool" | "average_pool":
            window = pair(here, "kernel", _two(value))
            return Pool(
                kind.removesuffix("_pool"), window, pair(here, "stride", _two(
                    line.get("stride", value))), sides(here, _two(line.get("padding", 0))),
                _flag(here, "ceil", line.get("ceil", False)))
        case "global_pool":
            return GlobalPool(str(value))
        case "function":
            return Function(str(value))
        case "relu":
            return Relu(None if value is True else float(value))
        case "concat":
            return Concat()
        case "flatten":
            return Flatten()
        case "upsample":
            return Upsample(pair(here, "upsample", _two(value)))
    return Combine(kind)


def _two(value: Any) -> Any:
    """A list as the pair that it says."""
    return tuple(_two(v) for v in value) if isinstance(value, list) else value


def _count(here: str, what: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise FormatError(f"{here}: {what} is {value!r}; need a number of outputs")
    return value


def _flag(here: str, what: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise FormatError(f"{here}: {what} is {value!r}; need true or false")
    return value


def _density(here: str, what: str, value: Any) -> float | None:
    if value is not None and not (isinstance(value, float | int) and 0 <= value <= 1):
        raise FormatError(f"{here}: {what} is {value!r}; need 0 to 1")
    return None if value is None else float(value)
