"""Recurrent layers among named arrays: state dicts of PyTorch, variables of Keras.

=============================================  ====================================================
``M.weight_ih_l0``, ``M.weight_hh_l0``         ``torch.nn.LSTM`` and ``GRU``: rows i, f, g, o and
                                               r, z, n; ``bias_ih_l0``, ``bias_hh_l0``;
                                               ``_reverse`` the second direction; ``weight_hr_l0``
                                               the projection of an LSTM
``M.weight_ih``, ``M.weight_hh``               ``torch.nn.LSTMCell`` and ``GRUCell``; also written
                                               ``M_w_ih``, ``M_w_hh``
``M/kernel``, ``M/recurrent_kernel``,          Keras: columns i, f, c, o and z, r, h; a bias of two
``M/bias``                                     rows is a GRU whose reset comes after the matrix
=============================================  ====================================================

Which cell it is follows from the shapes: four gates are an LSTM, three a GRU.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from accelsim.errors import FormatError
from accelsim.records import CscMatrix, Layer
from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload.array_files import open_arrays
from accelsim.workload.array_layers import array_contents, natural
from accelsim.workload.arrays import ArrayFile, SafetensorsFile
from accelsim.workload.cells.contents import (
    Floats,
    RecurrentContents,
    RecurrentEntry,
    by_gate,
    facts,
    joined_biases,
)
from accelsim.workload.entries import LayerEntry, Skipped, file_sha256, reading

_TORCH = re.compile(r"(?P<base>.*?)(?P<word>weight|w)_(?P<part>ih|hh)(?P<layer>_l\d{1,4})?"
                    r"(?P<reverse>_reverse)?")
_KERAS = re.compile(r"(?P<base>(?:.*/)?)(?P<part>recurrent_kernel)(?P<end>(?::0)?)")
_GATES = {"lstm": "ifco", "gru": "rzn"}
_KERAS_GATES = {"lstm": "ifco", "gru": "zrn"}
_KINDS = {4: "lstm", 3: "gru"}


class _RefusedError(FormatError):
    """Why a cell is not read."""


@dataclass(frozen=True)
class _Cell:
    """The arrays of one direction of one layer."""

    module: str
    layer: str
    reverse: bool
    inputs: str
    hidden: str
    names: dict[str, str]
    keras: bool = False


class _Source:
    """Arrays of a file; what is pruned, shared or stored sparse there is read as it is meant."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: ArrayFile = open_arrays(path)
        self.layers: dict[str, LayerEntry] = {}
        for entry in array_contents(path).layers:
            for alias in (entry.name, *entry.aliases):
                self.layers.setdefault(alias, entry)
        self.names = list(dict.fromkeys([*self.file.arrays, *self.layers]))

    def shape(self, name: str) -> tuple[int, ...] | None:
        """(rows, columns) of weights as layers have them; of another array its own."""
        if name in self.layers:
            return self.layers[name].n_outputs, self.layers[name].n_inputs
        info = self.file.arrays.get(name)
        if info is None or not info.is_float:
            return None
        turned = name.removesuffix(":0").endswith("kernel") and len(info.shape) == 2
        return info.shape[::-1] if turned else info.shape

    def read(self, name: str) -> Floats:
        """An array of floats; a kernel of Keras turned around."""
        if name in self.layers:
            with reading(self.path):
                return _dense(self.layers[name].load())
        array: Floats = self.file.read(name)
        if array.ndim == 2 and name.removesuffix(":0").endswith("kernel"):
            array = array.T
        widened: Floats = array.astype(np.result_type(array.dtype, np.float32))
        return widened


def array_cells(path: Path) -> RecurrentContents:
    """The recurrent layers of an npz or safetensors file.

    Raises
    ------
    FormatError
        If the file is damaged.
    """
    file = open_arrays(path)
    if not any(_TORCH.fullmatch(re.sub(r"_(orig|g|v)$", "", name)) or _KERAS.fullmatch(name)
               for name in file.arrays):
        return RecurrentContents()
    source = _Source(path)
    entries: list[RecurrentEntry] = []
    refused: list[Skipped] = []
    sha256 = file_sha256(path)
    for cell in _in_order(source):
        try:
            entries.append(_entry(source, cell, sha256))
        except _RefusedError as problem:
            shape = source.shape(cell.hidden) or ()
            refused.append(Skipped(cell.module + cell.layer, "recurrent", shape, str(problem)))
    modules = list(dict.fromkeys(entry.module for entry in entries))
    return RecurrentContents(
        _directed(entries), tuple(refused),
        f"holds {len(modules)} recurrent modules, and arrays do not say what stands between them")


def _in_order(source: _Source) -> list[_Cell]:
    """Layers of a module by their numbers; modules as the file has them, or by name where it keeps
    no order."""
    found = sorted(_cells(source), key=lambda cell: natural(f"{cell.module}{cell.layer}"))
    if isinstance(source.file, SafetensorsFile):
        return found
    place = {name: number for number, name in enumerate(source.names)}
    first: dict[str, int] = {}
    for cell in found:
        at = place[cell.hidden]
        first[cell.module] = min(at, first.get(cell.module, at))
    return sorted(found, key=lambda cell: first[cell.module])


def _cells(source: _Source) -> Iterator[_Cell]:
    """Pairs of an input and a recurrent matrix."""
    for name in source.names:
        found = _TORCH.fullmatch(name)
        if found is not None and found["part"] == "hh":
            base, word = found["base"], found["word"]
            tail = (found["layer"] or "") + (found["reverse"] or "")
            bias = "bias" if word == "weight" else "b"
            yield _Cell(
                base.rstrip("._/"), (found["layer"] or "").replace("_", "."),
                bool(found["reverse"]), f"{base}{word}_ih{tail}", name,
                {"bias_ih": f"{base}{bias}_ih{tail}", "bias_hh": f"{base}{bias}_hh{tail}",
                 "projection": f"{base}{word}_hr{tail}"})
        found = _KERAS.fullmatch(name)
        if found is not None:
            base, end = found["base"], found["end"]
            module = re.sub(r"/(lstm_cell|gru_cell|cell)(_\d+)?$", "", base.rstrip("/"))
            yield _Cell(module, "", "backward_" in module, f"{base}kernel{end}", name,
                        {"bias": f"{base}bias{end}"}, keras=True)


