"""A real recurrent network with its inputs and its pruned weights, from one folder.

========================  ===================================================================
``dense.safetensors``     ``weights`` (4n, n_inputs + n): [W_ih, W_hh], rows i, f, g, o;
                          ``bias`` (4n,); ``head.weight`` (n,), ``head.bias`` (1,)
``speech.safetensors``    ``inputs`` (n_steps, n_channels, n_inputs) and ``hidden``
                          (n_steps, n_channels, n) int16, with their fraction bits
any other safetensors     a pattern, retrained: ``mask.P`` (packed bits, row by row), ``values.P``
                          and ``bias.P`` for percentages P
========================  ===================================================================

``traces/README.md`` describes the one that comes with the project.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError, InputError
from accelsim.records import CscMatrix
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.shown import Short
from accelsim.shipped import located
from accelsim.workload.array_files import open_arrays
from accelsim.workload.arrays import ArrayFile

Floats = npt.NDArray[np.float64]
GATES = "ifco"
"""Gates in the order of the rows; networks call the candidate g, the machine c."""
_FILES = ("dense.safetensors", "speech.safetensors")


@dataclass(frozen=True, eq=False)
class RecurrentFolder(Short):
    """One network.

    Attributes
    ----------
    layer : the dense LSTM
    inputs : (n_steps, n_channels, n_inputs) real inputs
    hidden : (n_steps, n_channels, n_cells) outputs of the dense network in float
    head_weight, head_bias : the sum that decides, of the outputs after ReLU
    retrained : pattern to percent of weights kept to layer, the densest first
    """

    name: str
    layer: RecurrentLayer
    inputs: Floats
    hidden: Floats
    head_weight: Floats
    head_bias: float
    retrained: Mapping[str, Mapping[str, RecurrentLayer]]

    def layers(self) -> dict[str, RecurrentLayer]:
        """Every layer by name: "dense", and the retrained ones as "pattern/percent"."""
        return {"dense": self.layer} | {
            f"{pattern}/{percent}": layer
            for pattern, layers in self.retrained.items() for percent, layer in layers.items()
        }

    def decisions(self, outputs: Floats) -> npt.NDArray[np.bool_]:
        """(n_steps, n_channels): whether the network says yes (odds above one half)."""
        return np.asarray(np.maximum(outputs, 0.0) @ self.head_weight + self.head_bias > 0)


def is_recurrent_folder(path: str | Path) -> bool:
    """Whether a path is such a folder, whatever its files hold."""
    return all((located(path) / name).is_file() for name in _FILES)


def load_recurrent_folder(path: str | Path) -> RecurrentFolder:
    """Read a folder.

    Raises
    ------
    InputError
        If there is no such folder or a file of it is missing.
    FormatError
        If a file is damaged or an array missing or of another shape.
    """
    folder = located(path)
    for name in _FILES:
        if not (folder / name).is_file():
            raise InputError(f"{folder}: has no {name}; need a folder like traces/silero-lstm")
    dense = open_arrays(folder / "dense.safetensors")
    weights, bias = _read(dense, "weights", 2), _read(dense, "bias", 1)
    n_cells = len(bias) // 4
    if weights.shape[0] != 4 * n_cells or len(bias) % 4 or weights.shape[1] <= n_cells:
        raise FormatError(f"{dense.path}: weights {weights.shape} and bias {bias.shape} are not "
                          f"(4n, inputs + n) and (4n,)")
    head = _read(dense, "head.weight", 1)
    if head.shape != (n_cells,):
        raise FormatError(f"{dense.path}: head.weight has shape {head.shape}; need ({n_cells},)")
    speech = open_arrays(folder / "speech.safetensors")
    facts = _facts(speech)
    inputs = np.ldexp(_read(speech, "inputs", 3), -_bits(speech, facts, "input_frac_bits"))
    hidden = np.ldexp(_read(speech, "hidden", 3), -_bits(speech, facts, "hidden_frac_bits"))
    if inputs.shape[2] != weights.shape[1] - n_cells or hidden.shape != (*inputs.shape[:2],
                                                                         n_cells):
        raise FormatError(f"{speech.path}: inputs {inputs.shape} and hidden {hidden.shape} do not "
                          f"fit weights {weights.shape}")
    others = sorted(set(folder.glob("*.safetensors")) - {dense.path, speech.path})
    return RecurrentFolder(
        folder.name or str(folder),
        _layer(weights, bias, folder.name, {"source": _facts(dense)}),
        inputs, hidden, head, float(_read(dense, "head.bias", 1)[0]),
        MappingProxyType({file.stem: _retrained(file, weights.shape) for file in others}),
    )


def _retrained(path: Path, shape: tuple[int, ...]) -> Mapping[str, RecurrentLayer]:
    file = open_arrays(path)
    facts = _facts(file)
    percents = [name.removeprefix("mask.") for name in file.arrays if name.startswith("mask.")]
    if not percents or not all(p.replace(".", "", 1).isdecimal() for p in percents):
        raise FormatError(f"{path}: needs masks named by percent, like 'mask.30'")
    layers = {}
    for percent in sorted(percents, key=float, reverse=True):
        size = shape[0] * shape[1]
        packed = file.read(f"mask.{percent}")
        if packed.dtype != np.uint8 or packed.shape != (-(-size // 8),):
            raise FormatError(f"{path}: mask.{percent} is not {size} packed bits")
        mask = np.unpackbits(packed, count=size).astype(bool).reshape(shape)
        values = _read(file, f"values.{percent}", 1)
        if len(values) != np.count_nonzero(mask):
            raise FormatError(f"{path}: values.{percent} holds {len(values)} weights, its mask "
                              f"{np.count_nonzero(mask)}")
        weights = np.zeros(shape)
        weights[mask] = values
        bias = _read(file, f"bias.{percent}", 1)
        if bias.shape != shape[:1]:
            raise FormatError(f"{path}: bias.{percent} has shape {bias.shape}; need {shape[:1]}")
        layers[percent] = _layer(weights, bias, f"{path.stem}-{percent}",
                                 {"source": facts, "pattern": path.stem, "percent": percent})
    return MappingProxyType(layers)


def _layer(weights: Floats, bias: Floats, name: str, provenance: dict[str, Any]) -> RecurrentLayer:
    n = len(bias) // 4
    matrices, biases = {}, {}
    for k, gate in enumerate(GATES):
        rows = weights[k * n : (k + 1) * n]
        for source, part in (("x", rows[:, :-n]), ("r", rows[:, -n:])):
            matrices[f"W{gate}{source}"] = CscMatrix.from_dense(part)
        biases[f"b{gate}"] = bias[k * n : (k + 1) * n]
    return RecurrentLayer("lstm", matrices, biases, name=name,
                          provenance=MappingProxyType(provenance))


def _read(file: ArrayFile, name: str, n_dims: int) -> Floats:
    if name not in file.arrays:
        raise FormatError(f"{file.path}: no array '{name}'")
    values = file.read(name)
    if values.ndim != n_dims or 0 in values.shape:
        raise FormatError(f"{file.path}: {name} has shape {values.shape}; need {n_dims} "
                          f"dimension(s)")
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise FormatError(f"{file.path}: {name} holds NaN or infinity")
    return numbers


def _facts(file: ArrayFile) -> dict[str, Any]:
    try:
        facts = json.loads(file.metadata.get("provenance", "{}"))
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        raise FormatError(f"{file.path}: its provenance is not a JSON object")
    return facts


def _bits(file: ArrayFile, facts: Mapping[str, Any], what: str) -> int:
    bits = facts.get(what)
    if type(bits) is not int or not -64 <= bits <= 64:
        raise FormatError(f"{file.path}: its provenance needs {what}, an integer")
    return bits
