"""ONNX operators whose windows move over maps, or that take in whole maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from accelsim.records import Conv2d
from accelsim.records.geometry import Pair, Sides
from accelsim.records.host import GlobalPool, Pool, Shape
from accelsim.records.host_elementwise import Upsample
from accelsim.workload.onnx_found import check_floats, one_an_output
from accelsim.workload.onnx_graphs import NotTaken, Site
from accelsim.workload.onnx_walk import Value, Walk


def conv(walk: Walk, site: Site) -> Value:
    """A convolution along one axis or two, of any groups, dilation and padding."""
    kernel = site.constant(1)
    if kernel is None:
        raise NotTaken("its weights are computed, not constant")
    check_floats(site, kernel, "weights")
    window = list(kernel.shape[2:])
    if len(window) not in (1, 2) or 0 in kernel.shape:
        raise NotTaken(f"a kernel of shape {kernel.shape}")
    said = site.attribute("kernel_shape", window)
    if said != window:
        raise NotTaken(f"a kernel of shape {kernel.shape}, said to be {said}")
    bias = site.constant(2)
    if site.given(2) and bias is None:
        raise NotTaken(f"adds {site.given(2)}, which is computed, not a constant bias")
    maps, line = as_maps(walk, site, len(window))
    dilation = integers(site, "dilations", len(window))
    stride, padding = _places(site, window, dilation, maps.at)
    weights = walk.scope.folder.floats(kernel)
    layer = Conv2d(
        weights[:, :, None] if line else weights,
        None if bias is None else one_an_output(site, bias, kernel.shape[0])(),
        stride, padding, two(dilation), site.attribute("group", 1), None, False, site.name,
        walk.provenance(site, kernel))
    return as_given(walk.put(site, layer, [maps]), line)


def pool(walk: Walk, site: Site) -> Value:
    """Largest or mean of windows."""
    window = site.attribute("kernel_shape", [0])
    if len(window) not in (1, 2):
        raise NotTaken(f"a window of {len(window)} axes")
    if any(n != 1 for n in integers(site, "dilations", len(window))):
        raise NotTaken("a window with gaps (dilations)")
    if len([name for name in site.node.output if name]) > 1:
        raise NotTaken("gives out where the largest stand, too")
    maps, line = as_maps(walk, site, len(window))
    stride, padding = _places(site, window, [1] * len(window), maps.at)
    work = Pool("max" if site.node.op_type == "MaxPool" else "average", two(window), stride,
                padding, bool(site.attribute("ceil_mode", 0)),
                bool(site.attribute("count_include_pad", 0)))
    return as_given(walk.put(site, work, [maps]), line)


def global_pool(walk: Walk, site: Site) -> Value:
    """Largest or mean of each channel."""
    how = "max" if site.node.op_type == "GlobalMaxPool" else "average"
    return _whole(walk, site, walk.operand(site), how, True)


def reduced(walk: Walk, site: Site) -> Value:
    """ReduceMean or ReduceMax over all axes of a map."""
    value = walk.operand(site)
    stored = site.constant(1)
    if site.given(1) and stored is None:
        raise NotTaken("its axes are computed")
    axes = ([int(a) for a in walk.scope.folder.value(stored).reshape(-1)] if stored is not None
            else site.attribute("axes", [0]))
    rank = len(value.shape) + 1
    if rank < 3 or sorted(a % rank for a in axes) != list(range(2, rank)):
        raise NotTaken(f"over axes {axes} of {rank}, not over rows and columns")
    return _whole(walk, site, value, "max" if site.node.op_type == "ReduceMax" else "average",
                  bool(site.attribute("keepdims", 1)))


def _whole(walk: Walk, site: Site, value: Value, how: str, keep: bool) -> Value:
    if len(value.shape) not in (2, 3):
        raise NotTaken(f"of an input of {len(value.shape) + 1} axes")
    flat = (value.shape[0], 1, value.shape[1]) if len(value.shape) == 2 else value.shape
    ones = (1,) * (len(value.shape) - 1) if keep else ()
    return walk.put(site, GlobalPool(how), [walk.shaped(site, value, flat)],
                    (value.shape[0], *ones))


def upsampled(walk: Walk, site: Site) -> Value:
    """Resize or Upsample by whole factors to the nearest neighbour."""
    value = walk.operand(site)
    if len(value.shape) != 3:
        raise NotTaken(f"of an input of {len(value.shape) + 1} axes")
    factors = _factors(walk, site, value.shape)
    if factors[:2] != [1, 1] or any(f < 1 or f != int(f) for f in factors[2:]):
        raise NotTaken(f"by factors {factors}; whole ones of rows and columns are read")
    found = int(factors[2]), int(factors[3])
    _check_nearest(site, max(found))
    return walk.put(site, Upsample(found), [walk.shaped(site, value)])


def _factors(walk: Walk, site: Site, shape: Shape) -> list[float]:
    """How many times as long each axis becomes."""
    if site.attribute("axes", [0, 1, 2, 3]) != [0, 1, 2, 3]:
        raise NotTaken("names the axes that it resizes")
    old = _is_old(site)
    scales = site.constant(1 if old else 2)
    sizes = None if old else site.constant(3)
    if scales is not None and prod(scales.shape) == 4:
        return [float(f) for f in walk.scope.folder.value(scales).reshape(-1)]
    if sizes is not None and prod(sizes.shape) == 4:
        wanted = walk.scope.folder.value(sizes).reshape(-1)
        return [float(n) / side for n, side in zip(wanted, (1, *shape), strict=True)]
    stored: list[float] = site.attribute("scales", [0.0])
    if len(stored) == 4:
        return stored
    raise NotTaken("its factors are computed, not constant")


def _is_old(site: Site) -> bool:
    """Whether it is Upsample, or Resize as it was before it said how it rounds."""
    return site.node.op_type == "Upsample" or site.scope.folder.version < 11


def _check_nearest(site: Site, largest: int) -> None:
    """That each new element is the old one that it lies in."""
    mode, old = site.attribute("mode", b"nearest"), _is_old(site)
    where = site.attribute(
        "coordinate_transformation_mode", b"asymmetric" if old else b"half_pixel")
    rounding = site.attribute("nearest_mode", b"floor" if old else b"round_prefer_floor")
    half = where in (b"half_pixel", b"pytorch_half_pixel") and rounding.startswith(b"round_")
    floor = where == b"asymmetric" and (
        rounding == b"floor" or (rounding == b"round_prefer_floor" and largest <= 2))
    if mode != b"nearest" or not (half or floor or largest == 1):
        told = ", ".join(t.decode(errors="replace") for t in (mode, where, rounding))
        raise NotTaken(f"interpolates ({told}); nearest neighbours by whole factors are read")


def as_maps(walk: Walk, site: Site, n_axes: int) -> tuple[Value, bool]:
    """The input as (channels, rows, columns), and whether it has columns only."""
    value = walk.operand(site)
    if len(value.shape) != n_axes + 1:
        raise NotTaken(f"its input has {len(value.shape) + 1} axes, its window {n_axes}")
    line = n_axes == 1
    wanted = (value.shape[0], 1, value.shape[1]) if line else value.shape
    return walk.shaped(site, value, wanted), line


def as_given(value: Value, line: bool) -> Value:
    return replace(value, shape=(value.at[0], value.at[2])) if line else value


def integers(site: Site, name: str, count: int, default: int = 1) -> list[int]:
    """An attribute of so many integers."""
    found: list[int] = site.attribute(name, [default] * count)
    if len(found) != count or not all(isinstance(n, int) for n in found):
        raise NotTaken(f"{name} is {found}; need {count} integers")
    return found


def two(numbers: Sequence[int]) -> Pair:
    """Of rows and columns; one row where there are columns only."""
    return (int(numbers[0]), int(numbers[1])) if len(numbers) == 2 else (1, int(numbers[0]))


def _places(site: Site, window: Sequence[int], dilation: Sequence[int], shape: Shape
            ) -> tuple[Pair, Sides]:
    """Stride and padding of rows and columns."""
    count = len(window)
    stride = integers(site, "strides", count)
    pads = integers(site, "pads", 2 * count, 0)
    around = [(pads[i], pads[i + count]) for i in range(count)]
    how = site.attribute("auto_pad", b"NOTSET")
    if how in (b"SAME_UPPER", b"SAME_LOWER"):
        if min(stride) < 1:
            raise NotTaken(f"strides is {stride}; need 1 or more")
        missing = [max(0, (-(-side // s) - 1) * s + (k - 1) * d + 1 - side) for side, s, k, d in
                   zip(shape[-count:], stride, window, dilation, strict=True)]
        around = [(m // 2, m - m // 2) if how == b"SAME_UPPER" else (m - m // 2, m // 2)
                  for m in missing]
    elif how == b"VALID":
        around = [(0, 0)] * count
    elif how not in (b"NOTSET", b""):
        raise NotTaken(f"auto_pad is {how.decode(errors='replace')!r}")
    return two(stride), (around[0] if count == 2 else (0, 0), around[-1])
