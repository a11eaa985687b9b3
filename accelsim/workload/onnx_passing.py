"""ONNX operators that hand numbers on: as they are, in another shape or order, or as codes and
back."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from accelsim.records.host import Shape
from accelsim.records.host_layout import Transpose
from accelsim.workload.onnx_graphs import NotTaken, Site
from accelsim.workload.onnx_tensors import numpy_type
from accelsim.workload.onnx_walk import Value, Walk

_CODES = (np.uint8, np.int8, np.uint16, np.int16)


def handed_on(walk: Walk, site: Site) -> Value:
    """Identity, Dropout, and Cast to floats."""
    import onnx

    value = walk.operand(site)
    if site.node.op_type == "Dropout" and len(site.node.input) > 2:
        raise NotTaken("it may be told to train")
    if site.node.op_type == "Cast":
        kinds = onnx.TensorProto
        to = site.attribute("to", 0)
        if to not in (kinds.FLOAT, kinds.DOUBLE, kinds.FLOAT16, kinds.BFLOAT16):
            raise NotTaken("to what is not a float")
        if to in (kinds.FLOAT16, kinds.BFLOAT16):
            walk.notes["Cast to 16 bits is passed: nothing is rounded there"] += 1
    return value


def reshaped(walk: Walk, site: Site) -> Value:
    """Another shape of the same numbers, the images' axis still the first."""
    value, stored = walk.operand(site), site.constant(1)
    if site.given(1) and stored is None:
        raise NotTaken("its new shape is computed from more than shapes")
    said = None if stored is None else [int(n) for n in walk.scope.folder.value(stored).reshape(-1)]
    shape = 1, *value.shape
    make = {"Flatten": _flat, "Reshape": _target, "Squeeze": _squeezed, "Unsqueeze": _unsqueezed}
    new = make[site.node.op_type](site, shape, said)
    if len(new) < 2 or new[0] != 1 or prod(new) != prod(shape) or min(new) < 1:
        raise NotTaken(f"makes {tuple(new)} of {shape}: the images' axis does not stay the first")
    return replace(value, shape=tuple(new[1:]))


def _flat(site: Site, shape: Shape, said: list[int] | None) -> list[int]:
    axis = site.attribute("axis", 1)
    axis += len(shape) if axis < 0 else 0
    return [prod(shape[:axis]), prod(shape[axis:])]


def _target(site: Site, shape: Shape, said: list[int] | None) -> list[int]:
    target = site.attribute("shape", [-1]) if said is None else said
    keep = not site.attribute("allowzero", 0)
    new = [shape[i] if n == 0 and keep and i < len(shape) else n for i, n in enumerate(target)]
    if new.count(-1) == 1:
        new[new.index(-1)] = prod(shape) // max(1, -prod(new))
    return new


def _squeezed(site: Site, shape: Shape, said: list[int] | None) -> list[int]:
    ones = [i for i, n in enumerate(shape) if n == 1]
    gone = {axis % len(shape) for axis in (site.attribute("axes", ones) if said is None else said)}
    if not gone <= set(ones):
        raise NotTaken(f"axes {sorted(gone)} of shape {shape} are not all 1 long")
    return [n for i, n in enumerate(shape) if i not in gone]


def _unsqueezed(site: Site, shape: Shape, said: list[int] | None) -> list[int]:
    axes: list[int] = site.attribute("axes", [0]) if said is None else said
    rank, left = len(shape) + len(axes), list(shape)
    added = {axis % rank for axis in axes}
    if len(added) != len(axes):
        raise NotTaken(f"axes {axes} name one twice")
    return [1 if i in added else left.pop(0) for i in range(rank)]


def transposed(walk: Walk, site: Site) -> Value:
    """Axes of the image in another order; a reshape where only axes of length 1 move."""
    value = walk.operand(site)
    rank = len(value.shape) + 1
    order = site.attribute("perm", list(range(rank))[::-1])
    if sorted(order) != list(range(rank)) or order[0] != 0:
        raise NotTaken(f"perm {order} of {rank} axes; the images' axis stays the first")
    axes = tuple(axis - 1 for axis in order[1:])
    shape = tuple(value.shape[axis] for axis in axes)
    long = [axis for axis in axes if value.shape[axis] > 1]
    if long == sorted(long):
        return replace(value, shape=shape)
    return walk.put(site, Transpose(axes), [walk.shaped(site, value)])


def quantised(walk: Walk, site: Site) -> Value:
    """QuantizeLinear of activations: handed on; a ReLU where its codes know no negatives."""
    value = walk.operand(site)
    scale, zero = site.constant(1), site.constant(2)
    if scale is None or prod(scale.shape) != 1 or (site.given(2) and zero is None):
        raise NotTaken("its scale is not one constant")
    dtype = np.dtype(np.uint8) if zero is None else numpy_type(zero.kind)
    if dtype not in _CODES:
        raise NotTaken("to codes that are not integers of 8 or 16 bits")
    point = 0 if zero is None else int(walk.scope.folder.value(zero).reshape(-1)[0])
    if point == np.iinfo(dtype).min:
        value = walk.relu(site, value)
    return replace(value, codes=(float(walk.scope.folder.floats(scale).reshape(-1)[0]), point))


def dequantised(walk: Walk, site: Site) -> Value:
    """DequantizeLinear of what QuantizeLinear with the same scale made."""
    value = walk.operand(site, codes=True)
    scale, zero = site.constant(1), site.constant(2)
    if value.codes is None or scale is None or prod(scale.shape) != 1:
        raise NotTaken("of what no QuantizeLinear with one scale made")
    point = 0 if zero is None else int(walk.scope.folder.value(zero).reshape(-1)[0])
    if value.codes != (float(walk.scope.folder.floats(scale).reshape(-1)[0]), point):
        raise NotTaken("with another scale than the QuantizeLinear before it")
    walk.notes["QuantizeLinear with DequantizeLinear is passed: nothing is rounded or saturated "
               "at its upper end there"] += 1
    return replace(value, codes=None)
