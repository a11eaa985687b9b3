"""Networks as workloads of a study: whole, or a layer behind a colon.

``squeezenet``, a graph in TOML, a ``.net`` file, an ONNX model with convolutions, a file that
`accelsim compress` wrote of a network, or a file of arrays with the study's ``network``. Behind a
colon stands one layer, or ``*`` for each of them. A whole network is one point, its layers added
up.

With the study's ``inputs`` layers run on what those before them wrote. Without, each layer runs on
inputs of its own: those that a network of published densities brings, or drawn at the study's
``activation_density``; results are times then, not classes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

from accelsim.errors import InputError
from accelsim.machines import Machine
from accelsim.machines.network_alone import brings_inputs
from accelsim.records import CompressedConv, CompressedLayer
from accelsim.records.network import Network, Node
from accelsim.shipped import located
from accelsim.sources import is_store, names_network, network_inputs, open_network
from accelsim.sources.networks import check_takes
from accelsim.study.definition import Study
from accelsim.study.network_work import NetworkWork, Values
from accelsim.study.recipes import LOWERING, PREFIX
from accelsim.workload import network_names, random_layer
from accelsim.workload.array_files import is_array_file
from accelsim.workload.entries import file_sha256
from accelsim.workload.graph_networks import is_graph, outline

EVERY = "*"


@dataclass(frozen=True)
class NetworkWorkload:
    """A network, or one layer of it, by name; as `accelsim.study.workloads.Workload`.

    Attributes
    ----------
    source, graph : as `accelsim.sources.open_network` takes them
    files : of the source and the inputs, which determine it and may change
    inputs, count, fit, activation_density : the study's
    """

    name: str
    digest: str
    seed: int
    source: str
    graph: str | None
    layer: str | None
    files: tuple[str, ...]
    inputs: tuple[str, ...]
    count: int
    fit: bool
    activation_density: float | None

    @property
    def path(self) -> str | None:
        """A file that a worker elsewhere may not have; None where it needs none."""
        return self.files[0] if self.files else None

    def load(self) -> NetworkWork:
        """The network with what it runs on.

        Raises
        ------
        InputError
            If a file has changed since the study began, or the network has no inputs.
        """
        if self.digest != _digest(self.source, self.graph, self.layer, self.files, self.inputs,
                                  self.count, self.fit, self.activation_density):
            raise InputError(f"{self.name}: a file of it has changed since the study began; start "
                             f"again")
        network = open_network(self.source, self.graph, self.seed)
        network = network if self.layer is None else network.up_to(self.layer)
        if self.inputs:
            return NetworkWork(network, _images(network, self), {}, self.layer)
        if self.layer is not None:
            network = _alone(network, self.layer)
        if brings_inputs(network):
            own = {layer.name: layer.activations for layer in network.layers}
            return NetworkWork(network, None, own, self.layer)
        return NetworkWork(*_drawn(network, self), self.layer)


def _images(network: Network, workload: NetworkWorkload) -> Values:
    arrays = [Path(text) for text in workload.inputs if _is_array(text)]
    photos = [Path(text) for text in workload.inputs if not _is_array(text)]
    if len(arrays) > 1 or (arrays and photos):
        raise InputError("inputs: give photos, or one file of arrays")
    return network_inputs(network, photos, arrays[0] if arrays else None, workload.count,
                          workload.fit)


def _is_array(text: str) -> bool:
    return Path(text).suffix.lower() == ".npy" or is_array_file(Path(text))


def _alone(network: Network, layer: str) -> Network:
    """One layer as a network; its input is what it reads."""
    node = next(node for node in network.nodes if node.name == layer)
    shape = network.shapes()[node.inputs[0]]
    own = {name: way for name, way in network.lowerings.items() if name == layer}
    return replace(network, nodes=(Node(layer, node.work, ("input",)),), input_shape=shape,
                   output=layer, lowerings=own)


def _drawn(network: Network, workload: NetworkWorkload
           ) -> tuple[Network, None, dict[str, Any]]:
    """Each layer with inputs drawn at the study's density, as layers of files get them."""
    density = float(workload.activation_density or 0.0)
    shapes = network.shapes()
    own: dict[str, Any] = {}
    nodes = []
    for node in network.nodes:
        if node.on_host:
            nodes.append(node)
            continue
        shape = shapes[node.inputs[0]]
        drawn = random_layer((1, prod(shape)), 0.0, density, workload.seed,
                             name=f"{network.name}/{node.name}").activations
        assert drawn is not None
        own[node.name] = drawn.reshape(shape)
        compressed = isinstance(node.work, CompressedLayer | CompressedConv)
        nodes.append(node if compressed else replace(
            node, work=replace(node.work, activations=own[node.name])))
    return replace(network, nodes=tuple(nodes)), None, own


