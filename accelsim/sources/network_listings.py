"""What stands in a network: layers and host operations, node by node, and how much work each is."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.errors import InputError
from accelsim.records import CompressedConv, CompressedLayer, CscMatrix, Geometry
from accelsim.records.host import Shape
from accelsim.records.network import Network
from accelsim.sources.networks import load_network, open_network
from accelsim.workload.graph_file import LayerShape
from accelsim.workload.graph_networks import is_graph, outline


@dataclass(frozen=True)
class ListedNode:
    """One node of a network, for one image.

    Attributes
    ----------
    kind : "conv" or "fc", of the host what it does
    outputs : shape of its result
    weights : (out, in / groups, kernel rows, kernel columns) or (outputs, inputs); None on the host
    geometry : of a convolution
    positions : vectors that the weights are multiplied with: pixels of a convolution's result
    macs : multiply-accumulates, those with a zero counted; none on the host
    operations : of the host (`accelsim.records.host`)
    non_zeros : of the weights, where there are numbers
    weight_density : share of non-zeros; of a graph without numbers as it is published, or None
    """

    name: str
    kind: str
    outputs: Shape
    weights: tuple[int, ...] | None = None
    geometry: Geometry | None = None
    positions: int | None = None
    macs: int = 0
    operations: int | None = None
    non_zeros: int | None = None
    weight_density: float | None = None


@dataclass(frozen=True)
class NetworkListing:
    """A network's nodes, in order.

    Attributes
    ----------
    input_shape : of one image
    """

    name: str
    input_shape: Shape
    nodes: tuple[ListedNode, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers for one image, those with a zero counted."""
        return sum(node.macs for node in self.nodes)

    @property
    def n_weights(self) -> int:
        """Of all layers, zeros counted, biases not."""
        return sum(prod(node.weights) for node in self.nodes if node.weights is not None)


def network_listing(source: str, network: str | None = None,
                    input_shape: Shape | None = None) -> NetworkListing:
    """The nodes of a graph of the package, of one in a TOML file, of a ``.net`` file, or of a file
    of the arrays of a graph.

    Parameters
    ----------
    network : the graph, where the source has the numbers alone
    input_shape : of one image, where an ONNX model leaves it open

    Raises
    ------
    InputError, FormatError
        As `open_network`; InputError if a shape is given of what is no ONNX model.
    """
    if input_shape is not None and Path(source).suffix.lower() != ".onnx":
        raise InputError(f"{source}: says the shape of its images itself; --input-shape is for an "
                         f"ONNX model that leaves it open")
    if network is None and is_graph(source):
        found, shapes = outline(source)
        return _listed(found, {shape.name: shape for shape in shapes}, {})
    found = (open_network(source, network) if input_shape is None
             else load_network(source, input_shape=input_shape))
    return _listed(found, {}, {node.name: node.work for node in found.nodes if not node.on_host})


def _listed(found: Network, published: dict[str, LayerShape], numbers: dict[str, Any]
            ) -> NetworkListing:
    """The nodes with what is published of them, or with what their numbers are."""
    results = found.shapes()
    nodes = []
    for node in found.nodes:
        if node.on_host:
            operations = node.work.operations([results[name] for name in node.inputs])
            nodes.append(ListedNode(node.name, node.work.kind, results[node.name],
                                    operations=operations))
            continue
        positions = prod(results[node.name][1:])
        if node.name in numbers:
            shape, geometry = _shape(numbers[node.name])
            kept: int | None = _non_zeros(numbers[node.name])
            density: float | None = _non_zeros(numbers[node.name]) / prod(shape)
        else:
            layer = published[node.name]
            shape, geometry, kept, density = (
                layer.shape, layer.geometry, None, layer.weight_density)
        nodes.append(ListedNode(
            node.name, "fc" if geometry is None else "conv", results[node.name], shape, geometry,
            positions, positions * prod(shape), None, kept, density))
    return NetworkListing(found.name, results["input"], tuple(nodes))


def _shape(work: Any) -> tuple[tuple[int, ...], Geometry | None]:
    """Of the weights, as `LayerShape` has it, and the geometry of a convolution."""
    geometry = getattr(work, "geometry", None)
    if geometry is None:
        if isinstance(work, CompressedLayer):
            return (work.n_outputs, work.n_inputs), None
        return tuple(work.weights.shape), None
    return (geometry.out_channels, geometry.in_channels // geometry.groups,
            *geometry.kernel), geometry


def _non_zeros(work: Any) -> int:
    """Weights that are not zero; a bias in a last column does not count."""
    layer = work.layer if isinstance(work, CompressedConv) else work
    if isinstance(layer, CompressedLayer):
        return int(np.count_nonzero(layer.matrix.values[:layer.matrix.column_starts[
            layer.n_inputs]]))
    weights = layer.weights
    return int(np.count_nonzero(weights.values if isinstance(weights, CscMatrix) else weights))
