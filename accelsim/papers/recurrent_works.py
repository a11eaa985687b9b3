"""What `accelsim recurrent` runs: the published LSTM, a folder's, a drawn one, a file's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from accelsim.compression.patterns import prune_recurrent
from accelsim.errors import InputError
from accelsim.machines import EseConfig
from accelsim.papers.names import SYNTHETIC_LSTM
from accelsim.papers.recurrent_runs import chosen_layer
from accelsim.papers.tradeoff import pattern_parameters
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.shown import Short
from accelsim.sources.cells import cell_entries, cells_of
from accelsim.sources.sequences import DRAWN_STEPS, Sequence, drawn_sequence, load_sequence
from accelsim.workload.drawn import PREFIX, parse_drawn
from accelsim.workload.named import ENDINGS, named
from accelsim.workload.published_lstm import ese_layer, ese_utterance
from accelsim.workload.recurrent_folder import load_recurrent_folder


@dataclass(frozen=True, eq=False)
class RecurrentRun(Short):
    """``layers`` in sequence, what the first is ``given``, and the ``origin`` of the weights."""

    layers: list[RecurrentLayer]
    given: Sequence
    origin: str
    notes: tuple[str, ...] = ()


def opened(
    config: EseConfig, source: str, names: list[str] | None, inputs: Path | None,
    pattern: str | None, density: float, steps: int | None, channels: int | None, seed: int,
) -> RecurrentRun:
    """What is named, pruned by a pattern.

    Parameters
    ----------
    names : layers of a file
    inputs : a file of the sequence, of a file's layers or in place of a folder's own
    steps, channels : the first so many; None takes all

    Raises
    ------
    InputError, FormatError
    """
    if source == SYNTHETIC_LSTM:
        if pattern not in (None, "unstructured", "load_balanced"):
            raise InputError(f"--pattern {pattern}: the published LSTM has its published kept "
                             f"weights, load_balanced or unstructured")
        layer = ese_layer(seed, balanced=pattern != "unstructured")
        _only_files(source, names, inputs)
        drawn = ese_utterance(steps or 10, channels or config.n_channels, seed)
        return RecurrentRun([layer], Sequence(drawn), "synthetic")
    shape = parse_drawn(source) if source.startswith(PREFIX) else None
    if shape is not None and shape.is_recurrent:
        if (pattern, steps, channels) != (None, None, None):
            raise InputError(f"{source}: says its density, steps and channels itself; leave out "
                             f"--pattern, --steps and --channels")
        _only_files(source, names, inputs)
        layer, utterance = shape.recurrent(seed)
        return RecurrentRun([layer], Sequence(utterance), "synthetic")
    entries = cell_entries(config, source, names)
    if entries is not None:
        layers, _, note = cells_of(source, entries, names)
        given = (drawn_sequence(layers[0].n_inputs, channels or config.n_channels, seed,
                                steps=steps or DRAWN_STEPS)
                 if inputs is None else load_sequence(inputs, layers[0].n_inputs))
        origin = "as in the file"
        if pattern is not None:
            layers = [_pruned(config, layer, pattern, density) for layer in layers]
            origin = f"one-shot, {pattern}, density {density:g}"
        notes = tuple(line for text in (note, given.note) for line in text.split("\n") if line)
        return RecurrentRun(layers, _cut(source, given, steps, channels), origin, notes)
    if Path(source).suffix.lower() in ENDINGS and named(source).kind == "file":
        raise InputError(f"{source}: no LSTM or GRU in it that is read; accelsim layers lists what "
                         f"there is")
    network = load_recurrent_folder(source)
    _only_files(source, names, None)
    layer, origin = chosen_layer(network, config, pattern, density)
    given = Sequence(network.inputs) if inputs is None else load_sequence(inputs, layer.n_inputs)
    return RecurrentRun([layer], _cut(source, given, steps, channels), origin,
                        (given.note,) if given.note else ())


def _pruned(
    config: EseConfig, layer: RecurrentLayer, pattern: str, density: float
) -> RecurrentLayer:
    parameters = pattern_parameters(pattern, density, config, layer.n_inputs)
    return prune_recurrent(layer, pattern, **parameters)


def _only_files(source: str, names: list[str] | None, inputs: Path | None) -> None:
    for option, given in (("--layer", names), ("--inputs", inputs)):
        if given is not None:
            raise InputError(f"{source}: {option} is for files of recurrent layers; leave it out")


def _cut(source: str, given: Sequence, steps: int | None, channels: int | None) -> Sequence:
    """The first steps of the first channels."""
    n_steps, n_channels = given.inputs.shape[:2]
    for option, wanted, there in (("--steps", steps, n_steps), ("--channels", channels,
                                                                n_channels)):
        if wanted is not None and wanted > there:
            raise InputError(f"{option} {wanted}: {source} holds {there}")
    cut = given.inputs[: steps or n_steps, : channels or n_channels]
    lengths = given.lengths
    if lengths is not None:
        lengths = lengths[: cut.shape[1]].clip(max=cut.shape[0])
    return replace(given, inputs=cut, lengths=lengths)
