"""A network in the header of a file: its nodes in order, what photos become, how it is lowered.

A node without an operation is a layer, the file's next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Annotated, Any, Literal

from pydantic import Field

from accelsim.compression.checked import Checked, Finite, Name, Step, Text
from accelsim.compression.host_header import operation_header, operation_of
from accelsim.errors import FormatError, printable
from accelsim.records.network import Network, Node

_MOST_NUMBERS = 1 << 28
"""Of one node's result: 2 GB as float64."""
Number = int | Finite


class NodeHeader(Checked):
    """`Node`, but for its layer."""

    name: Name
    inputs: tuple[Name, ...] = Field(max_length=1000)
    operation: dict[str, Any] | None = None


class ImageHeader(Checked):
    """How a photo becomes an input (`accelsim.workload.photos`)."""

    channels: Literal["RGB", "BGR", "L"]
    mean: tuple[Number, ...] = Field(max_length=3)
    scale: Number


class NetworkHeader(Checked):
    """`Network`, but for its layers."""

    name: Name
    note: Text
    input_shape: Annotated[tuple[Step, ...], Field(min_length=1, max_length=8)] | None
    output: Name
    image: ImageHeader | None
    lowerings: dict[Name, Text]
    nodes: tuple[NodeHeader, ...] = Field(min_length=1, max_length=100_000)

    def network(self, layers: Sequence[Any]) -> Network:
        """The network with its layers.

        Raises
        ------
        FormatError
            If they are not as many as its nodes ask for, or a result is too large.
        InputError
            If the nodes do not make a network.
        """
        if sum(node.operation is None for node in self.nodes) != len(layers):
            raise FormatError(f"{len(layers)} layers for a graph of another number")
        left = iter(layers)
        nodes = tuple(
            Node(node.name, next(left) if node.operation is None else operation_of(node.operation),
                 node.inputs) for node in self.nodes)
        image: dict[str, Any] = {}
        if self.image is not None:
            image = {**dict(self.image), "mean": list(self.image.mean)}
            size = len(self.image.mean), self.input_shape and self.input_shape[0]
            if size[0] != size[1] or size[0] != (1 if self.image.channels == "L" else 3):
                raise FormatError("the photos' channels are not those of the input")
        found = Network(name=self.name, note=self.note, nodes=nodes, input_shape=self.input_shape,
                        output=self.output, image=image, lowerings=self.lowerings)
        if found.input_shape is not None:
            for name, shape in found.shapes().items():
                if prod(shape) > _MOST_NUMBERS:
                    raise FormatError(f"'{printable(name)}' has {prod(shape)} numbers; at most "
                                      f"{_MOST_NUMBERS}")
        return found


def network_header(network: Network) -> NetworkHeader:
    """A network as its header.

    Raises
    ------
    InputError
        If a file has no place for one of its host operations.
    """
    image = network.image
    return NetworkHeader(
        name=network.name, note=network.note, input_shape=network.input_shape,
        output=network.output, lowerings=dict(network.lowerings),
        image=ImageHeader(channels=image["channels"], mean=tuple(image["mean"]),
                          scale=image["scale"]) if image else None,
        nodes=tuple(NodeHeader(
            name=node.name, inputs=node.inputs,
            operation=operation_header(node.work) if node.on_host else None,
        ) for node in network.nodes))
