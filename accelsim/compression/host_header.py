"""Host operations in the header of a file: a name and the operation's own fields, nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from accelsim.compression.checked import Checked, Finite
from accelsim.errors import FormatError, InputError, nearest, printable
from accelsim.records.host import GlobalPool, HostOperation, Pool
from accelsim.records.host_elementwise import (
    Affine,
    Combine,
    Concat,
    Flatten,
    Function,
    Relu,
    Upsample,
)
from accelsim.records.host_layout import (
    DepthToSpace,
    Reshape,
    Slice,
    Transpose,
    ZeroInsertion,
)

OPERATIONS: dict[str, type[HostOperation]] = {
    "pool": Pool, "global_pool": GlobalPool, "relu": Relu, "function": Function, "affine": Affine,
    "combine": Combine, "concat": Concat, "flatten": Flatten, "upsample": Upsample,
    "reshape": Reshape, "transpose": Transpose, "depth_to_space": DepthToSpace,
    "zero_insertion": ZeroInsertion, "slice": Slice,
}
"""What a file can keep, by the name that it has there."""

_IS = "is"
_MOST = 1 << 16
"""Of a window, a stride or a factor in a file of a stranger's: running it takes memory and time."""


_Row = tuple[Finite, ...]
_Numbers = _Row | tuple[_Row, ...] | tuple[tuple[_Row, ...], ...]


class _AffineHeader(Checked):
    scale: _Numbers
    shift: _Numbers


def operation_header(operation: HostOperation) -> dict[str, Any]:
    """An operation as plain values.

    Raises
    ------
    InputError
        If a file has no place for it.
    """
    for known, kind in OPERATIONS.items():
        if type(operation) is kind:
            own = {name: getattr(operation, name) for name in _fields(kind)}
            return {_IS: known, **{key: value.tolist() if isinstance(value, np.ndarray) else value
                                  for key, value in own.items()}}
    raise InputError(f"{operation.kind}: a host operation of one's own, which a file has no place "
                     f"for")


def operation_of(header: Mapping[str, Any]) -> HostOperation:
    """The operation that a header says.

    Raises
    ------
    FormatError
        If there is none of that name, or its fields are not its own.
    InputError
        If their values do not go together.
    """
    own = dict(header)
    name = str(own.pop(_IS, None))
    if name not in OPERATIONS:
        raise FormatError(f"no host operation '{printable(name)}'{nearest(name, OPERATIONS)}")
    kind = OPERATIONS[name]
    if set(own) != set(_fields(kind)):
        raise FormatError(f"host operation {name}: the fields are not its own")
    _check_sizes(name, list(own.values()))
    text = json.dumps(own)
    try:
        if kind is Affine:
            found = _AffineHeader.model_validate_json(text)
            return Affine(_array(found.scale), _array(found.shift))
        made: HostOperation = TypeAdapter(kind).validate_json(text, strict=True)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if "[" not in str(part))
        raise FormatError(f"host operation {name}: {where}: {first['msg']}") from None
    if isinstance(made, Pool) and any(
            max(made.padding[axis]) >= made.kernel[axis] for axis in (0, 1)):
        raise FormatError(f"host operation {name}: a padding as wide as its window")
    return made


def _array(numbers: _Numbers) -> npt.NDArray[np.float64]:
    try:
        return np.array(numbers, np.float64)
    except ValueError:
        raise FormatError("host operation affine: rows of different lengths") from None


def _fields(kind: Any) -> list[str]:
    return [field.name for field in fields(kind)]


def _check_sizes(name: str, values: list[Any]) -> None:
    for value in values:
        if isinstance(value, list):
            _check_sizes(name, value)
        elif type(value) is int and abs(value) > _MOST:
            raise FormatError(f"host operation {name}: {value} is beyond {_MOST}")
