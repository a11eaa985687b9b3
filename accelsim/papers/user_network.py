"""A recurrent layer of the user's own as `accelsim patterns` compares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.lowering.float_run import float_outputs
from accelsim.machines import EseConfig
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.shown import Short
from accelsim.records.utterance import as_run, reads
from accelsim.sources.cells import cell_entries, cells_before, cells_of
from accelsim.sources.sequences import drawn_sequence, load_sequence
from accelsim.workload.named import named
from accelsim.workload.published_lstm import RECURRENT, ese_utterance

_STEPS, _CHANNELS = 10, 4  # of an utterance that is drawn
_NONE: Mapping[str, Mapping[str, RecurrentLayer]] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class UserNetwork(Short):
    """One layer and its utterance, as `accelsim.workload.recurrent_folder.RecurrentFolder` has it.

    Attributes
    ----------
    layer : dense, nothing pruned; it runs forward
    inputs : (n_steps, n_channels, n_inputs) in the order of the run
    notes : what there is to say of either
    """

    layer: RecurrentLayer
    inputs: npt.NDArray[np.float64]
    notes: tuple[str, ...] = ()
    retrained: Mapping[str, Mapping[str, RecurrentLayer]] = field(default_factory=lambda: _NONE)


def user_network(
    config: EseConfig, source: str, layer: str | None, inputs: Path | None, seed: int
) -> UserNetwork | None:
    """A layer of a file behind those that stand before it, a published or a drawn one; None where
    the source is none of these.

    Layers before it run in float on the sequence.

    Raises
    ------
    InputError, FormatError
        If there are several layers and none is named, or the sequence does not fit.
    """
    place = named(source)
    if place.kind == "recurrent folder":
        return None
    if place.is_recurrent:
        own = (place.drawn.recurrent(seed) if place.drawn is not None
               else (RECURRENT[source](seed), ese_utterance(_STEPS, _CHANNELS, seed)))
        return UserNetwork(*own)
    way = cells_before(config, source, layer, inputs, False)
    if way is None:
        return None
    names, index = way
    entries = cell_entries(config, source, names)
    if not entries:
        return None
    if layer is None and place.layer is None and len(entries) > 1:
        raise InputError(f"{source}: holds {len(entries)} recurrent layers; name one with -l: "
                         f"{', '.join(entry.name for entry in entries)}")
    layers, _, note = cells_of(source, entries, names)
    width = layers[0].n_inputs
    given = (drawn_sequence(width, min(config.n_channels, _CHANNELS), seed) if inputs is None
             else load_sequence(inputs, width))
    x = given.inputs[:, : config.n_channels]
    lengths = None if given.lengths is None else given.lengths[: config.n_channels]
    notes = [line for text in (note, given.note) for line in text.split("\n") if line]
    if given.inputs.shape[1] > config.n_channels:
        notes.append(f"the first {config.n_channels} of {given.inputs.shape[1]} channels; the "
                     f"machine has no more (n_channels)")
    if before := reads(layers, index):
        made = float_outputs(layers[:index], x, lengths)
        x = np.concatenate([made[k] for k in before], axis=2)
        notes.append(f"{layers[index].name} runs on what the float network gives it")
    chosen = layers[index]
    if chosen.kind != "lstm":
        notes.append(f"no figures of bbs: it runs LSTMs, {chosen.name} is a {chosen.kind.upper()}")
    return UserNetwork(replace(chosen, reverse=False, beside=False),
                       as_run(x, chosen.reverse, lengths), tuple(dict.fromkeys(notes)))
