"""Arrays that are the weights of a layer only together, and what such a set is once it is found.

A rule takes a file and the name of an array. If that array is the main one of its kind of set it
gives a `WeightSet`, or a `Refusal` where the set is known and cannot be read rightly; else None.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.records import CscMatrix
from accelsim.workload.arrays import ArrayFile
from accelsim.workload.entries import fault

Array = npt.NDArray[Any]
Weights = Array | CscMatrix


@dataclass(frozen=True)
class WeightSet:
    """Arrays that make one matrix.

    Attributes
    ----------
    logical : the name that the weights would have as one array (``fc1.weight``)
    members : the arrays that it takes, the main one first
    shape : (n_outputs, n_inputs)
    read : reads the arrays; (n_outputs, n_inputs) floats, or a `CscMatrix` of them
    """

    logical: str
    members: tuple[str, ...]
    shape: tuple[int, int]
    kind: str
    read: Callable[[], Weights]


@dataclass(frozen=True)
class Refusal:
    """Arrays that belong together but are not read, and why."""

    logical: str
    members: tuple[str, ...]
    shape: tuple[int, ...]
    kind: str
    reason: str


Found = WeightSet | Refusal
Rule = Callable[[ArrayFile, str], Found | None]


def base_of(name: str, ending: str) -> str | None:
    """What stands before ``ending``, with its separator; None if the name ends otherwise."""
    base = name.removesuffix(ending)
    return base if name.endswith(ending) and (not base or base[-1] in "._/") else None


def parameter_of(name: str, ending: str) -> str | None:
    """``fc.weight`` of ``fc.weight_orig``, ``lstm.weight_ih_l0`` of ``lstm.weight_ih_l0_orig``."""
    found = re.fullmatch(rf"((?:.*[._/])?weight\w*){re.escape(ending)}", name)
    return found.group(1) if found else None


def present(file: ArrayFile, *names: str) -> tuple[str, ...]:
    """Those of the names that the file has."""
    return tuple(name for name in names if name in file.arrays)


def matrix_shape(file: ArrayFile, name: str) -> tuple[int, int] | None:
    """(rows, columns) of a float array of two dimensions, neither of them empty."""
    info = file.arrays[name]
    if len(info.shape) != 2 or 0 in info.shape or not info.is_float:
        return None
    return info.shape[0], info.shape[1]


def read_floats(file: ArrayFile, name: str) -> Array:
    """An array as float32, or float64 where it is stored so."""
    array = file.read(name)
    return array.astype(np.result_type(array.dtype, np.float32))


def read_shape(file: ArrayFile, name: str) -> tuple[int, int] | None:
    """(rows, columns) that a small array of integers says; None if it says something else."""
    info = file.arrays[name]
    integers = info.dtype is not None and info.dtype.kind in "iu"
    if info.shape not in ((2,), (1, 2), (2, 1)) or not integers:
        return None
    rows, columns = (int(n) for n in file.read(name).ravel())
    return (rows, columns) if rows > 0 and columns > 0 else None


def ones_and_zeros(file: ArrayFile, name: str) -> npt.NDArray[np.bool_]:
    """A mask, checked.

    Raises
    ------
    FormatError
        If it holds anything but 0 and 1.
    """
    mask = file.read(name)
    if not np.isin(mask, (0, 1)).all():
        raise fault(f"{file.path}: {name} is no mask: it holds other values than 0 and 1")
    return mask.astype(bool)
