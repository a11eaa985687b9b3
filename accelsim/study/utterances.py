"""Recurrent workloads of a study: a layer and an utterance, by name or from a folder.

Machines that take recurrent layers run ``google-lstm`` (the published sizes and entries,
synthetic), ``google-lstm-dense`` (before any pruning), ``random:lstm:1024x153:density=0.1`` (any
shape: `accelsim.workload.drawn`), a folder such as ``traces/silero-lstm``,
which stands for its dense network, and ``folder:load_balanced/11.2``, one of its retrained layers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, nearest
from accelsim.lowering.float_run import run_float
from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload.entries import file_sha256
from accelsim.workload.named import Named, named
from accelsim.workload.published_lstm import PUBLISHED, RECURRENT, ese_utterance
from accelsim.workload.recurrent_folder import load_recurrent_folder

N_STEPS, N_CHANNELS = 10, 32
"""Of the random utterance of a published layer."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Utterance:
    """A layer that is not compressed yet, and what it is run on.

    Attributes
    ----------
    inputs : (n_steps, n_channels, n_inputs); a machine of fewer channels takes the first ones
    wanted : (n_steps, n_channels, n_outputs), the layer's outputs in float
    lengths : (n_channels,) steps of each channel; None is all
    """

    layer: RecurrentLayer
    inputs: Floats
    wanted: Floats
    lengths: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True)
class RecurrentWorkload:
    """One recurrent layer by name; as `accelsim.study.workloads.Workload`.

    Attributes
    ----------
    path, layer : the folder, and which of its layers; None for a published or drawn one
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
            place = named(self.name)
            if place.drawn is not None:
                return utterance(*place.drawn.recurrent(self.seed))
            layer, inputs = RECURRENT[self.name](self.seed), ese_utterance(
                N_STEPS, N_CHANNELS, self.seed)
        else:
            if self.digest != _folder_digest(Path(self.path), str(self.layer)):
                raise InputError(f"{self.path}: has changed since the study began; start again")
            folder = load_recurrent_folder(self.path)
            layer, inputs = folder.layers()[str(self.layer)], folder.inputs
        return utterance(layer, inputs)


def utterance(
    layer: RecurrentLayer, inputs: Floats, lengths: npt.NDArray[np.int64] | None = None
) -> Utterance:
    """A layer with its inputs, run once in float."""
    return Utterance(layer, inputs, run_float(layer, inputs, lengths).outputs, lengths)


def recurrent_by_name(place: Named, seed: int) -> RecurrentWorkload:
    """A published or drawn layer."""
    name = place.text
    facts = ([name] if place.drawn is not None
             else [name, N_STEPS, N_CHANNELS, [asdict(row) for row in PUBLISHED]])
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return RecurrentWorkload(name, digest, seed)


def folder_layer(path: Path, name: str | None, seed: int) -> RecurrentWorkload:
    """A layer of a recurrent folder; without a name its dense network.

    Raises
    ------
    InputError, FormatError
        If there is none of that name, or the folder cannot be read.
    """
    known = load_recurrent_folder(path).layers()
    name = name or "dense"
    if name not in known:
        raise InputError(f"{path}: no layer '{name}'{nearest(name, known)}")
    return RecurrentWorkload(f"{path.name}:{name}", _folder_digest(path, name), seed,
                             str(path.resolve()), name)


def _folder_digest(path: Path, layer: str) -> str:
    files = {file.name: file_sha256(file) for file in sorted(path.glob("*.safetensors"))}
    return hashlib.sha256(json.dumps([files, layer]).encode()).hexdigest()
