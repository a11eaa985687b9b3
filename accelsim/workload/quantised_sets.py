"""Weights that are stored as few bits with scales, as the usual libraries do.

============================================  ====================================================
read                                          ``weight`` =
============================================  ====================================================
8-bit integers or floats with                 ``(weight - weight_zero_point) * weight_scale``; one
``weight_scale`` (or ``weight_scale_inv``),   scale for all, one a row, one a group of columns of
``weight_zero_point`` (compressed-tensors,    2**k, or one a block of 128 x 128
DeepSeek's FP8)
8-bit integers with ``SCB`` (bitsandbytes)    ``weight * SCB / 127``, a scale a row
``weight_packed`` in 32-bit words with        as the first, of unsigned codes from the lowest bits
``weight_shape`` (compressed-tensors)         up, less ``2**(bits - 1)``
============================================  ====================================================

A layout of which the file alone does not say everything is refused by name: GPTQ (two versions
differ by one in the zero points), AWQ, HQQ, 4-bit bitsandbytes, packed 4-bit floats, Quanto,
PyTorch's packed parameters.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.workload.array_sets import Array, Found, Refusal, WeightSet, base_of, read_shape
from accelsim.workload.arrays import ArrayFile
from accelsim.workload.entries import fault

BLOCK = 128
"""Rows and columns of a block of DeepSeek's FP8 (``weight_block_size`` of its configuration)."""

_SCALES = ("scale", "scales", "scale_weight", "scale_inv", "scaling_factor", "zero_point",
           "zero_points", "zeros", "zero")
"""What libraries call scales and zero points, behind the name of a layer or of its weights."""

_SAVE = "dequantise it with its library and save float weights"
# The array that names the layout: its ending, those that go with it, what it is called.
_REFUSED = (
    ("qweight", ("qzeros", "scales", "g_idx"), "GPTQ or AWQ",
     "which of them, and the version that says how zero points are stored, is not in the file"),
    ("W_q", ("scale", "zero", "meta", "W_q"), "HQQ", "its settings are not in the file"),
    ("B", ("s", "workspace"), "Marlin", "its order of codes is that of a GPU kernel"),
    ("_weight_qdata", ("_weight_scale", "_weight_zero_point"), "torchao",
     "its layout stands in the file's notes, which are not read"),
    ("weight._data", ("weight._scale", "weight._shift"), "Quanto", "its layout is not documented"),
)


def refused_layout(file: ArrayFile, name: str) -> Found | None:
    """A layout that is known by name and not read."""
    for ending, others, kind, reason in _REFUSED:
        base = base_of(name, ending)
        if base is not None and any(f"{base}{other}" in file.arrays for other in others):
            members = (name, *(n for other in others if (n := f"{base}{other}") in file.arrays))
            return _refusal(file, f"{base}weight", members, kind, f"{reason}; {_SAVE}")
    base = base_of(name, "weight")
    states = [n for n in file.arrays if n.startswith(f"{name}.")] if base is not None else []
    if f"{name}.absmax" in states:
        return _refusal(file, name, (name, *states), "bitsandbytes 4-bit",
                        f"blocks of 4-bit codes are not read; {_SAVE}")
    if "_packed_params" in name:
        return _refusal(file, name, (name,), "packed parameters",
                        f"PyTorch's own packing is not documented; {_SAVE}")
    return None


def scaled(file: ArrayFile, name: str) -> Found | None:
    """``weight`` of 8 bits with its scales."""
    base, info = base_of(name, "weight"), file.arrays[name]
    if base is None or info.stored not in ("I8", "F8_E4M3", "F8_E5M2", "int8"):
        return None
    scb = f"{base}SCB"
    if scb in file.arrays and info.dtype == np.int8:
        members = (name, scb, *_there(file, base, "weight_format"))
        return _set(file, name, members, "int8", partial(_rowwise, file, *members))
    scale = next(iter(_there(file, base, "weight_scale", "weight_scale_inv")), None)
    if scale is None:
        return None
    zeros = _there(file, base, "weight_zero_point")
    members = (name, scale, *zeros, *_there(file, base, "weight_shape", "weight_g_idx",
                                            "weight_global_scale"))
    if not file.arrays[scale].is_float:  # exponents alone, as in the MX formats
        return _refusal(file, name, members, "scaled", f"{scale} is {file.arrays[scale].stored}; "
                        f"need floats; {_SAVE}")
    if len(members) > 2 + len(zeros):
        return _refusal(file, name, members, "scaled", f"{members[-1]} is not understood; {_SAVE}")
    return _set(file, name, members, info.stored.lower(), partial(_times, file, *members))


def unnamed_scale(file: ArrayFile, name: str) -> Found | None:
    """Weights beside a scale of which it is not said how it makes numbers of them."""
    word = next((w for w in ("weight", "kernel") if base_of(name, w) is not None), None)
    if word is None or len(file.arrays[name].shape) != 2:
        return None
    base = name.removesuffix(word)
    others = _there(file, base, *_SCALES, *(f"{word}_{scale}" for scale in _SCALES))
    if not others:
        return None
    return _refusal(file, name, (name, *others), "scaled", f"not known how {others[0]} makes "
                    f"numbers of them; where they are weight * scale, save that product, or codes "
                    f"of int8 beside {base}weight_scale")


