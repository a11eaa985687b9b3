"""What a point of a study runs where its workload is a network: compressed, then layer by layer."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression import Recipe
from accelsim.compression.low_rank import BEFORE
from accelsim.compression.network import calibrated_network, compress_graph
from accelsim.errors import LossWarning
from accelsim.lowering.network_floats import layer_floats
from accelsim.lowering.ways import Lowering
from accelsim.machines import Machine
from accelsim.machines.network_alone import run_alone
from accelsim.machines.network_run import map_sizes, run_network
from accelsim.records import CompressedConv
from accelsim.records.network import Network
from accelsim.records.result import RunResult

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NetworkWork:
    """A network, compressed or not, and what it is run on.

    Attributes
    ----------
    images : (n, ...), or None
    own : each layer's inputs where there are no images
    layer : the only one whose figures are kept, or None
    """

    network: Network
    images: Values | None
    own: Mapping[str, Any]
    layer: str | None

    @property
    def works(self) -> list[Any]:
        """The layers."""
        return [*self.network.layers]

    @property
    def map_sizes(self) -> list[tuple[int, int] | None]:
        """(rows, columns) that each layer reads; None of what reads a vector."""
        return map_sizes(self.network)

    def compressed(self, recipe: Recipe) -> NetworkWork:
        """The same with compressed layers; where the recipe has a rank, with two for each."""
        if self.images is not None:
            return replace(self, network=calibrated_network(self.network, recipe, self.images))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LossWarning)  # results tell them
            network = compress_graph(self.network, recipe)
        return replace(self, network=network, own=self._inputs_of(network))

    def _inputs_of(self, network: Network) -> dict[str, Any]:
        """Of each layer its own; of a pair in place of one, the first has them and the second what
        that makes of them."""
        works = {layer.name: layer for layer in network.layers}
        found = dict(self.own)
        for name, inputs in self.own.items():
            first = works.get(f"{name}{BEFORE}")
            if first is not None:
                found[first.name] = inputs
                several = (first.geometry.images(name, inputs)
                           if isinstance(first, CompressedConv) else np.atleast_2d(inputs))
                found[name] = layer_floats(first, several)
        return found

    def run(self, machine: Machine, config: Any, engine: str, lowering: Lowering) -> RunResult:
        """The layer's result, or all layers' added up, without outputs.

        What is asked of other layers is nothing to one that is named.
        """
        if self.layer is not None and isinstance(lowering, Mapping):
            there = [node.name for node in self.network.nodes]
            lowering = {name: way for name, way in lowering.items() if name in there}
        if self.images is None:
            packed = {layer.name: layer for layer in self.network.layers}
            result = run_alone(machine, config, self.network, None, engine,
                               lowering, packed=packed, own=self.own)
        else:
            result = run_network(machine, config, self.network, self.images, engine, lowering)
        if self.layer is None:
            return result.as_one()
        pair = {name: own for name, own in result.layers.items()
                if name in (self.layer, f"{self.layer}{BEFORE}")}
        if len(pair) == 1:
            return pair[self.layer]
        return replace(result, name=self.layer, layers=pair).as_one()
