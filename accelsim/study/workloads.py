"""The layers a study runs: names and digests first, arrays only where a point is worked out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.compression import Recipe, compress
from accelsim.errors import InputError
from accelsim.records import CompressedLayer, Layer
from accelsim.study.definition import Study
from accelsim.workload import list_layers, load_layer, published_layers
from accelsim.workload.entries import file_sha256


@dataclass(frozen=True)
class Workload:
    """One layer by name.

    Attributes
    ----------
    name : as results show it
    digest : of what determines the layer: a published row, or the bytes of its file and its name
    seed : the study's, of a published layer's random numbers
    path, layer : the file and the name in it; None for a published layer
    """

    name: str
    digest: str
    seed: int
    path: str | None = None
    layer: str | None = None

    def load(self) -> Layer:
        """The layer with one input vector, the first of those that its file holds.

        Raises
        ------
        InputError
            If the file has changed since the study began, or holds no input vector.
        """
        if self.path is None:
            return load_layer(self.name, seed=self.seed)
        if self.digest != _file_digest(Path(self.path), str(self.layer)):
            raise InputError(f"{self.path}: has changed since the study began; start again")
        layer = load_layer(self.path, self.layer)
        if layer.activations is None or not np.size(layer.activations):
            raise InputError(f"{self.name}: the file holds no input vector for this layer; add an "
                             f"array of activations to it")
        return layer


def find_workloads(study: Study) -> tuple[Workload, ...]:
    """The workloads that a study names; a file without a layer's name stands for all its layers.

    Raises
    ------
    InputError, FormatError
        If one does not exist or is named twice.
    """
    found: list[Workload] = []
    for text in study.workloads:
        if text in published_layers():
            row = json.dumps(asdict(published_layers()[text]), sort_keys=True)
            digest = hashlib.sha256(row.encode()).hexdigest()
            found.append(Workload(text, digest, study.seed))
            continue
        path, name = study.folder / text, None
        if not path.exists() and ":" in text:
            before, _, name = text.rpartition(":")
            path = study.folder / before
        entries = list_layers(path)
        for layer in [name] if name else [entry.name for entry in entries]:
            digest = _file_digest(path, layer)
            source = str(path.resolve())
            found.append(Workload(f"{path.name}:{layer}", digest, study.seed, source, layer))
    names = [workload.name for workload in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"workload {name} is named twice; leave one out")
    return tuple(found)


def compressed(workload: Workload, recipe: dict[str, Any]) -> tuple[CompressedLayer, Any]:
    """The compressed layer and its input vector; the last few of this process are kept."""
    return _compressed(workload, json.dumps(recipe, sort_keys=True))


@lru_cache(maxsize=2)
def _compressed(workload: Workload, recipe: str) -> tuple[CompressedLayer, Any]:
    layer = _loaded(workload)
    packed = compress(layer, Recipe(**json.loads(recipe)))
    return packed, np.atleast_2d(np.asarray(layer.activations))[0]


@lru_cache(maxsize=1)
def _loaded(workload: Workload) -> Layer:
    return workload.load()


def _file_digest(path: Path, layer: str) -> str:
    return hashlib.sha256(f"{file_sha256(path)} {layer}".encode()).hexdigest()
