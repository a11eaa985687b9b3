"""A codebook of one's own, from a file: npy, JSON (a list), or safetensors (its one 1-D tensor).

A weight becomes the nearest value, the lower of two equally near; what is beyond the outermost
values becomes those. Zero is a value of every table, whether the file lists it or not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from accelsim.compression.share import Floats, Sharing
from accelsim.compression.tables.levels import shared
from accelsim.compression.tables.record import CodeTable
from accelsim.errors import FormatError, InputError

SUFFIXES = (".npy", ".json", ".safetensors")
_LARGEST_FILE = 1 << 20


def own_table(path: str) -> CodeTable:
    """The table of a file; it is read when the weights are shared."""
    def fit(values: Floats, weight_bits: int) -> Sharing:
        return _fit(path, values, weight_bits)

    return CodeTable(fit=fit, n_codes=lambda weight_bits: len(read_codebook(path)),
                     source=f"the file {path}")


def read_codebook(path: str) -> npt.NDArray[np.float32]:
    """The values of a file, ascending, zero left out.

    Raises
    ------
    InputError
        If it cannot be read.
    FormatError
        If it holds no list of at most 256 different finite numbers.
    """
    where = Path(path)
    if not where.is_file():
        raise InputError(f"{path}: no such file, nor a table of that name")
    if where.stat().st_size > _LARGEST_FILE:
        raise FormatError(f"{path}: larger than {_LARGEST_FILE} bytes, no codebook")
    try:
        found = _READERS[where.suffix](where)
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror or problem}") from None
    except (ValueError, TypeError, EOFError, RecursionError, SafetensorError) as problem:
        raise FormatError(f"{path}: {' '.join(str(problem).split())}") from None
    array = np.asarray(found) if isinstance(found, np.ndarray) else _from_list(path, found)
    if array.ndim != 1 or array.dtype.kind not in "fiu":
        raise FormatError(f"{path}: {array.dtype} of shape {array.shape}; need one row of numbers")
    with np.errstate(over="ignore"):
        values = array.astype(np.float32)
    if not np.isfinite(values).all():
        raise FormatError(f"{path}: holds NaN, infinity or a number beyond float32")
    kinds = np.unique(values)
    kinds = kinds[kinds != 0]
    if not 1 <= len(kinds) < 256:
        raise FormatError(f"{path}: {len(kinds)} different values beside zero; need 1 to 255")
    return np.asarray(kinds, dtype=np.float32)


def _fit(path: str, values: Floats, weight_bits: int) -> Sharing:
    kinds = read_codebook(path).astype(np.float64)
    if len(kinds) >= 1 << weight_bits:
        need = len(kinds).bit_length()
        raise InputError(f"{path}: {len(kinds)} values beside zero do not fit codes of "
                         f"{weight_bits} bits; take weight_bits={need}")
    levels = np.union1d(kinds, [0.0])
    codes = np.zeros(len(levels), dtype=np.int64)
    codes[levels != 0] = np.arange(1, len(kinds) + 1)
    middles = np.nextafter((levels[1:] + levels[:-1]) / 2, np.inf)
    return shared(values, weight_bits, levels, middles, codes)


def _from_list(path: str, found: Any) -> npt.NDArray[Any]:
    if not isinstance(found, list) or not all(type(v) in (int, float) for v in found):
        raise FormatError(f"{path}: need a list of numbers, as [-0.5, 0.25, 1.0]")
    try:
        return np.array(found, dtype=np.float64)
    except OverflowError:
        raise FormatError(f"{path}: a number is too large") from None


def _tensor(where: Path) -> Any:
    with safe_open(where, framework="numpy") as file:
        names = list(file.keys())
        if len(names) != 1:
            raise FormatError(f"{where}: {len(names)} tensors; need one, the codebook")
        return file.get_tensor(names[0])


_READERS = {
    ".npy": lambda where: np.load(where, allow_pickle=False),
    ".json": lambda where: json.loads(where.read_text("utf-8")),
    ".safetensors": _tensor,
}
