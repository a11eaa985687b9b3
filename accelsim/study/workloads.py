"""The layers a study runs: names and digests first, arrays only where a point is worked out.

What the machine takes decides: a layer is compressed where the machine takes that, else it is one
matrix on a machine of recurrent layers; recurrent layers go to the latter alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.compression.prepare import as_matrix, prepare, shaped_inputs
from accelsim.errors import InputError
from accelsim.machines import Machine, machine_of
from accelsim.machines.registry import takers
from accelsim.records import CompressedLayer, Layer
from accelsim.records.recurrent import RecurrentLayer
from accelsim.sources import is_store
from accelsim.study.cell_workloads import CellWorkload, cell_workloads
from accelsim.study.definition import Study
from accelsim.study.network_work import NetworkWork
from accelsim.study.networks import NetworkWorkload, find_networks, uses
from accelsim.study.recipes import LOWERING, OF_NETWORKS, recipe_of
from accelsim.study.utterances import (
    RecurrentWorkload,
    Utterance,
    folder_layer,
    recurrent_by_name,
    utterance,
)
from accelsim.workload import list_layers, load_layer, published_layers, random_layer
from accelsim.workload.entries import file_sha256, pick
from accelsim.workload.named import Named, named


@dataclass(frozen=True)
class Workload:
    """One layer by name.

    Attributes
    ----------
    name : as results show it
    digest : of what determines the layer: a published row, a drawn layer's name, or the bytes of
        its file, its name and the density of its inputs
    seed : the study's, of a published layer and of inputs that are drawn
    path, layer : the file and the name in it; None for a published or drawn one
    activation_density : of inputs drawn for a file's layer
    as_matrix : whether the machine takes it as one matrix of a recurrent layer
    """

    name: str
    digest: str
    seed: int
    path: str | None = None
    layer: str | None = None
    activation_density: float | None = None
    as_matrix: bool = False

    def load(self) -> Layer | Utterance:
        """The layer with its input vector; as a matrix with one step of one channel.

        Raises
        ------
        InputError
            If the file has changed since the study began.
        """
        layer = self._layer()
        if not self.as_matrix:
            return layer
        matrix = as_matrix(layer)
        vector = np.asarray(_vector(layer), dtype=np.float64)
        return utterance(matrix, shaped_inputs(matrix, vector))

    def _layer(self) -> Layer:
        if self.path is None:
            return load_layer(self.name, seed=self.seed)
        density = float(self.activation_density or 0.0)
        if self.digest != _file_digest(Path(self.path), str(self.layer), density):
            raise InputError(f"{self.path}: has changed since the study began; start again")
        layer = load_layer(self.path, self.layer)
        # Inputs of a layer of this width, drawn as for the published ones.
        drawn = random_layer((1, layer.shape[1]), 0.0, density, self.seed, name=self.name)
        return replace(layer, activations=drawn.activations)


AnyWorkload = Workload | RecurrentWorkload | NetworkWorkload
Loaded = Layer | Utterance | NetworkWork
Packed = CompressedLayer | RecurrentLayer | NetworkWork


def find_workloads(study: Study) -> tuple[AnyWorkload, ...]:
    """The workloads that a study names; a file without a layer's name stands for all its layers.

    Raises
    ------
    InputError, FormatError
        If one does not exist, is named twice or is not for the study's machine, or the study gives
        what none of them has a use for.
    """
    machine = machine_of(study.base_config())
    found = [workload for text in study.workloads for workload in _find(study, machine, text)]
    if study.inputs and not any(isinstance(w, CellWorkload | NetworkWorkload) for w in found):
        raise InputError("inputs: is for networks and for the recurrent layers of a file, and no "
                         "workload is one; leave it out")
    names = [workload.name for workload in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"workload {name} is named twice; leave one out")
    recurrent = all(isinstance(workload, RecurrentWorkload) for workload in found)
    if recurrent and study.activation_density is not None:
        raise InputError("activation_density: recurrent workloads bring their inputs; leave it out")
    if not any(isinstance(workload, NetworkWorkload) for workload in found):
        for what, given in (("network", study.network), ("fit", study.fit),
                            ("count", study.count != 1),
                            *((name, uses(study, name)) for name in OF_NETWORKS)):
            if given:
                raise InputError(f"{what}: is for networks, and no workload is one; leave it out")
    return tuple(found)


def _find(study: Study, machine: Machine, text: str) -> Iterator[AnyWorkload]:
    """What one text of a study stands for."""
    networks = list(find_networks(study, machine, text))
    if networks:
        yield from networks
        return
    try:
        place = named(text, study.folder)
    except InputError as problem:
        raise InputError(f"workload {problem}") from None
    if place.is_recurrent:
        if RecurrentLayer not in machine.takes:
            raise _refusal(machine, f"workload {text}: a recurrent layer", RecurrentLayer)
        yield (folder_layer(place.path, place.layer, study.seed) if place.path is not None
               else recurrent_by_name(place, study.seed))
    elif place.path is None:
        yield _by_name(study, machine, place)
    elif place.kind != "file" or is_store(place.path):
        raise InputError(f"workload {text}: is compressed already, and a study compresses; name "
                         f"the file that it was made of")
    else:
        cells = list(cell_workloads(
            study.base_config(), place.path, place.layer, _sequence(study), study.seed))
        yield from cells or _layers_of_file(study, machine, text, place.path, place.layer)


def _sequence(study: Study) -> Path | None:
    """The file of the sequence that a study gives to recurrent layers."""
    if len(study.inputs) > 1:
        raise InputError(f"inputs: {len(study.inputs)} files, and recurrent layers run on one "
                         f"sequence; give one")
    return study.folder / study.inputs[0] if study.inputs else None


def _by_name(study: Study, machine: Machine, place: Named) -> Workload:
    """A published or drawn layer; the latter with the study's inputs where it names none."""
    drawn, name = place.drawn, place.text
    if drawn is None:
        facts = json.dumps(asdict(published_layers()[name]), sort_keys=True)
    else:
        if drawn.activations is None:
            drawn = replace(drawn, activations=_density(study, name))
        facts = name = drawn.name
    digest = hashlib.sha256(facts.encode()).hexdigest()
    return Workload(name, digest, study.seed, as_matrix=_as_matrix(machine, name))


