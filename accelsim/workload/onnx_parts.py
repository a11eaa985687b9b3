"""ONNX operators that take parts of a value."""

from __future__ import annotations

from math import prod

from accelsim.records.host_layout import Slice
from accelsim.workload.onnx_graphs import NotTaken, Site
from accelsim.workload.onnx_walk import Value, Walk


def sliced(walk: Walk, site: Site) -> Value:
    """Slice with constant bounds, forwards."""
    value = walk.operand(site)
    old = walk.scope.folder.version < 10
    starts, ends = (_integers(walk, site, index, name, old) for index, name in
                    ((1, "starts"), (2, "ends")))
    if starts is None or ends is None or len(starts) != len(ends):
        raise NotTaken("its bounds are not constants")
    axes = _integers(walk, site, 3, "axes", old) or list(range(len(starts)))
    steps = (None if old else _integers(walk, site, 4, "", old)) or [1] * len(starts)
    whole = (1, *value.shape)
    ranges = [(0, n, 1) for n in whole]
    for axis, *own in zip(axes, starts, ends, steps, strict=True):
        start, stop, step = slice(*own).indices(whole[axis])
        if step < 1 or start >= stop:
            raise NotTaken(f"takes {start} to {stop} by {step} of axis {axis}")
        ranges[axis] = start, stop, step
    return _part(walk, site, value, ranges)


def split(walk: Walk, site: Site) -> Value:
    """Split along an axis of the image: a slice for each output that is read."""
    value = walk.operand(site)
    whole, outputs = (1, *value.shape), [str(name) for name in site.node.output]
    axis = site.attribute("axis", 0) % len(whole)
    lengths = _integers(walk, site, 1, "split", walk.scope.folder.version < 13)
    if site.given(1) and lengths is None:
        raise NotTaken("its lengths are computed")
    if lengths is None:
        each = -(-whole[axis] // len(outputs))
        lengths = [each] * (len(outputs) - 1) + [whole[axis] - each * (len(outputs) - 1)]
    if len(lengths) != len(outputs) or sum(lengths) != whole[axis] or min(lengths) < 1:
        raise NotTaken(f"in lengths {lengths} along axis {axis} of {whole}")
    parts, start = [], 0
    for name, length in zip(outputs, lengths, strict=True):
        ranges = [(0, n, 1) for n in whole]
        ranges[axis] = start, start + length, 1
        start += length
        parts.append(_part(walk, site, value, ranges) if walk.readers.get(name) else value)
        walk.bind(name, parts[-1])
    return parts[0]


def _part(walk: Walk, site: Site, value: Value, ranges: list[tuple[int, int, int]]) -> Value:
    if ranges[0] != (0, 1, 1):
        raise NotTaken("along the axis of the images")
    if all(own == (0, n, 1) for own, n in zip(ranges[1:], value.shape, strict=True)):
        return value
    return walk.put(site, Slice(tuple(ranges[1:])), [walk.shaped(site, value)])


def _integers(walk: Walk, site: Site, index: int, name: str, old: bool) -> list[int] | None:
    """Of an input, or of an attribute as it was before; None where there is none."""
    if old:
        found: list[int] = site.attribute(name, [])
        return found or None
    stored = site.constant(index)
    if stored is None:
        return None
    if prod(stored.shape) > 64:
        raise NotTaken(f"{prod(stored.shape)} bounds")
    return [int(n) for n in walk.scope.folder.value(stored).reshape(-1)]