def find_networks(study: Study, machine: Machine, text: str) -> Iterator[NetworkWorkload]:
    """The network workloads that a text of a study stands for; none where it is no network.

    Raises
    ------
    InputError, FormatError, UnsupportedError
        If there is no such layer, the machine does not take it, or the study asks for what it has
        no use for.
    """
    found = _place(study, text)
    if found is None:
        return
    source, graph, layer = found
    network = outline(source)[0] if is_graph(source) else open_network(source, graph)
    check_takes(study.base_config(), network)
    _check_recipe(study, text, network)
    _check_inputs(study, text, is_graph(source) or brings_inputs(network))
    layers = [node.name for node in network.nodes if not node.on_host]
    for one in layers if layer == EVERY else [layer]:
        if one is not None:
            network.up_to(one)  # refuses what is no layer
        inputs = tuple(str(_file(study, name).resolve()) for name in study.inputs)
        files = tuple(str(Path(name).resolve()) for name in (source, graph or "", *inputs)
                      if name and Path(name).is_file())
        own = (source, graph, one, files, inputs, study.count, study.fit,
               study.activation_density)
        label = Path(source).name if Path(source).is_file() else source
        yield NetworkWorkload(label if one is None else f"{label}:{one}", _digest(*own),
                              study.seed, *own)


def _check_inputs(study: Study, text: str, brings: bool) -> None:
    for name in study.inputs:
        if not _file(study, name).is_file():
            raise InputError(f"inputs: {name}: no such file")
    if not (study.inputs or brings or study.activation_density is not None):
        raise InputError(f"workload {text}: holds no inputs; give inputs = [\"photo.png\"] or a "
                         f"file of them, or activation_density, the share of each layer's inputs "
                         f"that are not zero")


def _check_recipe(study: Study, text: str, network: Network) -> None:
    """Codes that are there already have no use for a recipe."""
    if not all(isinstance(layer, CompressedLayer | CompressedConv) for layer in network.layers):
        return
    for key in (*study.fixed, *study.axes):
        if key.startswith(PREFIX) and key != f"{PREFIX}{LOWERING}":
            raise InputError(f"workload {text}: holds codes already, which {key} does not change; "
                             f"leave it out")


def _place(study: Study, text: str) -> tuple[str, str | None, str | None] | None:
    """(source, graph, layer) of a network, or None."""
    name, colon, layer = text.partition(":")
    if name in network_names():
        return name, None, layer if colon else None
    graph = study.network
    if graph is not None and graph not in network_names():
        graph = str(_file(study, graph))
    for place in (study.folder / text, located(text)):
        bare, colon, behind = str(place).rpartition(":")
        options = [(str(place), None), (bare, behind)] if colon else [(str(place), None)]
        for path, own in options:
            if not Path(path).is_file() and Path(path).suffix.lower() != ".net":
                continue
            arrays = is_array_file(Path(path)) and not is_store(Path(path))
            if graph is not None and arrays:
                return path, graph, own
            if names_network(path, None, None if own in (None, EVERY) else [str(own)]):
                return path, None, own
            return None
    return None


def _file(study: Study, text: str) -> Path:
    path = study.folder / text
    return path if path.exists() else located(text)


def _digest(source: str, graph: str | None, layer: str | None, files: tuple[str, ...],
            inputs: tuple[str, ...], count: int, fit: bool, density: float | None) -> str:
    """SHA-256 of what determines the work; a file stands for its bytes."""
    told = [source if not Path(source).is_file() else "", graph if graph in network_names() else "",
            layer, [file_sha256(Path(name)) for name in files], len(inputs), count, fit, density]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def uses(study: Study, setting: str) -> bool:
    """Whether the study says something of a setting of the recipe."""
    return f"{PREFIX}{setting}" in (*study.fixed, *study.axes)
