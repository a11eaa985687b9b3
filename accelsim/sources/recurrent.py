"""A recurrent layer by name: published, drawn, or of a folder."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from accelsim.errors import InputError, UnsupportedError, nearest
from accelsim.machines import machine_of
from accelsim.machines.registry import takers
from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload.named import named
from accelsim.workload.published_lstm import RECURRENT, ese_utterance
from accelsim.workload.recurrent_folder import load_recurrent_folder

_STEPS, _CHANNELS = 10, 32  # of the utterance of a published layer


def recurrent_work(
    config: Any, source: str, names: list[str] | None, seed: int
) -> tuple[RecurrentLayer, npt.NDArray[Any]] | None:
    """A recurrent layer and its utterance, (n_steps, n_channels, n_inputs); None where what is
    named is none.

    Raises
    ------
    InputError, FormatError
        If there is no such layer, or the folder cannot be read.
    UnsupportedError
        If the machine does not take such work.
    """
    place = named(source)
    if not place.is_recurrent:
        return None
    if RecurrentLayer not in machine_of(config).takes:
        raise UnsupportedError(f"{source}: a recurrent layer, which the machine "
                               f"'{config.machine}' does not take; "
                               f"take -m {' or '.join(takers(RecurrentLayer))}")
    if place.path is None:
        if names and names != [place.text]:
            raise InputError(f"{source} is one layer; leave out the layer's name, '{names[0]}'")
        if place.drawn is not None:
            return place.drawn.recurrent(seed)
        channels = min(getattr(config, "n_channels", 1), _CHANNELS)
        return RECURRENT[source](seed), ese_utterance(_STEPS, channels, seed)
    folder = load_recurrent_folder(place.path)
    known = folder.layers()
    name = (place.layer_names(names) or ["dense"])[0]
    if name not in known and name != folder.layer.name:
        raise InputError(f"{place.path}: no layer '{name}'{nearest(name, known)}")
    # More channels than the machine has are refused by name.
    return known.get(name, folder.layer), folder.inputs
