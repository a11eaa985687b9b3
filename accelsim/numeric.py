"""Real numbers from whatever array a caller has; what cannot be read rightly is refused by name.

=========================================  ======================================================
read                                       floats of any width and byte order, integers, booleans
                                           (0 and 1), bfloat16 and other types of ml_dtypes, lists,
                                           pandas, anything with ``__array__`` (a PyTorch tensor on
                                           the CPU), scipy.sparse
refused, in one line                       masked values, complex numbers, texts, dates, Python
                                           objects, ragged lists, raw bytes without a type
=========================================  ======================================================

What a type means is said by the caller: integers are numbers like any others, unless they are
said to be fixed point (`fixed_point_integers`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.fixedpoint import bounds

MAX_DENSE = 1 << 30
"""Most elements that a sparse array may have as a dense one."""

_REMEDIES = {
    "c": "; take their .real, if that is meant",
    "U": "; convert the texts with .astype(float)",
    "S": "; convert the texts with .astype(float)",
    "O": " (Python objects: None, mixed types or ragged lists); convert with .astype(float)",
    "V": " (bytes without a type of number); save float32 where they are made",
}


def real_numbers(what: str, values: Any) -> npt.NDArray[Any]:
    """An array of floats or integers in the machine's byte order.

    Parameters
    ----------
    what : whose numbers they are, as messages begin ("fc1: activations")

    Returns
    -------
    floats keep their width up to 64 bits; bfloat16 and narrower floats become float32, exactly;
    booleans become 0 and 1

    Raises
    ------
    InputError
        If they are not real numbers, or some are masked.
    """
    if values is None:
        raise InputError(f"{what} are missing (None); give an array of numbers")
    array = _plain(what, values)
    kind = array.dtype
    if kind.kind == "b":
        return array.astype(np.uint8)
    if kind.kind == "V" and kind.type.__module__.partition(".")[0] == "ml_dtypes":
        return array.astype(np.float32)
    if kind.kind == "f" and kind.itemsize > 8:
        return array.astype(np.float64)
    if kind.kind not in "fiu":
        raise InputError(f"{what} are {kind}; need real numbers{_REMEDIES.get(kind.kind, '')}")
    return array if kind.isnative else array.astype(kind.newbyteorder("="))


def real_values(what: str, values: Any) -> npt.NDArray[np.floating[Any]]:
    """`real_numbers` as floats: integers become float64.

    Raises
    ------
    InputError
        If one is NaN or infinite, too.
    """
    array = real_numbers(what, values)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(f"{what} hold NaN or infinity; every value must be a finite number")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def fixed_point_integers(what: str, values: Any, bits: int) -> npt.NDArray[np.int64]:
    """Integers that are said to be fixed point already, of ``bits`` bits.

    Raises
    ------
    InputError
        If they are not integers, or one does not fit.
    """
    array = real_numbers(what, values)
    if array.dtype.kind not in "iu":
        raise InputError(f"{what} are {array.dtype}, but are said to be fixed point; give "
                         f"integers, or do not say so")
    low, high = bounds(bits)
    if array.size and (int(array.min()) < low or int(array.max()) > high):
        raise InputError(f"{what} are fixed point from {int(array.min())} to {int(array.max())}; "
                         f"{bits} bits hold {low} to {high}")
    return array.astype(np.int64)


def is_sparse(values: Any) -> bool:
    """Whether it is an array of scipy.sparse, which is not imported for the question."""
    return type(values).__module__.startswith("scipy.sparse")


def _plain(what: str, values: Any) -> npt.NDArray[Any]:
    """The array without a mask, a sparse format or a class of its own."""
    if is_sparse(values):
        if np.prod(values.shape, dtype=float) > MAX_DENSE:
            raise InputError(f"{what} are sparse of shape {values.shape}, too large to be written "
                             f"out; cut them into parts")
        values = values.toarray()
    parts = values if isinstance(values, list | tuple) else [values]
    masks = [np.ma.getmaskarray(p) for p in parts if isinstance(p, np.ma.MaskedArray)]
    masked = sum(int(np.count_nonzero(mask)) for mask in masks)
    if masked:
        raise InputError(f"{what} have {masked} masked value(s), which stand for no number; fill "
                         f"them (.filled(0)) or leave them out")
    try:
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError, OverflowError) as problem:
        kind, reason = type(values).__name__, " ".join(str(problem).split())[:120]
        hint = "; give .detach().to_dense().float()" if kind == "Tensor" else ""
        raise InputError(f"{what} are a {kind} that is no array of numbers: {reason}{hint}"
                         ) from None
