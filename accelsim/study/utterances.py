"""Recurrent workloads of a study: a layer and an utterance, by name or from a folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, nearest
from accelsim.lowering.float_run import run_float
from accelsim.records.recurrent import RecurrentLayer
from accelsim.study.definition import Study
from accelsim.workload.entries import file_sha256
from accelsim.workload.published_lstm import PUBLISHED, dense_ese_layer, ese_layer, ese_utterance
from accelsim.workload.recurrent_folder import RecurrentFolder, load_recurrent_folder

N_STEPS, N_CHANNELS = 10, 32
"""Of the random utterance of a published layer."""

LAYERS: MappingProxyType[str, Callable[[int], RecurrentLayer]] = MappingProxyType({
    "google-lstm": ese_layer,
    "google-lstm-dense": dense_ese_layer,
})
"""Published sizes by name: with the published number of entries, and before any pruning."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Utterance:
    """A layer that is not compressed yet, and what it is run on.

    Attributes
    ----------
    inputs : (n_steps, n_channels, n_inputs); a machine of fewer channels takes the first ones
    wanted : (n_steps, n_channels, n_outputs), the layer's outputs in float
    """

    layer: RecurrentLayer
    inputs: Floats
    wanted: Floats


@dataclass(frozen=True)
class RecurrentWorkload:
    """One recurrent layer by name; as `accelsim.study.workloads.Workload`.

    Attributes
    ----------
    path, layer : the folder, and which of its layers; None for a published one
    """

    name: str
    digest: str
    seed: int
    path: str | None = None
    layer: str | None = None

    def load(self) -> Utterance:
        """The layer with its utterance.

        Raises
        ------
        InputError
            If the folder has changed since the study began.
        """
        if self.path is None:
            layer, inputs = LAYERS[self.name](self.seed), ese_utterance(
                N_STEPS, N_CHANNELS, self.seed)
        else:
            if self.digest != _folder_digest(Path(self.path), str(self.layer)):
                raise InputError(f"{self.path}: has changed since the study began; start again")
            folder = load_recurrent_folder(self.path)
            layer, inputs = dict(_layers(folder))[str(self.layer)], folder.inputs
        return Utterance(layer, inputs, run_float(layer, inputs).outputs)


def find_recurrent(study: Study) -> Iterator[RecurrentWorkload]:
    """The recurrent workloads that a study names.

    A folder stands for its dense network; ``folder:load_balanced/11.2`` for a retrained one.

    Raises
    ------
    InputError, FormatError
        If one does not exist, or the study gives what belongs to layers of files.
    """
    if study.activation_density is not None:
        raise InputError("activation_density: recurrent workloads bring their inputs; leave it out")
    for text in study.workloads:
        if text in LAYERS:
            facts = [text, N_STEPS, N_CHANNELS, [asdict(row) for row in PUBLISHED]]
            digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
            yield RecurrentWorkload(text, digest, study.seed)
            continue
        path, name = study.folder / text, "dense"
        if not path.exists() and ":" in text:
            before, _, name = text.rpartition(":")
            path = study.folder / before
        if not path.is_dir():
            raise InputError(f"workload {text}: no recurrent layer or folder{nearest(text, LAYERS)}"
                             f"; ese runs {', '.join(LAYERS)} and folders like traces/silero-lstm")
        known = [key for key, _ in _layers(load_recurrent_folder(path))]
        if name not in known:
            raise InputError(f"{path}: no layer '{name}'{nearest(name, known)}")
        yield RecurrentWorkload(f"{path.name}:{name}", _folder_digest(path, name), study.seed,
                                str(path.resolve()), name)


def _layers(folder: RecurrentFolder) -> Iterator[tuple[str, RecurrentLayer]]:
    yield "dense", folder.layer
    for pattern, layers in folder.retrained.items():
        for percent, layer in layers.items():
            yield f"{pattern}/{percent}", layer


def _folder_digest(path: Path, layer: str) -> str:
    files = {file.name: file_sha256(file) for file in sorted(path.glob("*.safetensors"))}
    return hashlib.sha256(json.dumps([files, layer]).encode()).hexdigest()
