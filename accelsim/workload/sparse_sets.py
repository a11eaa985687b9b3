"""Sparse matrices as several arrays.

=============================================  ==================================================
``data``, ``indices``, ``indptr``, ``shape``   CSR, CSC or BSR of ``scipy.sparse.save_npz``, which
                                               adds ``format``; also with names before them
``row``, ``col`` (or ``coords``), ``data`` ..  COO and DIA (``offsets``) of the same
``crow_indices``, ``col_indices``,             CSR of PyTorch; ``ccol_indices`` and
``values``                                     ``row_indices`` CSC; ``indices`` and ``values`` COO.
                                               ``shape`` or ``size`` must stand beside them
``bitmask``, ``compressed``, ``shape``         compressed-tensors: a bit a weight, lowest first,
                                               row by row; then the weights that are not zero
=============================================  ==================================================
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from accelsim.records import CscMatrix
from accelsim.workload.array_sets import (
    Array,
    Found,
    Refusal,
    WeightSet,
    base_of,
    present,
    read_floats,
    read_shape,
)
from accelsim.workload.arrays import ArrayFile
from accelsim.workload.entries import check_size, fault

_SCIPY = {"csr": ("data", "indices", "indptr"), "csc": ("data", "indices", "indptr"),
          "bsr": ("data", "indices", "indptr"), "coo": ("data", "row", "col"),
          "dia": ("data", "offsets")}
_TORCH = {"csr": ("values", "col_indices", "crow_indices"),
          "csc": ("values", "row_indices", "ccol_indices"), "coo": ("values", "indices")}
_SIDE = ("shape", "size", "format", "_is_array")


def scipy_set(file: ArrayFile, name: str) -> Found | None:
    """What scipy.sparse.save_npz writes; ``data`` is the main array."""
    base = base_of(name, "data")
    if base is None:
        return None
    format_name = f"{base}format"
    told = _text(file, format_name) if format_name in file.arrays else None
    for layout, parts in _SCIPY.items():
        if told in (None, layout) and all(f"{base}{part}" in file.arrays for part in parts):
            return _sparse_set(file, base, parts, layout if told else None)
    return None


def torch_set(file: ArrayFile, name: str) -> Found | None:
    """A sparse tensor of PyTorch; ``values`` is the main array."""
    base = base_of(name, "values")
    if base is None:
        return None
    for layout, parts in _TORCH.items():
        if all(f"{base}{part}" in file.arrays for part in parts):
            return _sparse_set(file, base, parts, layout)
    return None


def bitmask_set(file: ArrayFile, name: str) -> Found | None:
    """A bit mask and the weights that are not zero; ``compressed`` is the main array."""
    base = base_of(name, "compressed")
    if base is None or f"{base}bitmask" not in file.arrays:
        return None
    bits = f"{base}bitmask"
    logical = base.rstrip("._/") or "compressed"
    members = (name, bits, *present(file, f"{base}shape", f"{base}row_offsets"))
    shape = read_shape(file, f"{base}shape") if f"{base}shape" in members else None
    mask, values = file.arrays[bits], file.arrays[name]
    scales = [n for n in file.arrays if n.startswith(f"{logical}_scale")]
    if scales or shape is None or mask.dtype != np.uint8 or not values.is_float:
        return Refusal(logical, (*members, *scales), values.shape, "bit mask", "quantised too, or "
                       "without its shape; decompress it with its library and save float weights")
    if mask.shape != (shape[0], -(-shape[1] // 8)):
        return Refusal(logical, members, values.shape, "bit mask", f"a mask of {mask.shape} bytes "
                       f"is not that of {shape[0]} x {shape[1]} weights")
    check_size(file.path, name, shape, np.float32)
    return WeightSet(logical, members, shape, "bit mask", partial(_from_bits, file, name, bits,
                                                                  shape))


def _sparse_set(file: ArrayFile, base: str, parts: tuple[str, ...], layout: str | None) -> Found:
    logical = base.rstrip("._/") or file.path.stem
    members = (*(f"{base}{part}" for part in parts),
               *present(file, *(f"{base}{side}" for side in _SIDE)))
    values = file.arrays[members[0]]
    said = next((n for n in members if n in (f"{base}shape", f"{base}size")), None)
    shape = None if said is None else read_shape(file, said)
    if shape is None:
        return Refusal(logical, members, values.shape, "sparse", f"its shape is not beside it; "
                       f"store it as {base}shape (rows, columns)")
    check_size(file.path, members[0], shape, np.float32)
    if values.dtype is None or values.dtype.kind not in "fiub":
        return Refusal(logical, members, shape, "sparse", f"values are {values.stored}")
    if layout is None:
        starts = file.arrays[f"{base}indptr"].shape[0] - 1 if "indptr" in parts else -1
        fits = [kind for kind, n in (("csr", shape[0]), ("csc", shape[1])) if n == starts]
        if len(fits) != 1:
            return Refusal(logical, members, shape, "sparse", f"rows or columns first is not "
                           f"known; store 'csr' or 'csc' as {base}format")
        layout = fits[0]
    return WeightSet(logical, members, shape, f"sparse {layout}",
                     partial(_from_sparse, file, base, parts, layout, shape))


def _text(file: ArrayFile, name: str) -> str:
    """A text stored as an array of bytes or characters, as scipy does."""
    value = file.read(name).ravel()
    if not value.size:
        return ""
    first = value[0]
    return first.decode("ascii", "replace") if isinstance(first, bytes) else str(first)


def _from_sparse(
    file: ArrayFile, base: str, parts: tuple[str, ...], layout: str, shape: tuple[int, int]
) -> CscMatrix:
    from scipy import sparse  # a tenth of a second, which dense files do not need

    data, *where = (file.read(f"{base}{part}") for part in parts)
    data = data.astype(np.result_type(data.dtype, np.float32))
    if layout == "coo":
        given: Any = (data, tuple(where[0]) if len(where) == 1 else tuple(where))
    else:
        given = (data, *where)
    made = getattr(sparse, f"{layout}_array")(given, shape=shape)
    if layout in ("csr", "csc", "bsr"):
        made.check_format(full_check=True)
    return CscMatrix.from_sparse(f"{file.path}: {base}{parts[0]}", made)


def _from_bits(file: ArrayFile, name: str, bits: str, shape: tuple[int, int]) -> Array:
    mask = np.unpackbits(file.read(bits), axis=1, count=shape[1], bitorder="little").astype(bool)
    values = read_floats(file, name).ravel()
    if np.count_nonzero(mask) != len(values):
        raise fault(f"{file.path}: {name} holds {len(values)} weights, its mask "
                    f"{np.count_nonzero(mask)}; the file is damaged or incomplete")
    weights = np.zeros(shape, dtype=values.dtype)
    weights[mask] = values
    return weights
