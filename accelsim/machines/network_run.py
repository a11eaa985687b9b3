"""A network on a machine: layers in order on the array, the rest on the host, values in between.

A layer writes fixed-point numbers; the host takes them as the real numbers that they stand for,
works in float64, and the next layer reads its result quantised to that layer's own binary point
(`accelsim.fixedpoint`). As long as the host only moves or compares (max pooling, ReLU,
concatenation), no layer reads with more fraction bits than were written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.binary_points import choose_binary_points
from accelsim.errors import InputError, UnsupportedError, nearest, printable
from accelsim.lowering.network_floats import as_images
from accelsim.lowering.ways import DEFAULT, Lowering, check_way
from accelsim.machines.base import Machine
from accelsim.records import BinaryPoints, CompressedConv, CompressedLayer
from accelsim.records.host import HostOperation, Shape
from accelsim.records.job import Job
from accelsim.records.network import INPUT, Network, Node
from accelsim.records.network_result import HostWork, NetworkResult
from accelsim.records.result import RunResult

Values = npt.NDArray[np.float64]
OnLayer = Callable[[Node, list[Job], RunResult], object]


def run_network(
    machine: Machine, config: Any, network: Network, images: npt.ArrayLike,
    engine: str | None = None, lowering: Lowering = None,
    on_node: Callable[[Node], object] = lambda node: None,
    on_layer: OnLayer = lambda node, jobs, result: None,
    layer_configs: Mapping[str, Any] = MappingProxyType({}),
) -> NetworkResult:
    """Run every node of a compressed network on one image or several.

    Parameters
    ----------
    images : the network's input shape, or (n, ...) of it
    lowering : of the convolutions, or one for some by their names; the network's own where it
        says nothing, else im2col
    on_node : called before each node
    on_layer : called after each layer with its node, its jobs (one of a convolution, one an image
        of a matrix) and its result
    layer_configs : by layer, the machine as it is set while it runs that one, where it differs;
        widths of activations and accumulators must be the machine's

    Raises
    ------
    InputError
        If the images do not have the network's shape, or a lowering is for no convolution.
    UnsupportedError
        If the machine does not take one of the layers; names it.
    CapacityError
        If a layer does not fit.
    """
    engine = machine.check_engine(engine)
    check_takes(machine, network)
    config = fitted_to(machine, config, network)
    given = as_images(network, images)
    ways = lowerings(network, lowering)
    shapes = network.shapes()
    sizes = dict(zip((node.name for node in network.nodes if not node.on_host),
                     map_sizes(network), strict=True))
    values: dict[str, Values] = {INPUT: given}
    written: dict[str, int | None] = {INPUT: None}
    layers: dict[str, RunResult] = {}
    host: list[HostWork] = []
    for node in network.nodes:
        on_node(node)
        operands = [values[name] for name in node.inputs]
        if isinstance(node.work, HostOperation):
            host.append(host_work(config, node, node.work, [shapes[n] for n in node.inputs],
                                  shapes[node.name], len(given)))
            values[node.name] = node.work.run(operands)
            written[node.name] = _kept(node.work, [written[name] for name in node.inputs])
            continue
        here = layer_configs.get(node.name)
        here = config if here is None else machine.fitted(here, [node.work], [sizes[node.name]])
        points = binary_points(here, node.work, operands[0], written[node.inputs[0]])
        jobs = _jobs(machine, here, node.work, operands[0], points, ways[node.name])
        result = finished(machine, here, node.work, jobs, engine)
        on_layer(node, jobs, result)
        layers[node.name] = result
        values[node.name] = result.outputs_float
        written[node.name] = points.output_frac_bits
    return NetworkResult(network.name, engine, config, layers, tuple(host),
                         values[network.output], np.shape(images) != shapes[INPUT],
                         (network.note,) if network.note else ())


def lowerings(network: Network, asked: Lowering = None) -> dict[str, str]:
    """Each layer's lowering: what is asked for, else the network's own, else im2col.

    Raises
    ------
    InputError
        If one is asked for of what is no convolution of the network.
    """
    layers = [node for node in network.nodes if not node.on_host]
    convolutions = [node.name for node in layers if hasattr(node.work, "geometry")]
    for way in {asked} if isinstance(asked, str) else {*(asked or {}).values()}:
        check_way(network.name, way)
    for name in asked if isinstance(asked, Mapping) else ():
        if name not in convolutions:
            raise InputError(f"{network.name}: lowering of '{printable(name)}', which is no "
                             f"convolution of it{nearest(name, convolutions)}")
    if isinstance(asked, str):
        return dict.fromkeys((node.name for node in layers), asked)
    own = {**network.lowerings, **(asked or {})}
    return {node.name: own.get(node.name, DEFAULT) for node in layers}


def fitted_to(
    machine: Machine, config: Any, network: Network, works: Mapping[str, Any] | None = None
) -> Any:
    """The configuration sized to a network's layers, on maps of its shapes.

    Parameters
    ----------
    works : what runs of each node, by the node's name; None is the nodes' own
    """
    nodes = [node for node in network.nodes if not node.on_host]
    own = [node.work if works is None else works[node.name] for node in nodes]
    return machine.fitted(config, own, map_sizes(network))


def map_sizes(network: Network) -> list[tuple[int, int] | None]:
    """(rows, columns) that each layer of a network reads; None of what reads a vector."""
    shapes = network.shapes()
    sizes = [shapes[node.inputs[0]][1:] for node in network.nodes if not node.on_host]
    return [(size[0], size[1]) if len(size) == 2 else None for size in sizes]


def binary_points(
    config: Any, work: CompressedLayer | CompressedConv, inputs: Values, written: int | None
) -> BinaryPoints:
    """A layer's own, with no more fraction bits of its inputs than were ``written``; None is any.
    """
    layer = work.layer if isinstance(work, CompressedConv) else work
    points = choose_binary_points(config, layer, inputs)
    if written is None or points.input_frac_bits <= written:
        return points
    output = min(points.output_frac_bits, points.weight_frac_bits + written)
    return replace(points, input_frac_bits=written, output_frac_bits=output)


def check_takes(machine: Machine, network: Network) -> None:
    """Raise `UnsupportedError` where the machine does not take a layer of a network."""
    for node in network.nodes:
        if not (node.on_host or isinstance(node.work, machine.takes)):
            raise UnsupportedError(
                f"{network.name}: {node.name} is a {type(node.work).__name__}, which the machine "
                f"'{machine.name}' does not take; compress the network first, or name a machine "
                f"that takes it")


def _jobs(machine: Machine, config: Any, work: Any, inputs: Values, points: BinaryPoints,
          lowering: str) -> list[Job]:
    """One of a convolution, whose images are its vectors; one an image of a matrix."""
    if isinstance(work, CompressedConv):
        return [machine.job(config, work, inputs, binary_points=points, lowering=lowering)]
    return [machine.job(config, work, vector, binary_points=points) for vector in inputs]


def finished(machine: Machine, config: Any, work: Any, jobs: Sequence[Job], engine: str,
             outputs: bool = True) -> RunResult:
    """The result of a layer's jobs."""
    results = [machine.finish(config, job, engine, outputs) for job in jobs]
    return results[0] if isinstance(work, CompressedConv) else together(results)


def together(results: list[RunResult]) -> RunResult:
    """The results of one layer's vectors as one result: (n, n_outputs), counters added up."""
    first = results[0]
    counted = None if first.counters is None else type(first.counters).added(
        result.counters for result in results)
    outputs = None if first.outputs is None else np.array([r.outputs for r in results])
    operations = {name: sum(r.operations[name] for r in results) for name in first.operations}
    return replace(first, outputs=outputs, counters=counted, operations=operations,
                   n_vectors=len(results))


def host_work(config: Any, node: Node, operation: HostOperation, shapes: list[Shape],
              result: Shape, n_images: int) -> HostWork:
    """What an operation of the host is, of operands of these shapes."""
    moved = sum(map(prod, shapes)) + prod(result)
    width = -(-config.activation_bits // 8)
    return HostWork(node.name, str(operation.kind), operation.operations(shapes) * n_images,
                    moved * width * n_images)


def _kept(operation: HostOperation, written: list[int | None]) -> int | None:
    """Fraction bits of the result, where the operation only moves or compares."""
    known = [bits for bits in written if bits is not None]
    return max(known) if operation.exact and len(known) == len(written) else None
