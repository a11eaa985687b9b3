"""From whatever the user names to work that a machine takes, with inputs, ready to run."""

from __future__ import annotations

import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression import Recipe, compress_network
from accelsim.compression.prepare import prepare, recipe_for, shaped_inputs
from accelsim.compression.store import METADATA_KEY, load_compressed
from accelsim.errors import InputError, UnsupportedError, nearest
from accelsim.machines import machine_of
from accelsim.records import CompressedLayer, Layer
from accelsim.records.recurrent import RecurrentLayer
from accelsim.shipped import located
from accelsim.workload import load_eie_simulator, load_layer, load_network, published_layers
from accelsim.workload.arrays import open_arrays
from accelsim.workload.published_lstm import RECURRENT, ese_utterance
from accelsim.workload.recurrent_folder import is_recurrent_folder, load_recurrent_folder

MAX_INPUT_FILE_BYTES = 4 << 30
# What NumPy raises on a damaged header; TokenError where it retries one as of Python 2.
_NPY_DAMAGE = (OSError, ValueError, EOFError, TypeError, SyntaxError, ArithmeticError, MemoryError,
               RecursionError, tokenize.TokenError)
_STEPS, _CHANNELS = 10, 32  # of the utterance of a published recurrent layer


@dataclass(frozen=True, eq=False)
class Source:
    """Work in sequence, and the inputs that came with it, if any.

    Attributes
    ----------
    layers : `CompressedLayer` records, or what else a machine takes
    inputs : (n_vectors, n_inputs) floats; of a recurrent layer one utterance, (n_steps,
        n_channels, n_inputs); or None
    """

    layers: list[Any]
    inputs: npt.NDArray[Any] | None

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
        return replace(self, inputs=vector[None, :].astype(np.float32))

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
                yield inputs
                return
            inputs = np.asarray(inputs, dtype=np.float64)
            if self.is_sequence:
                yield shaped_inputs(self.layers[0], inputs)
                return
        yield from (shaped_inputs(self.layers[0], vector) for vector in inputs)