def packed(file: ArrayFile, name: str) -> Found | None:
    """``weight_packed`` with its scales and shape."""
    base = base_of(name, "weight_packed")
    if base is None:
        return None
    parts = ("weight_scale", "weight_shape", "weight_zero_point", "weight_g_idx",
             "weight_global_scale", "scale_packed", "meta")
    members = (name, *_there(file, base, *parts))
    extra = [n for n in members[1:] if n.removeprefix(base) in parts[3:]]
    told = f"{base}weight_shape"
    shape = read_shape(file, told) if told in members else None
    scale = file.arrays.get(f"{base}weight_scale")
    if file.arrays[name].dtype != np.int32 or shape is None or extra or (
            scale is None or not scale.is_float):
        return _refusal(file, f"{base}weight", members, "packed",
                        f"this way of packing is not read; {_SAVE}")
    bits = _packed_bits(file.arrays[name].shape, shape)
    if bits is None:
        return _refusal(file, f"{base}weight", members, "packed",
                        f"words of shape {file.arrays[name].shape} do not say how many bits a "
                        f"weight of {shape[0]} x {shape[1]} has; {_SAVE}")
    return WeightSet(f"{base}weight", members, shape, f"{bits}-bit packed",
                     partial(_unpacked, file, base, shape, bits))


def spread(path: Any, name: str, scale: Array, shape: tuple[int, int]) -> Array:
    """Scales as an array that multiplies weights of ``shape``: one, one a row, a group, a block.

    Raises
    ------
    FormatError
        If the shapes leave open which weights a scale is for.
    """
    rows, columns = shape
    if scale.size == 1:
        return scale.reshape(1, 1)
    if scale.ndim == 1 and len(scale) == rows:
        return scale[:, None]
    if scale.ndim == 2:
        down, across = scale.shape
        size = columns // across
        if down in (1, rows) and columns % across == 0 and (
                across == 1 or size & (size - 1) == 0):
            return np.repeat(scale, size, axis=1)
        if (down, across) == (-(-rows // BLOCK), -(-columns // BLOCK)):
            blocks = np.repeat(np.repeat(scale, BLOCK, axis=0), BLOCK, axis=1)
            return np.asarray(blocks[:rows, :columns])
    raise fault(f"{path}: {name} has shape {scale.shape}; not known which weights of {rows} x "
                f"{columns} each is for; {_SAVE}")


def _there(file: ArrayFile, base: str, *words: str) -> tuple[str, ...]:
    return tuple(f"{base}{word}" for word in words if f"{base}{word}" in file.arrays)


def _set(file: ArrayFile, logical: str, members: tuple[str, ...], kind: str, read: partial[Array]
         ) -> Found:
    shape = file.arrays[members[0]].shape
    if len(shape) != 2 or 0 in shape:
        return _refusal(file, logical, members, kind, "not a matrix")
    return WeightSet(logical, members, (shape[0], shape[1]), kind, read)


def _refusal(file: ArrayFile, logical: str, members: tuple[str, ...], kind: str, reason: str
             ) -> Refusal:
    return Refusal(logical, members, file.arrays[members[0]].shape, kind, reason)


def _rowwise(file: ArrayFile, name: str, scb: str, layout: str | None = None) -> Array:
    if layout is not None and int(file.read(layout).ravel()[0]) != 0:
        raise fault(f"{file.path}: {layout} says that {name} is not stored row by row; {_SAVE}")
    scale, codes = file.read(scb).astype(np.float32), file.read(name)
    if scale.shape != (len(codes),):
        raise fault(f"{file.path}: {scb} has shape {scale.shape}; need ({len(codes)},), a scale "
                    f"a row")
    return np.asarray(codes * (scale[:, None] / np.float32(127)))


def _times(file: ArrayFile, name: str, scale: str, zero: str | None = None) -> Array:
    codes = file.read(name).astype(np.float32)
    if zero is not None:
        codes = codes - spread(file.path, zero, file.read(zero).astype(np.float32), codes.shape)
    return np.asarray(
        codes * spread(file.path, scale, file.read(scale).astype(np.float32), codes.shape))


def _packed_bits(words: tuple[int, ...], shape: tuple[int, int]) -> int | None:
    """Bits of a code, if so many words can only be of 2, 4 or 8 bits.

    Other widths are packed in two ways: older versions of compressed-tensors leave the rest of a
    word empty, newer ones let a code go on in the next word.
    """
    rows, columns = shape
    fits = [bits for bits in (1, 2, 3, 4, 5, 6, 8)  # 7 left as 8, `_unpacked` sees it
            if words in ((rows, -(-columns // (32 // bits))), (rows, -(-columns * bits // 32)))]
    return fits[0] if len(fits) == 1 and fits[0] in (2, 4, 8) else None


def _codes(words: Array, n_codes: int, bits: int) -> npt.NDArray[np.int32]:
    """(rows, n_codes) signed codes of words along the rows."""
    unsigned = np.ascontiguousarray(words).view(np.uint32)
    shifts = np.arange(32 // bits, dtype=np.uint32) * np.uint32(bits)
    codes = (unsigned[:, :, None] >> shifts) & np.uint32((1 << bits) - 1)
    signed = codes.reshape(len(words), -1)[:, :n_codes].astype(np.int32)
    return np.asarray(signed - (1 << (bits - 1)))


def _unpacked(file: ArrayFile, base: str, shape: tuple[int, int], bits: int) -> Array:
    rows, columns = shape
    words = file.read(f"{base}weight_packed")
    if bits == 8 and not (words.view(np.uint32) >> 28).any():
        raise fault(f"{file.path}: {base}weight_packed holds codes of 7 bits, not of 8; {_SAVE}")
    codes = _codes(words, columns, bits).astype(np.float32)
    name = f"{base}weight_zero_point"
    if name in file.arrays:
        zeros = file.read(name)
        if zeros.dtype == np.int32:  # packed too, along the rows
            zeros = _codes(zeros.T, rows, bits).T
        codes = codes - spread(file.path, name, zeros.astype(np.float32), shape)
    name = f"{base}weight_scale"
    return np.asarray(codes * spread(file.path, name, file.read(name).astype(np.float32), shape))
