"""Recurrent layers of a file: when a name means them, and what of the file they leave out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from accelsim.errors import AccelsimError, InputError, UnsupportedError, printable
from accelsim.machines import machine_of
from accelsim.machines.registry import takers
from accelsim.records import CompressedLayer
from accelsim.records.recurrent import RecurrentLayer
from accelsim.sources.sequences import load_sequence
from accelsim.workload.cells import RecurrentEntry, chosen_entries, recurrent_contents
from accelsim.workload.cells.contents import named_entries
from accelsim.workload.files import file_contents
from accelsim.workload.named import Named, named

_MAX_LISTED = 6


def cell_entries(
    config: Any, source: str, names: list[str] | None
) -> list[RecurrentEntry] | None:
    """The recurrent layers that a file's name stands for; None where it means something else.

    Without a layer's name a file means its recurrent layers where it has some and the machine takes
    those, but no compressed matrices; with one it means what it names.

    Raises
    ------
    InputError, FormatError
        If a name is unknown, or the layers are no sequence.
    UnsupportedError
        If a recurrent layer is named and the machine does not take such work.
    """
    place = _file(source)
    if place is None or place.path is None:
        return None
    wanted, takes = place.layer_names(names), machine_of(config).takes
    if wanted is None and (RecurrentLayer not in takes or CompressedLayer in takes):
        return None
    contents = recurrent_contents(place.path)
    if wanted is None and not contents.layers:
        return None
    if wanted is not None and not any(named_entries(contents, name) for name in wanted):
        return None
    if RecurrentLayer not in takes:
        raise UnsupportedError(
            f"{source}: {printable((wanted or [''])[0])} is a recurrent layer, which the machine "
            f"'{config.machine}' does not take; take -m {' or '.join(takers(RecurrentLayer))}, or "
            f"one of its matrices (accelsim layers)")
    return chosen_entries(place.path, contents, wanted)


def cells_before(
    config: Any, source: str, layer: str | None, inputs: Path | None, alone: bool
) -> tuple[list[str] | None, int] | None:
    """Names to open, and the index of the chosen one: the layers before it run first.

    It runs alone if asked to, or if the sequence is as wide as it and not as the first one.
    None where the source means something else.

    Raises
    ------
    InputError, FormatError, UnsupportedError
        As `cell_entries`.
    """
    place = _file(source)
    if place is None or place.path is None or (place.layer is not None and layer is not None):
        return None
    chosen = cell_entries(config, source, None if layer is None else [layer])
    if chosen is None:
        return None
    if layer is None or place.layer is not None:
        return ([chosen[0].name] if alone and place.layer is None else None), 0
    if len(chosen) > 1:
        raise InputError(f"{source}: '{printable(layer)}' are {len(chosen)} layers; name one: "
                         f"{', '.join(printable(entry.name) for entry in chosen)}")
    (entry,) = chosen
    module = [e for e in recurrent_contents(place.path).layers if e.module == entry.module]
    index = [e.name for e in module].index(entry.name)
    if not alone and inputs is not None and module[0].n_inputs != entry.n_inputs:
        alone = _fits(inputs, entry.n_inputs) and not _fits(inputs, module[0].n_inputs)
    if alone:
        return [entry.name], 0
    return [e.name for e in module[: index + 1]], index


def means_cells(config: Any, source: str, names: list[str] | None) -> bool:
    """Whether `cell_entries` finds some, or says why not."""
    try:
        return cell_entries(config, source, names) is not None
    except AccelsimError:
        return True


def cells_of(
    source: str, entries: list[RecurrentEntry], names: list[str] | None
) -> tuple[list[RecurrentLayer], None, str]:
    """The layers, no inputs, and what there is to say: what the run assumes and leaves out."""
    place = _file(source)
    assert place is not None
    assert place.path is not None
    layers = [entry.load() for entry in entries]
    if layers[0].beside:  # run alone it reads the utterance itself
        layers[0] = replace(layers[0], beside=False)
    notes = [note for entry in entries for note in entry.notes]
    if any(layer.beside for layer in layers[1:]):
        notes.append("a bidirectional layer is two layers that share nothing, timed one after the "
                     "other; whoever reads it gets both outputs side by side")
    if place.layer_names(names) is None:
        notes += _left_out(place.path, layers, entries)
    return layers, None, "\n".join(dict.fromkeys(notes))


def _left_out(
    path: Path, layers: list[RecurrentLayer], entries: list[RecurrentEntry]
) -> list[str]:
    """One line that names the file's other weights, which this does not run."""
    contents = file_contents(path)
    arrays = {array for entry in entries for array in entry.arrays}
    nodes = tuple(f"{layer.provenance['node']}.{part}" for layer in layers for part in "WR"
                  if "node" in layer.provenance)
    others = [entry.name for entry in contents.layers
              if not {entry.name, *entry.aliases} & arrays
              and not (nodes and entry.name.startswith(nodes))]
    if not others:
        return []
    more = f" and {len(others) - _MAX_LISTED} more" if len(others) > _MAX_LISTED else ""
    shown = ", ".join(map(printable, others[:_MAX_LISTED]))
    return [f"not run here, as they are no recurrent layers: {shown}{more}"]


def _file(source: str) -> Named | None:
    """A file of layers by its name, if it is one."""
    try:
        place = named(source)
    except InputError:
        return None
    return place if place.kind == "file" else None


def _fits(inputs: Path, n_inputs: int) -> bool:
    try:
        load_sequence(inputs, n_inputs)
    except AccelsimError:
        return False
    return True