def open_source(
    source: str, names: list[str] | None = None, seed: int = 1, recipe: Recipe | None = None
) -> Source:
    """Compressed layers from a published name, a layer file, a store or an EIE-simulator folder.

    Parameters
    ----------
    source : ``"alex-7"``; an npz, safetensors or ONNX file, whose layers are compressed with
        ``recipe``; a file written by `accelsim compress`; or a data folder of the EIE authors'
        simulator
    names : which layers of the file, in order; None takes all
    seed : of a published layer

    Raises
    ------
    InputError, FormatError
    """
    path = located(source)
    if source in published_layers():
        layers = as_layers(source, names, seed)
    elif path.is_dir():
        packed, activations = load_eie_simulator(path)
        return Source([packed], np.atleast_2d(activations))
    elif _is_store(path):
        return Source(_chosen(path, load_compressed(path), names), None)
    else:
        layers = as_layers(source, names)
    inputs = layers[0].activations
    return Source(
        compress_network(layers, recipe), None if inputs is None else np.atleast_2d(inputs)
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
        widths come first

    Raises
    ------
    InputError, FormatError
        If it cannot be read.
    UnsupportedError
        If the machine does not take such work.
    """
    machine = machine_of(config)
    recipe = recipe_for(config, machine.recipe, **settings)
    found = _recurrent(config, source, names, seed)
    if found is not None:
        layer, inputs = found
        return Source([prepare(layer, machine.takes, recipe)], inputs)
    if CompressedLayer in machine.takes:
        return open_source(source, names, seed, recipe)
    if not located(source).is_dir() and not _is_store(located(source)):
        layers = as_layers(source, names, seed)
        given = layers[0].activations
        return Source([prepare(layer, machine.takes, recipe) for layer in layers],
                      None if given is None else np.atleast_2d(given))
    opened = open_source(source, names, seed)
    return Source([prepare(p, machine.takes, recipe) for p in opened.layers], opened.inputs)


def _recurrent(
    config: Any, source: str, names: list[str] | None, seed: int
) -> tuple[RecurrentLayer, npt.NDArray[Any]] | None:
    """A recurrent layer and its utterance, if that is what is named."""
    channels = getattr(config, "n_channels", 1)
    if source in RECURRENT:
        return RECURRENT[source](seed), ese_utterance(_STEPS, min(channels, _CHANNELS), seed)
    path, name = source, names[0] if names else "dense"
    if not Path(source).exists() and ":" in source:
        path, _, name = source.rpartition(":")
    if not is_recurrent_folder(path):
        return None
    folder = load_recurrent_folder(path)
    known = folder.layers()
    if name not in known:
        raise InputError(f"{path}: no layer '{name}'{nearest(name, known)}")
    if RecurrentLayer not in machine_of(config).takes:
        raise UnsupportedError(f"{source}: a recurrent layer, which the machine "
                               f"'{config.machine}' does not take; name one that does")
    return known[name], folder.inputs  # more channels than the machine has are refused by name


def load_inputs(path: Path, n_inputs: int) -> npt.NDArray[Any]:
    """Input vectors from an npy, npz or safetensors file.

    A file of MNIST digits (arrays ``images`` and ``labels``) gives pixel / 256; another file must
    hold one 1-D or 2-D array of numbers, or one called ``inputs`` or ``activations``.

    Returns
    -------
    (n_vectors, n_inputs) float32, or the file's integers as they are
    """
    if path.suffix.lower() == ".npy":
        return _shaped(path, _read_npy(path), n_inputs)
    file = open_arrays(path)
    if "images" in file.arrays:
        images = file.read("images")
        if images.dtype.kind not in "fiu" or images.ndim < 1 or not images.size:
            raise InputError(f"{path}: images are {images.dtype} of shape {images.shape}; need "
                             f"numbers of shape (vectors, {n_inputs})")
        scaled = images.astype(np.float32) / np.float32(256)
        return _shaped(path, scaled.reshape(len(scaled), -1), n_inputs)
    for name in ("inputs", "activations", *(file.arrays if len(file.arrays) == 1 else ())):
        if name in file.arrays:
            return _shaped(path, file.read(name), n_inputs)
    raise InputError(
        f"{path}: holds {', '.join(file.arrays)}; call the input array 'inputs'"
    )


def _read_npy(path: Path) -> npt.NDArray[Any]:
    try:
        if path.stat().st_size > MAX_INPUT_FILE_BYTES:
            raise InputError(f"{path}: larger than 4 GiB; split it")
        # Mapped: a header that claims more than the file holds is an error, not an allocation.
        with np.errstate(over="raise"):
            return np.array(np.load(path, mmap_mode="r", allow_pickle=False))
    except _NPY_DAMAGE as problem:
        reason = getattr(problem, "strerror", None) or "not a readable npy array"
        raise InputError(f"{path}: {reason}; save it with numpy.save") from None


def _shaped(path: Path, array: npt.NDArray[Any], n_inputs: int) -> npt.NDArray[Any]:
    if array.dtype.kind not in "fiu" or array.ndim not in (1, 2):
        raise InputError(f"{path}: inputs are {array.dtype} of shape {array.shape}; need numbers "
                         f"of shape ({n_inputs},) or (vectors, {n_inputs})")
    vectors = np.atleast_2d(array)
    if vectors.shape[1] != n_inputs or not len(vectors):
        raise InputError(f"{path}: inputs have shape {array.shape}; the layer takes {n_inputs}")
    if vectors.dtype.kind == "f" and not np.isfinite(vectors).all():
        raise InputError(f"{path}: inputs hold NaN or infinity")
    return vectors


def _is_store(path: Path) -> bool:
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


def as_layers(source: str, names: list[str] | None = None, seed: int = 1) -> list[Layer]:
    """The uncompressed layers of a published name or a layer file, in sequence."""
    if source in published_layers():
        return [load_layer(source, names[0] if names else None, seed)]
    if names is not None and len(names) == 1:
        return [load_layer(source, names[0])]
    return list(load_network(Path(source), names).layers)
