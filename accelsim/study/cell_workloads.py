"""LSTMs and GRUs of a file as workloads of a study, each on the user's own sequence.

``net.onnx`` stands for all recurrent layers of the file: the first runs on the sequence that the
study's ``inputs`` names (drawn without it), each other one on what the float network gives it.
``net.onnx:LAYER`` is one layer, which runs on the sequence itself. ``relative_error`` is then that
of one layer: what pruning, quantising and the machine's arithmetic do to its outputs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.errors import InputError
from accelsim.lowering.float_run import float_outputs
from accelsim.records.utterance import reads
from accelsim.sources.cells import cell_entries
from accelsim.sources.sequences import Sequence, drawn_sequence, load_sequence
from accelsim.study.utterances import RecurrentWorkload, Utterance, utterance
from accelsim.workload.cells import chosen_entries, recurrent_contents
from accelsim.workload.entries import file_sha256


@dataclass(frozen=True)
class CellWorkload(RecurrentWorkload):
    """One recurrent layer of a file; as `accelsim.study.utterances.RecurrentWorkload`.

    Attributes
    ----------
    before : layers of the file that run first, in float
    inputs : the file of the sequence; None draws one of ``n_channels``
    """

    before: tuple[str, ...] = ()
    inputs: str | None = None
    n_channels: int = 1

    def load(self) -> Utterance:
        """The layer with its utterance.

        Raises
        ------
        InputError
            If a file has changed since the study began.
        """
        path = Path(str(self.path))
        inputs = None if self.inputs is None else Path(self.inputs)
        names = [*self.before, str(self.layer)]
        if self.digest != _digest(path, names, inputs, self.n_channels):
            raise InputError(f"{path}: has changed since the study began, or its inputs; start "
                             f"again")
        entries = chosen_entries(path, recurrent_contents(path), names)
        layers = [entry.load() for entry in entries]
        given = _sequence(inputs, layers[0].n_inputs, self.n_channels, self.seed)
        x = given.inputs
        if before := reads(layers, len(layers) - 1):
            made = float_outputs(layers[:-1], x, given.lengths)
            x = np.concatenate([made[k] for k in before], axis=2)
        return utterance(replace(layers[-1], beside=False), x, given.lengths)


def cell_workloads(
    config: Any, path: Path, layer: str | None, inputs: Path | None, seed: int
) -> Iterator[CellWorkload]:
    """The recurrent layers that a file stands for; none where it means something else.

    Raises
    ------
    InputError, FormatError
        If a name is unknown, or the sequence does not fit.
    """
    entries = cell_entries(config, str(path), None if layer is None else [layer])
    if not entries:
        return
    channels = int(getattr(config, "n_channels", 1))
    _sequence(inputs, entries[0].n_inputs, channels, seed)
    for index, entry in enumerate(entries):
        before = [] if layer is not None else [e.name for e in entries[:index]]
        digest = _digest(path, [*before, entry.name], inputs, channels)
        yield CellWorkload(
            f"{path.name}:{entry.name}", digest, seed, str(path.resolve()), entry.name,
            tuple(before), None if inputs is None else str(inputs.resolve()), channels)


def _sequence(inputs: Path | None, n_inputs: int, n_channels: int, seed: int) -> Sequence:
    if inputs is None:
        return drawn_sequence(n_inputs, n_channels, seed)
    return load_sequence(inputs, n_inputs)


def _digest(path: Path, names: list[str], inputs: Path | None, n_channels: int) -> str:
    given = n_channels if inputs is None else file_sha256(inputs)
    facts = json.dumps([file_sha256(path), names, given])
    return hashlib.sha256(facts.encode()).hexdigest()