def _layers_of_file(
    study: Study, machine: Machine, text: str, path: Path, name: str | None
) -> Iterator[Workload]:
    entries = list_layers(path)
    if name is not None:
        entries = [pick(path, entries, name)]
    density = _density(study, text)
    for layer in (entry.name for entry in entries):
        digest = _file_digest(path, layer, density)
        yield Workload(f"{path.name}:{layer}", digest, study.seed, str(path.resolve()), layer,
                       density, _as_matrix(machine, text))


def _density(study: Study, text: str) -> float:
    """Of the inputs that are drawn for a layer which has none."""
    if study.activation_density is None:
        raise InputError(f"{text}: holds no input vectors; give activation_density, the share of "
                         f"inputs that are not zero (0.35 behind a ReLU, 1.0 at most)")
    return study.activation_density


def _as_matrix(machine: Machine, text: str) -> bool:
    """Whether the machine takes a layer as one matrix."""
    if CompressedLayer in machine.takes:
        return False
    if RecurrentLayer not in machine.takes:
        raise _refusal(machine, f"workload {text}: a layer", CompressedLayer, RecurrentLayer)
    return True


def _refusal(machine: Machine, what: str, *kinds: type) -> InputError:
    """One line that names the machines which take such work."""
    names = " or ".join(f"'{name}'" for name in takers(*kinds))
    return InputError(f"{what}, which the machine '{machine.name}' does not take; "
                      f"give machine = {names}")


def compressed(workload: AnyWorkload, recipe: dict[str, Any]) -> tuple[Packed, Any]:
    """The compressed layer or network and its input vector, or utterance; the last few of this
    process are kept."""
    own = {key: value for key, value in recipe.items() if key != LOWERING}
    return _compressed(workload, json.dumps(own, sort_keys=True))


def compressed_from(
    layer: Loaded, recipe: dict[str, Any]
) -> tuple[Packed, Any]:
    """The same from a layer or network that is loaded already."""
    if isinstance(layer, NetworkWork):
        return layer.compressed(recipe_of(recipe)), None
    if isinstance(layer, Utterance):
        return prepare(layer.layer, (RecurrentLayer,), recipe_of(recipe)), layer
    return prepare(layer, (CompressedLayer,), recipe_of(recipe)), _vector(layer)


def _vector(layer: Layer) -> Any:
    """(n_inputs,), the first of a layer's input vectors."""
    return np.atleast_2d(np.asarray(layer.activations))[0]


@lru_cache(maxsize=16)  # where sizes follow all layers of a study, each is needed again and again
def _compressed(workload: AnyWorkload, recipe: str) -> tuple[Packed, Any]:
    return compressed_from(_loaded(workload), json.loads(recipe))


@lru_cache(maxsize=1)
def _loaded(workload: AnyWorkload) -> Loaded:
    return workload.load()


def _file_digest(path: Path, layer: str, activation_density: float) -> str:
    text = f"{file_sha256(path)} {layer} {activation_density}"
    return hashlib.sha256(text.encode()).hexdigest()
