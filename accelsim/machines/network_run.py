"""A network on a machine: layers in order on the array, the rest on the host, values in between.

A layer writes fixed-point numbers; the host takes them as the real numbers that they stand for,
works in float64, and the next layer reads its result quantised to that layer's own binary point
(`accelsim.fixedpoint`). As long as the host only moves or compares (max pooling, ReLU,
concatenation), no layer reads with more fraction bits than were written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.binary_points import choose_binary_points
from accelsim.errors import UnsupportedError
from accelsim.lowering.network_floats import as_images
from accelsim.machines.base import Machine
from accelsim.records import BinaryPoints, CompressedConv, CompressedLayer
from accelsim.records.host import HostOperation, Shape
from accelsim.records.network import INPUT, Network, Node
from accelsim.records.network_result import HostWork, NetworkResult
from accelsim.records.result import RunResult

Values = npt.NDArray[np.float64]


def run_network(
    machine: Machine, config: Any, network: Network, images: npt.ArrayLike,
    engine: str | None = None, lowering: str | Mapping[str, str] = "auto",
    on_node: Callable[[Node], object] = lambda node: None,
) -> NetworkResult:
    """Run every node of a compressed network on one image or several.

    Parameters
    ----------
    images : the network's input shape, or (n, ...) of it
    lowering : of the convolutions, or one for each by its name; "auto" where a name is missing
    on_node : called before each node

    Raises
    ------
    InputError
        If the images do not have the network's shape.
    UnsupportedError
        If the machine does not take one of the layers; names it.
    CapacityError
        If a layer does not fit.
    """
    engine = machine.check_engine(engine)
    _check_takes(machine, network)
    config = machine.fitted(
        config, [node.work for node in network.nodes if not node.on_host])
    given = as_images(network, images)
    shapes = network.shapes()
    values: dict[str, Values] = {INPUT: given}
    written: dict[str, int | None] = {INPUT: None}
    layers: dict[str, RunResult] = {}
    host: list[HostWork] = []
    for node in network.nodes:
        on_node(node)
        operands = [values[name] for name in node.inputs]
        if isinstance(node.work, HostOperation):
            host.append(_work(config, node, node.work, [shapes[n] for n in node.inputs],
                              shapes[node.name], len(given)))
            values[node.name] = node.work.run(operands)
            written[node.name] = _kept(node.work, [written[name] for name in node.inputs])
            continue
        points = binary_points(config, node.work, operands[0], written[node.inputs[0]])
        chosen = lowering if isinstance(lowering, str) else lowering.get(node.name, "auto")
        result = _run(machine, config, node.work, operands[0], engine, points, chosen)
        layers[node.name] = result
        values[node.name] = result.outputs_float
        written[node.name] = points.output_frac_bits
    return NetworkResult(network.name, engine, config, layers, tuple(host),
                         values[network.output], np.shape(images) != shapes[INPUT])


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


def _check_takes(machine: Machine, network: Network) -> None:
    for node in network.nodes:
        if not (node.on_host or isinstance(node.work, machine.takes)):
            raise UnsupportedError(
                f"{network.name}: {node.name} is a {type(node.work).__name__}, which the machine "
                f"'{machine.name}' does not take; compress the network first, or name a machine "
                f"that takes it")


def _run(machine: Machine, config: Any, work: Any, inputs: Values, engine: str,
         points: BinaryPoints, lowering: str) -> RunResult:
    if isinstance(work, CompressedConv):
        job = machine.job(config, work, inputs, binary_points=points, lowering=lowering)
        return machine.finish(config, job, engine)
    results = [machine.finish(config, machine.job(config, work, vector, binary_points=points),
                              engine) for vector in inputs]
    return together(results)


def together(results: list[RunResult]) -> RunResult:
    """The results of one layer's vectors as one result: (n, n_outputs), counters added up."""
    first = results[0]
    counted = None if first.counters is None else type(first.counters).added(
        result.counters for result in results)
    outputs = None if first.outputs is None else np.array([r.outputs for r in results])
    operations = {name: sum(r.operations[name] for r in results) for name in first.operations}
    return replace(first, outputs=outputs, counters=counted, operations=operations,
                   n_vectors=len(results))


def _work(config: Any, node: Node, operation: HostOperation, shapes: list[Shape], result: Shape,
          n_images: int) -> HostWork:
    moved = sum(map(prod, shapes)) + prod(result)
    width = -(-config.activation_bits // 8)
    return HostWork(node.name, str(operation.kind), operation.operations(shapes) * n_images,
                    moved * width * n_images)


def _kept(operation: HostOperation, written: list[int | None]) -> int | None:
    """Fraction bits of the result, where the operation only moves or compares."""
    known = [bits for bits in written if bits is not None]
    return max(known) if operation.exact and len(known) == len(written) else None
