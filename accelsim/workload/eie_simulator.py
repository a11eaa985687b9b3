"""The data folder of the EIE authors' public simulator (github RalphMao/EIE-simulator).

All numbers are little-endian and 4 bytes wide.

=====================  ============================================================================
``act.dat``            float32, one activation a column; the number of inputs is its length
``arithm.dat``         16 float32: the codebook, entry 0 is 0.0
``ptr/ptrN.dat``       uint32 pointers of PE N: one per column, and one past the last entry
``spm/spmN.dat``       uint32 pairs of PE N: weight code, zeros before the entry (both 0 to 15)
``groundtruth.dat``    optional: float32, the expected outputs; only its length is used
=====================  ============================================================================

The number of PEs is the number of pointer files. With a bias the columns run up to and including
the bias column, which stands at ``ceil(n_inputs / n_pe) * n_pe``; without one there are
``n_inputs``. So the number of pointers tells whether there is a bias.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError
from accelsim.formats.interleaved_csc import image_columns
from accelsim.records import CompressedLayer, CscMatrix
from accelsim.workload.entries import reading

BITS = 4
_LONGEST_RUN = (1 << BITS) - 1
_MAX_PE = 4096

Array = npt.NDArray[Any]


def is_eie_simulator(path: str | Path) -> bool:
    """Whether a path is such a folder, whole or not."""
    return any((Path(path) / name).exists() for name in ("act.dat", "arithm.dat", "ptr", "spm"))


def load_eie_simulator(
    folder: str | Path, n_outputs: int | None = None, name: str | None = None
) -> tuple[CompressedLayer, npt.NDArray[np.float32]]:
    """A layer made for the authors' simulator, and its input vector.

    Encoding the layer again with the same number of PEs gives the folder's pointers and entries
    exactly: padding entries that only lengthen a run are dropped, any other entry of code 0 is
    kept as an explicit zero. Negative activations become 0, because the simulator's scan passes
    over them.

    Parameters
    ----------
    n_outputs : the files do not say it. None takes the length of ``groundtruth.dat``, or where
        that is missing the highest row with an entry, plus one.
    name : None takes the folder's name

    Returns
    -------
    packed : 4-bit codes, 4-bit runs
    activations : (n_inputs,) float32

    Raises
    ------
    FormatError
        If a file is missing, truncated or does not agree with the others.
    """
    folder = Path(folder)
    activations = np.maximum(_numbers(folder / "act.dat", "<f4"), np.float32(0))
    codebook = _numbers(folder / "arithm.dat", "<f4")
    if codebook.shape != (1 << BITS,):
        raise FormatError(f"{folder / 'arithm.dat'}: holds {len(codebook)} float32; need 16, the "
                          f"codebook of one layer")
    n_pe = _count_pes(folder)
    n_inputs = len(activations)
    pointers, codes, runs = _entries(folder, n_pe)
    has_bias = _has_bias(folder, pointers.shape[1], n_inputs, n_pe)
    matrix_columns = n_inputs + int(has_bias)
    columns, rows, codes = _positions(pointers, codes, runs)
    is_bias = columns == pointers.shape[1] - 2 if has_bias else np.zeros(len(columns), dtype=bool)
    if np.any((columns >= n_inputs) & ~is_bias):
        raise FormatError(f"{folder}: entries in a column between the last input, {n_inputs - 1}, "
                          f"and the bias; act.dat belongs to another layer")
    columns = np.where(is_bias, n_inputs, columns)
    n_outputs = _n_outputs(folder, n_outputs, int(rows.max(initial=-1)) + 1)
    order = np.lexsort((rows, columns))
    with reading(folder):
        packed = CompressedLayer(
            matrix=CscMatrix(
                (n_outputs, matrix_columns),
                np.searchsorted(columns[order], np.arange(matrix_columns + 1)).astype(np.int64),
                rows[order].astype(np.int32),
                codes[order].astype(np.uint8),
            ),
            codebook=codebook.astype(np.float32),
            weight_bits=BITS,
            index_bits=BITS,
            has_bias=has_bias,
            name=name or folder.resolve().name,
            provenance={"source": folder.resolve().name, "format": "EIE-simulator data folder",
                 "n_pe": n_pe},
        )
    return packed, activations


def _numbers(path: Path, dtype: str) -> Array:
    """The 4-byte numbers of a file, at least one; floats are finite."""
    with reading(path):
        data = path.read_bytes()
    if len(data) % 4 or not data:
        raise FormatError(f"{path}: {len(data)} bytes are no whole number of 4-byte values; the "
                          f"file is truncated; copy it again")
    numbers = np.frombuffer(data, dtype=dtype)
    if dtype == "<f4" and not np.isfinite(numbers).all():
        raise FormatError(f"{path}: holds NaN or infinity; make the file again")
    return numbers


def _count_pes(folder: Path) -> int:
    numbers = {}
    for kind in ("ptr", "spm"):
        with reading(folder / kind):
            names = [entry.name for entry in (folder / kind).iterdir()]
        found = (re.fullmatch(rf"{kind}(0|[1-9][0-9]{{0,8}})\.dat", name) for name in names)
        numbers[kind] = sorted(int(match[1]) for match in found if match)
    n_pe = len(numbers["ptr"])
    if not 1 <= n_pe <= _MAX_PE or any(n != list(range(n_pe)) for n in numbers.values()):
        raise FormatError(f"{folder}: {n_pe} files ptr/ptrN.dat and {len(numbers['spm'])} files "
                          f"spm/spmN.dat; need one of each for N from 0 up, at most {_MAX_PE}")
    return n_pe


def _entries(folder: Path, n_pe: int) -> tuple[Array, Array, Array]:
    """(n_pe, n_columns + 1) pointers into the entries of all PEs together, codes, runs."""
    pointers: list[Array] = []
    pairs: list[Array] = []
    first = 0
    for pe in range(n_pe):
        path = folder / "ptr" / f"ptr{pe}.dat"
        here = _numbers(path, "<u4").astype(np.int64)
        spm = folder / "spm" / f"spm{pe}.dat"
        with reading(spm):
            # A PE that owns no weight has an empty file.
            flat = _numbers(spm, "<u4") if spm.stat().st_size else np.zeros(0, dtype="<u4")
        if len(flat) % 2 or int(flat.max(initial=0)) > _LONGEST_RUN:
            raise FormatError(f"{spm}: need pairs of code and run, each 0 to {_LONGEST_RUN}")
        if pointers and len(here) != len(pointers[0]):
            raise FormatError(f"{path}: {len(here)} pointers; ptr0.dat has {len(pointers[0])}")
        if here[0] != 0 or here[-1] * 2 != len(flat) or np.any(np.diff(here) < 0):
            raise FormatError(f"{path}: pointers must rise from 0 to the {len(flat) // 2} entries "
                              f"of {spm.name}; they end at {here[-1]}")
        pointers.append(here + first)
        pairs.append(flat.astype(np.uint8))
        first += len(flat) // 2
    both = np.concatenate(pairs).reshape(-1, 2)
    return np.stack(pointers), both[:, 0], both[:, 1]


def _has_bias(folder: Path, n_pointers: int, n_inputs: int, n_pe: int) -> bool:
    with_bias = image_columns(n_inputs, n_pe, has_bias=True) + 1
    if n_pointers not in (with_bias, n_inputs + 1):
        raise FormatError(f"{folder}: {n_pointers} pointers a PE; {n_inputs} inputs on {n_pe} PEs "
                          f"need {with_bias} with a bias, {n_inputs + 1} without; act.dat or ptr/ "
                          f"is truncated or of another layer")
    return n_pointers == with_bias


def _positions(pointers: Array, codes: Array, runs: Array) -> tuple[Array, Array, Array]:
    """Column, row and code of every entry that is not mere padding inside a run."""
    n_pe = len(pointers)
    counts = np.diff(pointers, axis=1)
    pe, columns = (np.repeat(i.ravel(), counts.ravel()) for i in np.indices(counts.shape))
    steps = np.cumsum(runs.astype(np.int64) + 1)
    before = np.concatenate([[0], steps])[pointers[:, :-1].ravel()]
    rows = (steps - np.repeat(before, counts.ravel()) - 1) * n_pe + pe
    ends_column = np.zeros(len(codes), dtype=bool)
    ends_column[(pointers[:, 1:] - 1)[counts > 0]] = True
    keep = (codes != 0) | (runs != _LONGEST_RUN) | ends_column
    return columns[keep], rows[keep], codes[keep]


def _n_outputs(folder: Path, asked: int | None, needed: int) -> int:
    """Rows of the matrix: as asked, as ``groundtruth.dat`` has, or as few as hold the entries."""
    truth = folder / "groundtruth.dat"
    if asked is None and not truth.exists():
        n_outputs, source = max(needed, 1), "the entries"
    elif asked is None:
        n_outputs, source = len(_numbers(truth, "<f4")), truth.name
    else:
        n_outputs, source = asked, "n_outputs"
    if n_outputs < max(needed, 1) or n_outputs >= 1 << 31:
        raise FormatError(f"{folder}: {source} says {n_outputs} outputs, but entries reach row "
                          f"{needed - 1}; need {max(needed, 1)} or more, below 2**31")
    return n_outputs
