"""Input vectors from a file."""

from __future__ import annotations

import tokenize
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.numeric import real_numbers
from accelsim.workload.array_files import open_arrays

MAX_INPUT_FILE_BYTES = 4 << 30
# What NumPy raises on a damaged header; TokenError where it retries one as of Python 2.
_NPY_DAMAGE = (OSError, ValueError, EOFError, TypeError, SyntaxError, ArithmeticError, MemoryError,
               RecursionError, tokenize.TokenError)


def load_inputs(path: Path, n_inputs: int, *others: int) -> npt.NDArray[Any]:
    """Input vectors from an npy, npz or safetensors file.

    A file of MNIST digits (arrays ``images`` and ``labels``) gives pixel / 256; another file must
    hold one 1-D or 2-D array of numbers, or one called ``inputs`` or ``activations``.

    Parameters
    ----------
    n_inputs, others : widths that the vectors may have

    Returns
    -------
    (n_vectors, n_inputs) numbers as the file has them; integers are numbers like any others
    """
    widths = (n_inputs, *others)
    if path.suffix.lower() == ".npy":
        return _shaped(path, read_npy(path), widths)
    file = open_arrays(path)
    if "images" in file.arrays:
        images = real_numbers(f"{path}: images", file.read("images"))
        if images.ndim < 1 or not images.size:
            raise InputError(f"{path}: images are {images.dtype} of shape {images.shape}; need "
                             f"numbers of shape (vectors, {n_inputs})")
        scaled = images.astype(np.float32) / np.float32(256)
        return _shaped(path, scaled.reshape(len(scaled), -1), widths)
    for name in ("inputs", "activations", *(file.arrays if len(file.arrays) == 1 else ())):
        if name in file.arrays:
            return _shaped(path, file.read(name), widths)
    raise InputError(
        f"{path}: holds {', '.join(file.arrays)}; call the input array 'inputs'"
    )


def read_npy(path: Path) -> npt.NDArray[Any]:
    """The one array of an npy file; errors of one line."""
    try:
        if path.stat().st_size > MAX_INPUT_FILE_BYTES:
            raise InputError(f"{path}: larger than 4 GiB; split it")
        # Mapped: a header that claims more than the file holds is an error, not an allocation.
        with np.errstate(over="raise"):
            return np.array(np.load(path, mmap_mode="r", allow_pickle=False))
    except _NPY_DAMAGE as problem:
        reason = getattr(problem, "strerror", None) or "not a readable npy array"
        raise InputError(f"{path}: {reason}; save it with numpy.save") from None


def _shaped(
    path: Path, array: npt.NDArray[Any], widths: tuple[int, ...]
) -> npt.NDArray[Any]:
    array = real_numbers(f"{path}: inputs", array)
    if array.ndim not in (1, 2):
        raise InputError(f"{path}: inputs are {array.dtype} of shape {array.shape}; need numbers "
                         f"of shape ({widths[0]},) or (vectors, {widths[0]})")
    vectors = np.atleast_2d(array)
    if vectors.shape[1] not in widths or not len(vectors):
        wanted = " or, alone, ".join(map(str, dict.fromkeys(widths)))
        raise InputError(f"{path}: inputs have shape {array.shape}; the layer takes {wanted}")
    if vectors.dtype.kind == "f" and not np.isfinite(vectors).all():
        raise InputError(f"{path}: inputs hold NaN or infinity")
    return vectors
