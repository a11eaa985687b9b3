"""What can be named in a place: its layers with their shapes, and what is left out and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.compression.store import load_compressed
from accelsim.errors import InputError, nearest, printable
from accelsim.records import CompressedConv, CompressedLayer, CscMatrix, Geometry
from accelsim.records.recurrent import RecurrentLayer
from accelsim.sources.works import is_store
from accelsim.workload import LayerEntry, Skipped, load_eie_simulator, published_layers
from accelsim.workload.cells import RecurrentContents, recurrent_contents
from accelsim.workload.cells.contents import named_entries
from accelsim.workload.entries import pick
from accelsim.workload.files import file_contents
from accelsim.workload.named import Named, named
from accelsim.workload.published_lstm import N_INPUTS, N_OUTPUTS, PUBLISHED, RECURRENT
from accelsim.workload.recurrent_folder import load_recurrent_folder

COUNTED_WEIGHTS = 1 << 24
"""Of a file with more weights the non-zeros are not counted: that would read all of it."""


@dataclass(frozen=True)
class Listed:
    """One layer that can be named.

    Attributes
    ----------
    kind : "array", "Gemm", "lstm" ...
    non_zeros : of the weights, the bias not counted; None where it takes long to know
    weight_density : share of non-zeros; of published and drawn layers as it is printed or named
    activation_density : of the inputs that come with the layer, as printed or named, else None
    aliases : other names by which it may be asked for
    geometry : of a convolution, whose inputs are the numbers that one output sees
    """

    name: str
    n_outputs: int
    n_inputs: int
    kind: str
    has_bias: bool
    non_zeros: int | None = None
    weight_density: float | None = None
    activation_density: float | None = None
    aliases: tuple[str, ...] = ()
    geometry: Geometry | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(n_outputs, n_inputs)."""
        return self.n_outputs, self.n_inputs


@dataclass(frozen=True)
class ListedCell:
    """One direction of a recurrent layer.

    Attributes
    ----------
    kind : "lstm, projection", "gru, reset after, reverse" ...
    module : the first layer of the sequence that it stands in
    """

    name: str
    kind: str
    n_inputs: int
    n_cells: int
    n_outputs: int
    has_bias: bool
    module: str


@dataclass(frozen=True)
class Listing:
    """A place's layers, and what of it is skipped.

    Attributes
    ----------
    ordered : whether the place itself says in which order the layers stand
    recurrent : LSTMs and GRUs of a file, whose matrices are among the layers too where they can be
        read alone
    """

    layers: tuple[Listed, ...]
    skipped: tuple[Skipped, ...] = ()
    ordered: bool = True
    recurrent: tuple[ListedCell, ...] = ()


def listing(source: str, count: bool = True) -> Listing:
    """The layers that a name stands for.

    Parameters
    ----------
    count : whether the non-zeros of a file's layers are counted, which reads them

    Raises
    ------
    InputError
        If there is nothing of that name, or it cannot hold layers; says why.
    FormatError
        If it is damaged.
    """
    place = named(source)
    if place.path is not None:
        return _in_place(place, place.path, count)
    if place.drawn is not None:
        d = place.drawn
        kind = d.kind if d.is_recurrent else "drawn"
        return Listing((Listed(place.text, d.n_outputs, d.n_inputs, kind, d.bias, None, d.density,
                               d.activations),))
    return Listing(tuple(row for row in published() if row.name == place.text))


def skipped_of(source: str) -> tuple[Skipped, ...]:
    """Weights of a layer file that are not taken, with the reasons; none where it is no file.

    Raises
    ------
    InputError, FormatError
    """
    place = named(source)
    if place.kind != "file" or place.path is None or is_store(place.path):
        return ()
    return file_contents(place.path).skipped


def published() -> tuple[Listed, ...]:
    """The layers that need no file: EIE's nine, and ESE's LSTM."""
    nine = (
        Listed(name, row.n_outputs, row.n_inputs, "layer", False, None, row.weight_density,
               row.activation_density)
        for name, row in published_layers().items()
    )
    sizes = sum(row.size for row in PUBLISHED)
    densities = {"google-lstm": sum(row.entries for row in PUBLISHED) / sizes}
    recurrent = (Listed(name, N_OUTPUTS, N_INPUTS, "lstm", True, None, densities.get(name, 1.0))
                 for name in RECURRENT)
    return (*nine, *recurrent)


