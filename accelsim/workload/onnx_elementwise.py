"""ONNX operators that treat numbers one by one, or join values."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isclose, prod
from typing import Any

import numpy as np

from accelsim.records.host import Shape
from accelsim.records.host_elementwise import Affine, Combine, Concat, Function, Relu
from accelsim.workload.onnx_found import check_floats
from accelsim.workload.onnx_graphs import NotTaken, Site
from accelsim.workload.onnx_walk import Value, Walk

_FLOAT_MAX = float(np.finfo(np.float32).max)
_MOST_ELEMENTS = 1 << 18
"""Of an image that is added to: a file keeps these numbers in its header."""
_FUNCTIONS = {"Sigmoid": "sigmoid", "Tanh": "tanh", "HardSwish": "hard_swish"}


def function(walk: Walk, site: Site) -> Value:
    """Sigmoid, Tanh or HardSwish."""
    value = walk.operand(site)
    return walk.put(site, Function(_FUNCTIONS[site.node.op_type]), [value], value.shape)


def hard_sigmoid(walk: Walk, site: Site) -> Value:
    """``min(max(alpha x + beta, 0), 1)``: a function of the host, or its parts."""
    value = walk.operand(site)
    alpha, beta = site.attribute("alpha", 0.2), site.attribute("beta", 0.5)
    if isclose(alpha, 1 / 6, rel_tol=1e-6) and beta == 0.5:
        return walk.put(site, Function("hard_sigmoid"), [value], value.shape)
    line = walk.affine(site, replace(value, sole=False), alpha, beta)
    return walk.put(site, Relu(1.0), [line], value.shape)


def softmax(walk: Walk, site: Site) -> Value:
    """Over the channels, or over a vector."""
    value = walk.operand(site)
    rank, old = len(value.shape) + 1, walk.scope.folder.version < 13
    axis = site.attribute("axis", 1 if old else -1) % rank
    # Before operator set 13 all axes from this one on are one.
    wide = prod(n for i, n in enumerate(value.shape, 1) if (i >= axis if old else i == axis))
    if axis > 0 and wide == prod(value.shape):
        flat = walk.shaped(site, value, (wide,))
        return walk.put(site, Function("softmax"), [flat], value.shape)
    if axis == 1 and wide == value.shape[0]:
        return walk.put(site, Function("softmax"), [walk.shaped(site, value)])
    raise NotTaken(f"over axis {axis} of shape {value.shape}, neither channels nor a vector")


def relu(walk: Walk, site: Site) -> Value:
    """Of the layer before it, or on the host."""
    return walk.relu(site, walk.operand(site))


def leaky_relu(walk: Walk, site: Site) -> Value:
    """LeakyRelu, or PRelu with one slope."""
    value = walk.operand(site)
    slope = site.attribute("alpha", 0.01)
    if site.node.op_type == "PRelu":
        stored = site.constant(1)
        slopes = np.zeros(0) if stored is None else walk.scope.folder.floats(stored).reshape(-1)
        if not slopes.size or (slopes != slopes[0]).any():
            raise NotTaken("a slope of its own for each channel")
        slope = float(slopes[0])
    return walk.put(site, Relu(None, slope), [value], value.shape)


def clip(walk: Walk, site: Site) -> Value:
    """Between 0 and a limit."""
    value = walk.operand(site)
    least = _bound(walk, site, 1, site.attribute("min", -inf))
    most = _bound(walk, site, 2, site.attribute("max", inf))
    if least != 0 or not most > 0:
        raise NotTaken(f"between {least:g} and {most:g}; limits are read where the lower is 0")
    if most >= _FLOAT_MAX:
        return walk.relu(site, value)
    return walk.put(site, Relu(most), [value], value.shape)


def _bound(walk: Walk, site: Site, index: int, otherwise: float) -> float:
    stored = site.constant(index)
    if stored is None and site.given(index):
        raise NotTaken("its limits are computed")
    if stored is None or prod(stored.shape) != 1:
        return otherwise
    return float(walk.scope.folder.floats(stored).reshape(-1)[0])


def batch_norm(walk: Walk, site: Site) -> Value:
    """``(x - mean) / sqrt(variance + epsilon) * scale + shift``, a number a channel."""
    value = walk.operand(site)
    if site.attribute("training_mode", 0) or not site.attribute("spatial", 1):
        raise NotTaken("its means are those of the batch, or one for each pixel")
    stored = [site.constant(index) for index in range(1, 5)]
    parts = [np.asarray(walk.scope.folder.floats(c), np.float64) for c in stored if c is not None]
    if len(parts) != 4 or any(p.shape != value.shape[:1] for p in parts):
        raise NotTaken("its means and scales are not one constant for each channel")
    scale, shift, mean, variance = parts
    with np.errstate(all="ignore"):
        factor = scale / np.sqrt(variance + site.attribute("epsilon", 1e-5))
        return walk.affine(site, value, factor, shift - mean * factor)


def arithmetic(walk: Walk, site: Site) -> Value:
    """Add, Mul, Sub or Div: of computed values, or with a constant number a channel."""
    kind = site.node.op_type
    if site.attribute("broadcast", 0) or site.attribute("axis", -1) != -1:
        raise NotTaken("an old attribute names the axis; convert the model to operator set 13 or "
                       "newer")
    constants = [index for index in range(len(site.node.input)) if site.constant(index)]
    if not constants:
        return _combined(walk, site)
    if len(site.node.input) != 2 or len(constants) != 1:
        raise NotTaken("more than one constant among its operands")
    index = constants[0]
    value = walk.operand(site, 1 - index)
    stored = site.constant(index)
    assert stored is not None
    if kind == "Div" and index == 0:
        raise NotTaken("divides a constant by what is computed")
    check_floats(site, stored, "numbers")
    numbers = np.asarray(walk.scope.folder.floats(stored), np.float64)
    scale: Any
    shift: Any
    with np.errstate(divide="ignore"):
        scale, shift = {
            "Add": (1.0, numbers), "Sum": (1.0, numbers), "Mul": (numbers, 0.0),
            "Sub": (1.0, -numbers) if index == 1 else (-1.0, numbers),
            "Div": (1.0 / numbers, 0.0)}[kind]
    if not _is_a_channel(stored.shape, value.shape):
        return _an_element(walk, site, value, scale, shift)
    return walk.affine(site, value, np.reshape(scale, -1), np.reshape(shift, -1))


def _combined(walk: Walk, site: Site) -> Value:
    how = {"Add": "add", "Sum": "add", "Mul": "multiply", "Sub": "add"}.get(site.node.op_type)
    values = [walk.operand(site, index) for index in range(len(site.node.input))]
    if site.node.op_type == "Sub" and len(values) == 2:
        values[1] = walk.affine(site, values[1], -1.0, 0.0)
    if how is None or len(values) < 2:
        raise NotTaken("of values that are all computed")
    if len({len(value.shape) for value in values}) > 1:
        raise NotTaken(f"of shapes {' and '.join(str(value.shape) for value in values)}")
    first = values[0]
    if all((value.at, value.shape) == (first.at, first.shape) for value in values):
        return walk.put(site, Combine(how), values, first.shape)
    return walk.put(site, Combine(how), [walk.shaped(site, value) for value in values])


def _is_a_channel(constant: Shape, shape: Shape) -> bool:
    """Whether a constant is one number, or one for each channel of a value of that shape."""
    rank = len(shape) + 1
    axes = (1,) * (rank - len(constant)) + constant
    long = {index: n for index, n in enumerate(axes) if n != 1}
    # Of a vector, whatever axes of length 1 stand around it, each number is a channel.
    whole = {index: n for index, n in enumerate(shape, 1) if n == prod(shape)}
    fits = not long or long == {1: shape[0]} or (len(long) == 1 and long.items() <= whole.items())
    return len(axes) == rank and fits


def _an_element(walk: Walk, site: Site, value: Value, scale: Any, shift: Any) -> Value:
    """``value * scale + shift`` where one of them has a number for each element of an image."""
    if prod(value.shape) > _MOST_ELEMENTS:
        raise NotTaken(f"a number for each of {prod(value.shape):,} elements; at most "
                       f"{_MOST_ELEMENTS:,}, or one for each channel")
    try:
        whole = [np.broadcast_to(part, (1, *value.shape))[0] for part in (scale, shift)]
    except ValueError:
        raise NotTaken(f"a constant of shape {np.shape(scale) or np.shape(shift)} beside a value "
                       f"of shape {(1, *value.shape)}") from None
    if not all(np.isfinite(part).all() for part in whole):
        raise NotTaken("a number that it scales or adds is not finite")
    return walk.put(site, Affine(*whole), [walk.shaped(site, value)])


def concat(walk: Walk, site: Site) -> Value:
    """Along an axis of the image."""
    values = [walk.operand(site, index) for index in range(len(site.node.input))]
    axis = site.attribute("axis", 1) % (len(values[0].shape) + 1)
    if axis == 0:
        raise NotTaken("along the axis of the images")
    return walk.put(site, Concat(axis - 1), [walk.shaped(site, value) for value in values])
