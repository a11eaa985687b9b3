"""From whatever the user names to work that a machine takes, with inputs, ready to run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression import Recipe, compress_network
from accelsim.compression.pattern_choice import usual_parameters
from accelsim.compression.prepare import prepare, recipe_for, shaped_inputs
from accelsim.compression.store import METADATA_KEY, load_compressed
from accelsim.errors import InputError, UnsupportedError, nearest
from accelsim.machines import machine_of
from accelsim.records import CompressedConv, CompressedLayer, Layer
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.shown import Short
from accelsim.sources.recurrent import recurrent_work
from accelsim.sources.sequences import Sequence
from accelsim.workload import load_eie_simulator, load_layer
from accelsim.workload.array_files import open_arrays
from accelsim.workload.named import named
from accelsim.workload.networks import load_layers, load_sequence


@dataclass(frozen=True, eq=False)
class Source(Short):
    """Work in sequence, and the inputs that came with it, if any.

    Attributes
    ----------
    layers : `CompressedLayer` records, or what else a machine takes
    inputs : (n_vectors, n_inputs) floats; of a recurrent layer one utterance, (n_steps,
        n_channels, n_inputs); or None
    fixed_point : the inputs are integers in the binary point of the first layer
    note : what there is to say of the file: the order of its layers, where it keeps none
    floats : of recurrent layers: they as they were named, nothing pruned or quantised
    lengths : of an utterance: (n_channels,) steps of each channel; None is all
    at_once : channels that are run at a time, where an utterance may have more; None is all
    """

    layers: list[Any]
    inputs: npt.NDArray[Any] | None
    fixed_point: bool = False
    note: str = ""
    floats: list[RecurrentLayer] | None = None
    lengths: npt.NDArray[np.int64] | None = None
    at_once: int | None = None

    @property
    def is_sequence(self) -> bool:
        """Whether a row of the inputs is a time step of one run, not a run of its own."""
        first = self.layers[0]
        return isinstance(first, RecurrentLayer) and first.kind != "linear"

    def with_inputs(self, density: float, seed: int) -> Source:
        """The same layers with one seeded input vector, half-normal as after a ReLU."""
        if not 0 <= density <= 1:
            raise InputError(f"activation density is {density}; need 0 to 1")
        if self.is_sequence:
            raise InputError(f"{self.layers[0].name}: a recurrent layer runs a sequence; give its "
                             f"steps in a file (--inputs), not a drawn vector")
        rng = np.random.Generator(np.random.PCG64([seed, 0x61637473]))
        n_inputs = self.layers[0].n_inputs
        vector = np.abs(rng.standard_normal(n_inputs)) * (rng.random(n_inputs) < density)
        return replace(self, inputs=vector[None, :].astype(np.float32), fixed_point=False)

    def with_sequence(self, given: Sequence, n_channels: int | None) -> Source:
        """The same layers on a sequence, as many channels at a time as the machine has."""
        notes = [note for note in (self.note, given.note) if note]
        total = given.inputs.shape[1]
        if n_channels is not None and total > n_channels:
            notes.append(f"{total} channels, the machine has {n_channels}: {n_channels} at a time")
        return replace(self, inputs=given.inputs, lengths=given.lengths, fixed_point=False,
                       at_once=n_channels, note="\n".join(notes))

    def required_inputs(self) -> npt.NDArray[Any]:
        """The inputs, or an error that says how to give some."""
        if self.inputs is None:
            raise InputError(
                f"{self.layers[0].name}: no inputs; give --inputs FILE or --activation-density D"
            )
        return self.inputs

    def runs(self) -> Iterator[npt.NDArray[Any]]:
        """What the first piece of work is run on, one after the other: vectors, or an utterance."""
        inputs = self.required_inputs()
        if isinstance(self.layers[0], RecurrentLayer):
            if inputs.ndim == 3:
                yield from (cut.inputs for cut in self._cuts(inputs))
                return
            if self.is_sequence:
                yield shaped_inputs(self.layers[0], inputs)
                return
        yield from (shaped_inputs(self.layers[0], vector) for vector in inputs)

    def options(self) -> Iterator[dict[str, Any]]:
        """The machine's options that go with each of `runs`."""
        inputs = self.required_inputs()
        if self.lengths is None or inputs.ndim != 3:
            yield from ({} for _ in self.runs())
            return
        yield from ({"lengths": cut.lengths} for cut in self._cuts(inputs))

    def _cuts(self, inputs: npt.NDArray[Any]) -> list[Sequence]:
        return Sequence(inputs, self.lengths).on_channels(self.at_once)


