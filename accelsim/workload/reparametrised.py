"""Weights that PyTorch makes of other arrays whenever a layer runs (torch.nn.utils).

==============================================  ==================================================
pruning: ``weight_orig``, ``weight_mask``       ``weight_orig * weight_mask``
weight norm: ``weight_g``, ``weight_v``         ``g * v / |v|``; the norm goes over what ``g`` has
                                                not; also ``parametrizations.weight.original0``,
                                                ``original1``
spectral norm: ``weight_orig``, ``weight_u``,   ``weight_orig / sigma``, ``sigma = u . (W v)``; also
``weight_v``                                    ``parametrizations.weight.original``, ``0._u``,
                                                ``0._v``
==============================================  ==================================================

The same for parameters such as ``weight_ih_l0``. Any other parametrisation is code that the file
does not hold, and is refused.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from accelsim.workload.array_sets import (
    Array,
    Found,
    Refusal,
    WeightSet,
    matrix_shape,
    ones_and_zeros,
    parameter_of,
    present,
    read_floats,
)
from accelsim.workload.arrays import ArrayFile

_BAKE = ("make it permanent (torch.nn.utils.prune.remove, remove_weight_norm, "
         "parametrize.remove_parametrizations) and save again")
_PARAMETRISED = ".parametrizations."


def pruned_or_spectral(file: ArrayFile, name: str) -> Found | None:
    """``weight_orig`` with its mask, or with the vectors of spectral norm."""
    logical = parameter_of(name, "_orig")
    if logical is None:
        return None
    mask, u, v = (f"{logical}_{part}" for part in ("mask", "u", "v"))
    members = (name, *present(file, mask, u, v))
    if members == (name, mask):
        if file.arrays[mask].shape != file.arrays[name].shape:
            return _refused(file, logical, members, "pruned", "the mask has another shape")
        return _set(file, logical, members, "pruned", partial(_masked, file, name, mask))
    if members == (name, u, v):
        return _set(file, logical, members, "spectral norm", partial(_spectral, file, name, u, v))
    return _refused(file, logical, members, "reparametrised", f"not known how the weights are made "
                    f"of {', '.join(members)}; {_BAKE}")


def weight_norm(file: ArrayFile, name: str) -> Found | None:
    """``weight_v`` with ``weight_g``."""
    logical = parameter_of(name, "_v")
    if logical is None or f"{logical}_g" not in file.arrays:
        return None
    return _normed(file, logical, f"{logical}_g", name)


def parametrised(file: ArrayFile, name: str) -> Found | None:
    """What torch.nn.utils.parametrize keeps under ``parametrizations``."""
    at = f".{name}".rfind(_PARAMETRISED)
    if at < 0 or not f".{name}".endswith((".original", ".original0")):
        return None
    head, rest = name[:at], name[at + len(_PARAMETRISED) - 1 :]
    parameter, _, last = rest.rpartition(".")
    if not parameter.startswith("weight"):
        return None
    logical, prefix = f"{head}{parameter}", name.removesuffix(last)
    members = (name, *(n for n in file.arrays if n.startswith(prefix) and n != name))
    told = {member.removeprefix(prefix) for member in members}
    if told == {"original0", "original1"}:
        return _normed(file, logical, name, f"{prefix}original1")
    if told == {"original", "0._u", "0._v"}:
        read = partial(_spectral, file, name, f"{prefix}0._u", f"{prefix}0._v")
        return _set(file, logical, members, "spectral norm", read)
    return _refused(file, logical, members, "reparametrised",
                    f"a parametrisation whose code the file does not hold; {_BAKE}")


def _normed(file: ArrayFile, logical: str, g: str, v: str) -> Found:
    shape, size = file.arrays[v].shape, file.arrays[g].shape
    if len(shape) == 2 and size not in ((shape[0], 1), (1, shape[1]), ()):
        return _refused(file, logical, (v, g), "weight norm",
                        f"{g} has shape {size}, {v} {shape}; {_BAKE}")
    return _set(file, logical, (v, g), "weight norm", partial(_norm, file, g, v))


def _set(file: ArrayFile, logical: str, members: tuple[str, ...], kind: str, read: partial[Array]
         ) -> Found:
    shape = matrix_shape(file, members[0])
    if shape is None:
        return _refused(file, logical, members, kind, "not a matrix of floats")
    return WeightSet(logical, members, shape, kind, read)


def _refused(file: ArrayFile, logical: str, members: tuple[str, ...], kind: str, reason: str
             ) -> Refusal:
    return Refusal(logical, members, file.arrays[members[0]].shape, kind, reason)


def _masked(file: ArrayFile, name: str, mask: str) -> Array:
    return np.where(ones_and_zeros(file, mask), read_floats(file, name), np.float32(0))


def _norm(file: ArrayFile, g: str, v: str) -> Array:
    size, direction = read_floats(file, g), read_floats(file, v)
    exact = direction.astype(np.float64)
    axis = None if size.ndim == 0 else (1 if size.shape[1] == 1 and size.shape[0] > 1 else 0)
    if size.shape == (1, 1):  # of a single row or column, where both ways need not agree
        axis = 1 if direction.shape[0] == 1 else 0
    length = np.sqrt((exact**2).sum(axis=axis, keepdims=axis is not None))
    return np.asarray(size * exact / length).astype(direction.dtype)


def _spectral(file: ArrayFile, name: str, u: str, v: str) -> Array:
    weights = read_floats(file, name)
    left, right = (file.read(vector).astype(np.float64).ravel() for vector in (u, v))
    return (weights / (left @ (weights.astype(np.float64) @ right))).astype(weights.dtype)
