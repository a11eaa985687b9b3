"""A network's layers one by one, each on inputs of its own: what published densities can tell.

Numbers drawn at the published densities of weights and activations do not follow from each other:
what a drawn layer writes is not what the next one is published to read. So each layer runs on the
activations that it brings, and the results add up to a network's time without its classes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression import Recipe, compress
from accelsim.errors import InputError, LossWarning
from accelsim.lowering.ways import DEFAULT, Lowering
from accelsim.machines.base import Machine
from accelsim.machines.network_run import (
    OnLayer,
    finished,
    fitted_to,
    host_work,
    lowerings,
)
from accelsim.records import CompressedConv, CompressedLayer
from accelsim.records.job import Job
from accelsim.records.network import Network, Node
from accelsim.records.network_result import HostWork, NetworkResult
from accelsim.records.result import RunResult

NOTE = "each layer runs on inputs of its own, drawn at their density: times, not classes"


def brings_inputs(network: Network) -> bool:
    """Whether every layer has activations of its own."""
    return all(getattr(layer, "activations", None) is not None for layer in network.layers)


def alone_work(work: Any, recipe: Recipe | None = None) -> CompressedLayer | CompressedConv:
    """A layer that brings activations of its own, compressed.

    Raises
    ------
    InputError
        If it brings none.
    """
    if getattr(work, "activations", None) is None:
        raise InputError(f"{work.name}: brings no inputs of its own; give --image or --inputs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)  # jobs and results tell them
        packed: CompressedLayer | CompressedConv = compress(work, recipe)
        return packed


def alone_job(machine: Machine, config: Any, packed: CompressedLayer | CompressedConv,
              inputs: npt.NDArray[Any], lowering: str = DEFAULT) -> Job:
    """The job of a compressed layer on inputs of its own, of a matrix the first; errors as of
    `Machine.job`."""
    if isinstance(packed, CompressedConv):
        return machine.job(config, packed, inputs, lowering=lowering)
    return machine.job(config, packed, np.atleast_2d(inputs)[0])


def run_alone(
    machine: Machine, config: Any, network: Network, recipe: Recipe | None = None,
    engine: str | None = None, lowering: Lowering = None,
    on_node: Callable[[Node], object] = lambda node: None,
    on_layer: OnLayer = lambda node, jobs, result: None,
    packed: Mapping[str, CompressedLayer | CompressedConv] | None = None,
    own: Mapping[str, npt.NDArray[Any]] | None = None,
) -> NetworkResult:
    """Run every layer on its own activations, for time and counters.

    Parameters
    ----------
    network : not compressed; `accelsim.load_network` of a published name
    lowering : as of `accelsim.machines.network_run.run_network`
    on_node, on_layer : as of `accelsim.machines.network_run.run_network`; the node has the
        compressed layer
    packed, own : the compressed layers by name, and what each is run on, where the network does
        not have them

    Raises
    ------
    InputError, CapacityError, UnsupportedError
        As `alone_work` and `Machine.job`.
    """
    engine = machine.check_engine(engine)
    shapes, ways = network.shapes(), lowerings(network, lowering)
    works = packed or {node.name: alone_work(node.work, recipe)
                       for node in network.nodes if not node.on_host}
    config = fitted_to(machine, config, network, works)
    layers: dict[str, RunResult] = {}
    host: list[HostWork] = []
    for node in network.nodes:
        on_node(node)
        if node.on_host:
            host.append(host_work(config, node, node.work, [shapes[n] for n in node.inputs],
                                  shapes[node.name], 1))
            continue
        work = works[node.name]
        inputs = node.work.activations if own is None else own[node.name]
        job = alone_job(machine, config, work, inputs, ways[node.name])
        result = finished(machine, config, work, [job], engine, outputs=False)
        on_layer(Node(node.name, work, node.inputs), [job], result)
        layers[node.name] = result
    return NetworkResult(network.name, engine, config, layers, tuple(host), np.zeros((1, 0)),
                         False, (NOTE,))
