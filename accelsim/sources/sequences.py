"""Sequences for recurrent layers: from npy, npz, safetensors and wav files, or drawn."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.numeric import real_values
from accelsim.records.shown import Short
from accelsim.records.utterance import checked_lengths
from accelsim.shipped import located
from accelsim.sources.inputs import MAX_INPUT_FILE_BYTES, read_npy
from accelsim.workload.array_files import open_arrays

DRAWN_STEPS, DRAWN_CHANNELS = 10, 32
"""Of a sequence that is drawn; a machine of fewer channels gets as many as it has."""

_NAMES = ("inputs", "activations", "x")
_LENGTHS = ("lengths", "sequence_lens")


@dataclass(frozen=True, eq=False)
class Sequence(Short):
    """What a recurrent layer is run on.

    Attributes
    ----------
    inputs : (n_steps, n_channels, n_inputs)
    lengths : (n_channels,) steps of each channel; None is all
    note : where it is from, where that is worth a line
    """

    inputs: npt.NDArray[np.float64]
    lengths: npt.NDArray[np.int64] | None = None
    note: str = ""

    def on_channels(self, n_channels: int | None) -> list[Sequence]:
        """Cut into as many channels at a time as a machine has."""
        total = self.inputs.shape[1]
        if n_channels is None or total <= n_channels:
            return [self]
        return [
            Sequence(self.inputs[:, k : k + n_channels],
                     None if self.lengths is None else self.lengths[k : k + n_channels])
            for k in range(0, total, n_channels)
        ]


def load_sequence(path: str | Path, n_inputs: int) -> Sequence:
    """A sequence from a file.

    npy: (steps, n_inputs), or (steps, channels, n_inputs). npz and safetensors: the same as
    ``inputs``, or the only array, and beside it ``lengths`` (channels,) where sequences of a batch
    differ in length. wav: ``n_inputs`` samples a step, one step after the other, as numbers from
    -1 to 1; an audio channel is a channel.

    Raises
    ------
    InputError
        If the file is none of these, or of another width.
    """
    file = located(path)
    if file.suffix.lower() == ".wav":
        return _wav(file, n_inputs)
    lengths = None
    if file.suffix.lower() == ".npy":
        array = read_npy(file)
    else:
        arrays = open_arrays(file)
        others = [name for name in arrays.arrays if name not in _LENGTHS]
        names = [name for name in _NAMES if name in others] or (others if len(others) == 1 else [])
        if not names:
            raise InputError(f"{path}: holds {', '.join(arrays.arrays)}; call the sequence "
                             f"'inputs', its channels' steps 'lengths'")
        array = arrays.read(names[0])
        lengths = next((arrays.read(n) for n in _LENGTHS if n in arrays.arrays), None)
    values = _shaped(path, array, n_inputs)
    own = None if lengths is None else checked_lengths(str(path), lengths, *values.shape[:2])
    return Sequence(values, own)


def drawn_sequence(
    n_inputs: int, n_channels: int | None, seed: int, density: float | None = None,
    steps: int = DRAWN_STEPS,
) -> Sequence:
    """Standard normal numbers, the same for the same seed.

    Parameters
    ----------
    n_channels : of the machine
    density : share that is not zero; None is all
    """
    channels = min(n_channels or 1, DRAWN_CHANNELS)
    rng = np.random.Generator(np.random.PCG64([seed, 0x73657175]))
    values = rng.standard_normal((steps, channels, n_inputs))
    if density is not None:
        if not 0 <= density <= 1:
            raise InputError(f"activation density is {density}; need 0 to 1")
        values *= rng.random(values.shape) < density
    return Sequence(values, note=(
        f"no sequence is given: {steps} steps of {channels} channels drawn, standard normal, seed "
        f"{seed}; --inputs FILE (npy, npz, wav) takes yours"))


def _shaped(path: str | Path, array: npt.NDArray[Any], n_inputs: int) -> npt.NDArray[np.float64]:
    values = real_values(f"{path}: inputs", array).astype(np.float64)
    if values.ndim == 1 and n_inputs == 1:
        values = values[:, None]
    shaped = values[:, None, :] if values.ndim == 2 else values
    if shaped.ndim != 3 or shaped.shape[2] != n_inputs or 0 in shaped.shape:
        raise InputError(f"{path}: inputs have shape {array.shape}; the layer takes (steps, "
                         f"{n_inputs}) or (steps, channels, {n_inputs})")
    if not np.isfinite(shaped).all():
        raise InputError(f"{path}: inputs hold NaN or infinity")
    return shaped


def _wav(path: Path, n_inputs: int) -> Sequence:
    """Samples in frames of ``n_inputs``, without overlap; what is left over is told."""
    from scipy.io import wavfile

    try:
        if path.stat().st_size > MAX_INPUT_FILE_BYTES:
            raise InputError(f"{path}: larger than 4 GiB; split it")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # chunks of others' programs
            rate, samples = wavfile.read(path)
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}; check the path"
                         ) from None
    except Exception as problem:
        text = " ".join(str(problem).split())[:100] or type(problem).__name__
        raise InputError(f"{path}: not a WAV file that is read ({text}); save it as 16-bit PCM"
                         ) from None
    numbers = samples.reshape(len(samples), -1)
    if numbers.dtype.kind == "u":
        values = (numbers.astype(np.float64) - 128) / 128
    elif numbers.dtype.kind == "i":
        values = numbers / float(1 << (8 * numbers.dtype.itemsize - 1))
    else:
        values = numbers.astype(np.float64)
    steps, channels = len(values) // n_inputs, values.shape[1]
    if steps == 0 or not np.isfinite(values).all():
        raise InputError(f"{path}: {len(values)} samples; need at least one step of {n_inputs} "
                         f"finite ones")
    left = len(values) - steps * n_inputs
    cut = values[: steps * n_inputs].reshape(steps, n_inputs, channels).transpose(0, 2, 1)
    return Sequence(np.ascontiguousarray(cut), note=(
        f"{path}: {rate:,} Hz, {steps:,} steps of {n_inputs} samples"
        + (f", the last {left} samples left out" if left else "")
        + "; features of a front end go in an npy file"))
