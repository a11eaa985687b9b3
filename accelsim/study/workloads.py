"""The layers a study runs: names and digests first, arrays only where a point is worked out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.errors import InputError, nearest
from accelsim.records import CompressedLayer, Layer
from accelsim.records.recurrent import RecurrentLayer
from accelsim.study.definition import Study
from accelsim.study.recipes import compress_by, compress_recurrent_by
from accelsim.study.utterances import LAYERS, RecurrentWorkload, Utterance, find_recurrent
from accelsim.workload import list_layers, load_layer, published_layers, random_layer
from accelsim.workload.entries import file_sha256, pick


@dataclass(frozen=True)
class Workload:
    """One layer by name.

    Attributes
    ----------
    name : as results show it
    digest : of what determines the layer: a published row, or the bytes of its file, its name and
        the density of its inputs
    seed : the study's, of a published layer and of inputs that are drawn
    path, layer : the file and the name in it; None for a published layer
    activation_density : of inputs drawn for a file's layer
    """

    name: str
    digest: str
    seed: int
    path: str | None = None
    layer: str | None = None
    activation_density: float | None = None

    def load(self) -> Layer:
        """The layer with its input vector.

        Raises
        ------
        InputError
            If the file has changed since the study began.
        """
        if self.path is None:
            return load_layer(self.name, seed=self.seed)
        density = float(self.activation_density or 0.0)
        if self.digest != _file_digest(Path(self.path), str(self.layer), density):
            raise InputError(f"{self.path}: has changed since the study began; start again")
        layer = load_layer(self.path, self.layer)
        # Inputs of a layer of this width, drawn as for the published ones.
        drawn = random_layer((1, layer.shape[1]), 0.0, density, self.seed, name=self.name)
        return replace(layer, activations=drawn.activations)


AnyWorkload = Workload | RecurrentWorkload
Packed = CompressedLayer | RecurrentLayer


def find_workloads(study: Study) -> tuple[AnyWorkload, ...]:
    """The workloads that a study names; a file without a layer's name stands for all its layers.

    Raises
    ------
    InputError, FormatError
        If one does not exist, is named twice or is not for the study's machine.
    """
    on_ese = study.base_config().machine == "ese"
    found: tuple[AnyWorkload, ...] = tuple((find_recurrent if on_ese else _find)(study))
    names = [workload.name for workload in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"workload {name} is named twice; leave one out")
    return found


def _find(study: Study) -> Iterator[Workload]:
    for text in study.workloads:
        if text in published_layers():
            row = json.dumps(asdict(published_layers()[text]), sort_keys=True)
            digest = hashlib.sha256(row.encode()).hexdigest()
            yield Workload(text, digest, study.seed)
            continue
        if text in LAYERS:
            raise InputError(f"workload {text}: a recurrent layer; give machine = 'ese'")
        path, name = study.folder / text, None
        if not path.exists() and ":" in text:
            before, _, name = text.rpartition(":")
            path = study.folder / before
        if not path.exists():
            hint = nearest(text, published_layers())
            raise InputError(f"workload {text}: no such file or published layer{hint}")
        entries = list_layers(path)
        if name is not None:
            entries = [pick(path, entries, name)]
        density = study.activation_density
        if density is None:
            raise InputError(f"{text}: files hold no input vectors; give activation_density, the "
                             f"share of inputs that are not zero (0.35 behind a ReLU, 1.0 at most)")
        for layer in (entry.name for entry in entries):
            digest = _file_digest(path, layer, density)
            source = str(path.resolve())
            yield Workload(f"{path.name}:{layer}", digest, study.seed, source, layer, density)


def compressed(workload: AnyWorkload, recipe: dict[str, Any]) -> tuple[Packed, Any]:
    """The compressed layer and its input vector, or utterance; the last few of this process are
    kept."""
    return _compressed(workload, json.dumps(recipe, sort_keys=True))


def compressed_from(
    layer: Layer | Utterance, recipe: dict[str, Any]
) -> tuple[Packed, Any]:
    """The same from a layer that is loaded already."""
    if isinstance(layer, Utterance):
        return compress_recurrent_by(layer.layer, recipe), layer
    return compress_by(layer, recipe), np.atleast_2d(np.asarray(layer.activations))[0]


@lru_cache(maxsize=2)
def _compressed(workload: AnyWorkload, recipe: str) -> tuple[Packed, Any]:
    return compressed_from(_loaded(workload), json.loads(recipe))


@lru_cache(maxsize=1)
def _loaded(workload: AnyWorkload) -> Layer | Utterance:
    return workload.load()


def _file_digest(path: Path, layer: str, activation_density: float) -> str:
    text = f"{file_sha256(path)} {layer} {activation_density}"
    return hashlib.sha256(text.encode()).hexdigest()
