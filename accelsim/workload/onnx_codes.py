"""Weights of an ONNX model that are integer codes, as the numbers that the codes stand for.

============================  ====================================================================
``codes``                     ``(codes - zero point) * scale``: one scale for all, or one an output
``blocks``                    the same of com.microsoft's MatMulNBits: 2, 4 or 8 bits, a scale a
                              block of inputs; the first code in a byte's lowest bits; a zero point
                              that is left out is half the range
============================  ====================================================================

Sources: ONNX operator specification (DequantizeLinear, QLinearMatMul, MatMulInteger); ONNX
Runtime, ContribOperators.md (MatMulNBits, DynamicQuantizeLSTM).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.workload.onnx_folding import Constant
from accelsim.workload.onnx_graphs import NotTaken, Site
from accelsim.workload.onnx_tensors import numpy_type

Array = npt.NDArray[Any]


def codes(
    site: Site, weights: int, scale: int | None, zero: int | None, axis: int,
    more: Sequence[Constant] = (), order: tuple[int, ...] | None = None,
) -> Constant | None:
    """The weights of a node by the places of its inputs; None where they are computed.

    Parameters
    ----------
    axis : of the outputs among those of the weights
    more : other scales, one for all or one an output
    order : of the axes, where they are to be turned

    Raises
    ------
    NotTaken
        If a scale or zero point is computed, or it is open which weights one is for.
    """
    stored = site.constant(weights)
    if stored is None:
        return None
    dtype = numpy_type(stored.kind)
    if dtype is None or dtype.itemsize != 1:
        raise NotTaken(f"its weights are {dtype}, not codes of 8 bits or fewer")
    parts = [stored]
    for what, place in (("zero point", zero), ("scale", scale)):
        if place is not None and site.given(place):
            part = site.constant(place)
            if part is None:
                raise NotTaken(f"the {what} of its weights, {site.given(place)}, is computed")
            parts.append(part)
    has_zero = zero is not None and bool(site.given(zero))
    parts += more
    shapes = [stored.shape, *(_beside(part, stored.shape, axis) for part in parts[1:])]
    shape = stored.shape if order is None else tuple(stored.shape[a] for a in order)
    return site.scope.folder.derived(
        stored.name, shape, parts, partial(_numbers, shapes, has_zero, order))


def _beside(part: Constant, shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """The shape in which a scale or zero point stands beside weights.

    Raises
    ------
    NotTaken
        If it is neither one for all, nor one an output, nor one for each first axis.
    """
    rank, count = len(shape), int(np.prod(part.shape))
    n_outputs = shape[axis] if -rank <= axis < rank else -1
    if count == 1:
        return (1,) * rank
    if count == n_outputs:
        return tuple(count if a == axis % rank else 1 for a in range(rank))
    # One a direction of a recurrent cell, or one a direction and output.
    if rank == 3 and part.shape in ((shape[0],), (shape[0], n_outputs)):
        return tuple(n if a in (0, axis % rank)[: len(part.shape)] else 1
                     for a, n in enumerate(shape))
    raise NotTaken(f"{part.name} of shape {part.shape} is not one number for all of its weights, "
                   f"or one for each of {n_outputs} outputs")


def _numbers(shapes: list[tuple[int, ...]], has_zero: bool, order: tuple[int, ...] | None,
             values: list[Array]) -> Array:
    """Weights, the zero point where there is one, scales."""
    numbers, *rest = (np.asarray(value, np.float32).reshape(shape)
                      for value, shape in zip(values, shapes, strict=True))
    if has_zero:
        numbers = numbers - rest.pop(0)
    for scale in rest:
        numbers = numbers * scale
    return numbers if order is None else numbers.transpose(order)


def blocks(site: Site) -> Constant | None:
    """(inputs, outputs) weights of a MatMulNBits.

    Raises
    ------
    NotTaken
        If it has another form than the one that is described, or is computed in part.
    """
    stored, scale, zero = (site.constant(place) for place in (1, 2, 3))
    if stored is None:
        return None
    n_inputs, n_outputs, bits, size = (site.attribute(name, default) for name, default in (
        ("K", 0), ("N", 0), ("bits", 4), ("block_size", 0)))
    if scale is None or (site.given(3) and zero is None):
        raise NotTaken("a scale or zero point of its weights is computed")
    if site.given(4):
        raise NotTaken("its inputs are sorted into blocks by a table (g_idx)")
    if bits not in (2, 4, 8) or min(n_inputs, n_outputs) < 1 or size < 16 or size & (size - 1):
        raise NotTaken(f"weights of {n_outputs} x {n_inputs} in {bits} bits, in blocks of {size}")
    count = -(-n_inputs // size)
    places = [(stored, n_outputs * count * (size * bits // 8)), (scale, n_outputs * count)]
    packed = zero is not None and numpy_type(zero.kind) == np.uint8
    if zero is not None:
        places.append((zero, n_outputs * (-(-count * bits // 8) if packed else count)))
    for part, length in places:
        if int(np.prod(part.shape)) != length:
            raise NotTaken(f"{part.name} of shape {part.shape} does not fit weights of {n_outputs} "
                           f"x {n_inputs} in {bits} bits, in blocks of {size}")
    if numpy_type(stored.kind) != np.uint8:
        raise NotTaken(f"its codes are {numpy_type(stored.kind)}, not bytes")
    return site.scope.folder.derived(
        stored.name, (n_inputs, n_outputs), [part for part, _ in places],
        partial(_of_blocks, n_outputs, n_inputs, count, bits))


def _of_blocks(n_outputs: int, n_inputs: int, count: int, bits: int, values: list[Array]) -> Array:
    stored, scale, *zero = values
    numbers = _unpacked(stored.reshape(n_outputs, count, -1), bits).astype(np.float32)
    zeros: Array = np.full((1, 1), 1 << (bits - 1), np.float32)
    if zero:
        zeros = zero[0].reshape(n_outputs, -1)
        if zeros.dtype == np.uint8:
            zeros = _unpacked(zeros, bits)[:, :count]
    scales = scale.reshape(n_outputs, count, 1).astype(np.float32)
    numbers = (numbers - zeros.astype(np.float32)[:, :, None]) * scales
    return numbers.reshape(n_outputs, -1)[:, :n_inputs].T


def _unpacked(stored: Array, bits: int) -> Array:
    """Codes along the last axis, the first in the lowest bits of a byte."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    parts = (stored[..., None] >> shifts) & np.uint8((1 << bits) - 1)
    return parts.reshape(*stored.shape[:-1], -1)