def open_source(
    source: str, names: list[str] | None = None, seed: int = 1, recipe: Recipe | None = None
) -> Source:
    """Compressed layers from a published name, a layer file, a store or an EIE-simulator folder.

    Parameters
    ----------
    source : ``"alex-7"``; a shape (`accelsim.workload.drawn`); an npz, safetensors or ONNX file,
        whose layers are compressed with ``recipe``; a file written by `accelsim compress`; or a
        data folder of the EIE authors' simulator
    names : which layers of the file, in order; None takes all
    seed : of a published layer

    Raises
    ------
    InputError, FormatError
    """
    found = named(source)
    if found.kind == "eie-simulator" and found.path is not None:
        packed, activations = load_eie_simulator(found.path)
        _chosen(found.path, [packed], found.layer_names(names))
        return Source([packed], np.atleast_2d(activations))
    if found.kind == "file" and found.path is not None and is_store(found.path):
        works = _chosen(found.path, load_compressed(found.path), found.layer_names(names))
        for work in works:
            if isinstance(work, CompressedConv):
                raise UnsupportedError(
                    f"{found.path}: {work.name} is a convolution; only fully connected layers run "
                    f"on vectors; take accelsim.simulate with an image in Python")
        return Source(works, None)
    layers, note = ordered_layers(source, names, seed)
    inputs = layers[0].activations
    return Source(
        compress_network(layers, recipe), None if inputs is None else np.atleast_2d(inputs),
        note=note,
    )


def open_work(
    config: Any, source: str, names: list[str] | None = None, seed: int = 1, **settings: Any
) -> Source:
    """Work that a machine takes, from anything that can be named.

    Parameters
    ----------
    source : as `open_source`; or a published recurrent layer (``"google-lstm"``), a recurrent
        folder (``traces/silero-lstm``), or one of its retrained layers behind a colon
        (``traces/silero-lstm:load_balanced/11.2``)
    settings : of the compression, by their names in a `Recipe`; the machine's own needs and
        widths come first. A ``pattern`` of a recurrent layer gets its usual parameters

    Raises
    ------
    InputError, FormatError
        If it cannot be read.
    UnsupportedError
        If the machine does not take such work.
    """
    machine = machine_of(config)
    pattern, density = settings.pop("pattern", None), settings.get("density")
    found = recurrent_work(config, source, names, seed)
    if found is not None:
        works = []
        for layer in found.layers:
            own = settings if pattern is None else settings | _pattern(
                config, layer, pattern, density)
            works.append(prepare(layer, machine.takes, recipe_for(config, machine.recipe, **own)))
        return Source(works, found.inputs, note=found.note, floats=found.layers)
    if pattern is not None:
        raise InputError(f"{source}: --pattern is for recurrent layers here; accelsim compress "
                         f"takes it for others")
    recipe = recipe_for(config, machine.recipe, **settings)
    if CompressedLayer in machine.takes:
        return open_source(source, names, seed, recipe)
    place = named(source)
    compressed = place.kind == "eie-simulator" or (
        place.kind == "file" and place.path is not None and is_store(place.path))
    if not compressed:
        layers, note = ordered_layers(source, names, seed)
        given = layers[0].activations
        return Source([prepare(layer, machine.takes, recipe) for layer in layers],
                      None if given is None else np.atleast_2d(given), note=note)
    opened = open_source(source, names, seed)
    return Source([prepare(p, machine.takes, recipe) for p in opened.layers], opened.inputs)


def _pattern(config: Any, layer: RecurrentLayer, pattern: str, density: float | None
             ) -> dict[str, Any]:
    """Settings of a recipe that prune by a pattern, balanced for the machine."""
    if density is None:
        raise InputError(f"pattern {pattern}: needs a density, the share of the weights that "
                         f"stays; give --density")
    own = usual_parameters(pattern, density, config.n_pe, layer.n_inputs)
    return {"pattern": pattern, "density": own.pop("density", None), "pattern_parameters": own}


def is_store(path: Path) -> bool:
    """Whether a file was written by `accelsim compress`; a missing file is left to the loaders."""
    if path.suffix.lower() != ".safetensors" or not path.is_file():
        return False
    return METADATA_KEY in open_arrays(path).metadata


def _chosen(
    path: Path, layers: list[CompressedLayer], names: list[str] | None
) -> list[CompressedLayer]:
    if not names:
        return layers
    by_name = {packed.name: packed for packed in layers}
    for name in names:
        if name not in by_name:
            raise InputError(f"{path}: no layer '{name}'{nearest(name, by_name)}")
    return [by_name[name] for name in names]


def as_layers(
    source: str, names: list[str] | None = None, seed: int = 1, chain: bool = True
) -> list[Layer]:
    """As `ordered_layers`, without a word on their order."""
    return ordered_layers(source, names, seed, chain)[0]


def ordered_layers(
    source: str, names: list[str] | None = None, seed: int = 1, chain: bool = True
) -> tuple[list[Layer], str]:
    """The uncompressed layers of a published or drawn name or a layer file, and why they are in
    this order, where the file does not say it.

    Parameters
    ----------
    chain : whether they are run in sequence and must follow each other

    Raises
    ------
    InputError
        If they do not, or what is named is recurrent or compressed already.
    """
    found = named(source)
    wanted = found.layer_names(names)
    if found.is_recurrent:
        raise InputError(f"{source}: recurrent; the machines that take it compress it themselves: "
                         f"name it to simulate, explain or report")
    if found.kind == "eie-simulator" or (found.path is not None and is_store(found.path)):
        raise InputError(f"{source}: is compressed already; name it as it is, or the file that "
                         f"it was made of")
    if found.path is None or (wanted is not None and len(wanted) == 1):
        return [load_layer(found.text if found.path is None else found.path,
                           wanted[0] if wanted else None, seed)], ""
    if chain:
        network = load_sequence(found.path, wanted)
        return list(network.layers), network.note
    return load_layers(found.path, wanted), ""