def _entry(source: _Source, cell: _Cell, sha256: str) -> RecurrentEntry:
    hidden, inputs = source.shape(cell.hidden), source.shape(cell.inputs)
    if inputs is None or hidden is None or len(inputs) != 2 or len(hidden) != 2:
        raise _RefusedError(f"{cell.hidden} has no {cell.inputs} of two dimensions beside it")
    rows, n_outputs = hidden
    projection = source.shape(cell.names.get("projection", ""))
    n_cells = projection[-1] if projection else n_outputs
    n_gates = rows // n_cells if n_cells and not rows % n_cells else 0
    if n_gates == 1:
        raise _RefusedError("one gate, a plain recurrent cell; LSTM and GRU are read")
    if n_gates not in _KINDS or inputs[0] != rows:
        raise _RefusedError(f"{cell.inputs} of shape {inputs} and {cell.hidden} of shape "
                            f"{hidden} are no gates of an LSTM or a GRU")
    kind = _KINDS[n_gates]
    if projection and (kind != "lstm" or projection != (n_outputs, n_cells)):
        raise _RefusedError(f"{cell.names['projection']} of shape {projection} fits no LSTM of "
                            f"{n_cells} cells and {n_outputs} outputs")
    biases = _biases(source, cell, kind, rows)
    after = kind == "gru" and (not cell.keras or len(source.shape(biases["bias"]) or ()) == 2)
    parts = (("projection",) if projection else ()) + (
        (("reset after",) if after else ("reset before",)) if kind == "gru" else ())
    name = (cell.module or kind) + cell.layer
    notes = ("Keras keeps no activations in its arrays: sigmoid and tanh are taken",
             ) if cell.keras else ()

    def load() -> RecurrentLayer:
        gates = (_KERAS_GATES if cell.keras else _GATES)[kind]
        matrices = by_gate(source.read(cell.inputs), gates, "x") | by_gate(
            source.read(cell.hidden), gates, "r")
        if projection:
            matrices["Wym"] = source.read(cell.names["projection"])
        read = {what: source.read(array) for what, array in biases.items()}
        first, second = read.get("bias_ih"), read.get("bias_hh")
        if cell.keras and "bias" in read:
            first, second = (read["bias"][0], read["bias"][1]) if after else (read["bias"], None)
        return RecurrentLayer(
            kind, matrices, joined_biases(kind, gates, first, second, after),
            reset_after=after or kind != "gru", name=name,
            provenance=MappingProxyType(facts(
                source.path, sha256, arrays=[cell.inputs, cell.hidden, *biases.values()])))

    return RecurrentEntry(name, kind, inputs[1], n_cells, n_outputs, bool(biases),
                          cell.module or kind, load, parts, cell.reverse, notes=notes,
                          arrays=(cell.inputs, cell.hidden, *biases.values(), *(
                              [cell.names["projection"]] if projection else [])))


def _biases(source: _Source, cell: _Cell, kind: str, rows: int) -> dict[str, str]:
    """The arrays of the biases that there are, by what they are."""
    found = {what: array for what, array in cell.names.items()
             if what != "projection" and array in source.file.arrays}
    for array in found.values():
        shape = source.file.arrays[array].shape
        fits = [(rows,)] + ([(2, rows)] if cell.keras and kind == "gru" else [])
        if shape not in fits or not source.file.arrays[array].is_float:
            raise _RefusedError(f"{array} has shape {shape}; need floats of shape ({rows},)")
    if cell.keras and kind == "gru" and not found:
        raise _RefusedError("a GRU without bias, whose arrays do not say whether the reset comes "
                            "before the matrix or after it; save it with its bias, or as ONNX")
    return found


def _directed(entries: list[RecurrentEntry]) -> tuple[RecurrentEntry, ...]:
    """Names with a direction where there are both, the second beside the first.

    Keras calls the two directions ``forward_X`` and ``backward_X`` in one ``bidirectional``.
    """
    renamed: dict[str, list[RecurrentEntry]] = {}
    for entry in entries:
        place, _, last = entry.name.rpartition("/")
        plain = re.sub(r"^(forward|backward)_", "", last)
        key = entry.name if plain == last else (place or plain)
        renamed.setdefault(key, []).append(entry)
    made: list[RecurrentEntry] = []
    for key, own in renamed.items():
        pair = sorted(own, key=lambda entry: entry.reverse)
        if len(pair) == 2 and [entry.reverse for entry in pair] == [False, True]:
            module = key if pair[0].module != pair[1].module else pair[0].module
            made += [replace(_named(entry, f"{key}.{'reverse' if k else 'forward'}", k == 1),
                             module=module) for k, entry in enumerate(pair)]
        else:
            made += [_named(entry, entry.name, False) for entry in own]
    return tuple(made)


def _named(entry: RecurrentEntry, name: str, beside: bool) -> RecurrentEntry:
    def load() -> RecurrentLayer:
        return replace(entry.load(), name=name, reverse=entry.reverse, beside=beside)

    return replace(entry, name=name, beside=beside, load=load)


def _dense(layer: Layer) -> Floats:
    weights = layer.weights
    dense: Floats = weights.to_dense() if isinstance(weights, CscMatrix) else weights
    return dense