def _in_place(place: Named, path: Path, count: bool) -> Listing:
    """Those of a folder or a file, or the one behind the colon."""
    if place.kind == "recurrent folder":
        folder = load_recurrent_folder(path)
        return _chosen(place, path, [_of_recurrent(name, layer)
                                     for name, layer in folder.layers().items()])
    if place.kind == "eie-simulator":
        packed, activations = load_eie_simulator(path)
        share = float(np.count_nonzero(activations) / len(activations))
        return _chosen(place, path, [replace(_of_compressed(packed), activation_density=share)])
    if is_store(path):
        return _chosen(place, path, [_of_compressed(packed) for packed in load_compressed(path)])
    contents, cells = file_contents(path), recurrent_contents(path)
    entries = list(contents.layers)
    listed = tuple(ListedCell(e.name, e.told, e.n_inputs, e.n_cells, e.n_outputs, e.has_bias,
                              e.module) for e in cells.layers)
    if place.layer is not None and (named_cells := named_entries(cells, place.layer)):
        kept = {entry.name for entry in named_cells}
        return Listing((), recurrent=tuple(cell for cell in listed if cell.name in kept))
    if place.layer is not None:
        entries = [pick(path, entries, place.layer)]
    count &= sum(entry.n_outputs * entry.n_inputs for entry in entries) <= COUNTED_WEIGHTS
    return Listing(tuple(_of_entry(entry, count) for entry in entries),
                   _skipped(contents.skipped, cells), contents.ordered,
                   listed if place.layer is None else ())


def _skipped(skipped: tuple[Skipped, ...], cells: RecurrentContents) -> tuple[Skipped, ...]:
    """What neither the matrices nor the cells of a file take, each once."""
    taken = {entry.name.removesuffix(".forward") for entry in cells.layers}
    taken |= {array for entry in cells.layers for array in entry.arrays}
    known = {left_out.name for left_out in skipped}
    return (*(left_out for left_out in skipped if left_out.name not in taken),
            *(left_out for left_out in cells.refused if left_out.name not in known))


def _chosen(place: Named, path: Path, layers: Sequence[Listed]) -> Listing:
    names = [layer.name for layer in layers]
    if place.layer is not None and place.layer not in names:
        raise InputError(f"{path}: no layer '{place.layer}'{nearest(place.layer, names)}")
    return Listing(tuple(layer for layer in layers if place.layer in (None, layer.name)))


def _of_recurrent(name: str, layer: RecurrentLayer) -> Listed:
    kept = sum(map(_non_zeros, layer.matrices.values()))
    size = sum(math.prod(layer.shape(matrix)) for matrix in layer.matrices)
    return Listed(name, layer.n_outputs, layer.n_inputs, layer.kind, bool(layer.biases), kept,
                  kept / size)


def _of_compressed(work: CompressedLayer | CompressedConv) -> Listed:
    geometry = work.geometry if isinstance(work, CompressedConv) else None
    packed = work.layer if isinstance(work, CompressedConv) else work
    seen = packed.n_inputs if geometry is None else geometry.n_positions * geometry.group_inputs
    starts = packed.matrix.column_starts
    kept = int(np.count_nonzero(packed.matrix.values[: starts[packed.n_inputs]]))
    return Listed(packed.name, packed.n_outputs, seen, _codes(packed), packed.biased, kept,
                  kept / (packed.n_outputs * seen), geometry=geometry)


def _codes(packed: CompressedLayer) -> str:
    """Width of the codes and, where its recipe names one, their table."""
    recipe = packed.provenance.get("recipe")
    table = recipe.get("table") if isinstance(recipe, Mapping) else None
    words = [f"{packed.weight_bits}-bit codes"]
    words += [printable(table)] if isinstance(table, str) else []
    words += [packed.index] if packed.index != "zero_runs" else []
    words += [f"{packed.n_tables} tables"] if packed.n_tables > 1 else []
    return ", ".join(words)


def _of_entry(entry: LayerEntry, counted: bool) -> Listed:
    kept = None
    if counted:
        try:
            kept = _non_zeros(entry.load().weights)
        except InputError:
            kept = None  # what is wrong with its numbers is told where they are used
    return Listed(entry.name, entry.n_outputs, entry.n_inputs, entry.kind, entry.has_bias, kept,
                  None if kept is None else kept / (entry.n_outputs * entry.n_inputs),
                  aliases=entry.aliases)


def _non_zeros(matrix: Any) -> int:
    return int(np.count_nonzero(matrix.values if isinstance(matrix, CscMatrix) else matrix))
