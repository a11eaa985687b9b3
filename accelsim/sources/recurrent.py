"""Recurrent work by name: a published layer, a folder's, a drawn one, or those of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from accelsim.errors import InputError, UnsupportedError, nearest
from accelsim.machines import machine_of
from accelsim.machines.registry import takers
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.shown import Short
from accelsim.sources.cells import cell_entries, cells_of
from accelsim.workload.named import Named, named
from accelsim.workload.published_lstm import RECURRENT, ese_utterance
from accelsim.workload.recurrent_folder import load_recurrent_folder

_STEPS, _CHANNELS = 10, 32  # of the utterance of a published layer


@dataclass(frozen=True, eq=False)
class RecurrentWork(Short):
    """Layers as they are named, nothing pruned or quantised.

    Attributes
    ----------
    layers : in sequence
    inputs : (n_steps, n_channels, n_inputs) of the first; None where the place brings none
    note : what there is to say of the file
    """

    layers: list[RecurrentLayer]
    inputs: npt.NDArray[Any] | None
    note: str = ""


def recurrent_work(
    config: Any, source: str, names: list[str] | None, seed: int
) -> RecurrentWork | None:
    """Recurrent layers and what they are run on; None where what is named is none.

    Raises
    ------
    InputError, FormatError
        If there is no such layer, or the place cannot be read.
    UnsupportedError
        If the machine does not take such work.
    """
    place = named(source)
    if not place.is_recurrent:
        entries = cell_entries(config, source, names)
        if entries is None:
            return None
        return RecurrentWork(*cells_of(source, entries, names))
    if RecurrentLayer not in machine_of(config).takes:
        raise UnsupportedError(f"{source}: a recurrent layer, which the machine "
                               f"'{config.machine}' does not take; "
                               f"take -m {' or '.join(takers(RecurrentLayer))}")
    if place.path is None:
        return _by_name(config, place, source, names, seed)
    return _of_folder(place, place.path, names)


def _by_name(
    config: Any, place: Named, source: str, names: list[str] | None, seed: int
) -> RecurrentWork:
    if names and names != [place.text]:
        raise InputError(f"{source} is one layer; leave out the layer's name, '{names[0]}'")
    if place.drawn is not None:
        layer, inputs = place.drawn.recurrent(seed)
        return RecurrentWork([layer], inputs)
    channels = min(getattr(config, "n_channels", 1), _CHANNELS)
    return RecurrentWork([RECURRENT[source](seed)], ese_utterance(_STEPS, channels, seed))


def _of_folder(place: Named, path: Path, names: list[str] | None) -> RecurrentWork:
    folder = load_recurrent_folder(path)
    known = folder.layers()
    name = (place.layer_names(names) or ["dense"])[0]
    if name not in known and name != folder.layer.name:
        raise InputError(f"{path}: no layer '{name}'{nearest(name, known)}")
    # More channels than the machine has are refused by name.
    return RecurrentWork([known.get(name, folder.layer)], folder.inputs)
