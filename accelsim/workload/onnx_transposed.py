"""ONNX operators that make maps larger by what is learned: transposed convolutions.

One whose windows do not overlap is a convolution of a pixel, whose outputs are then laid out as the
pixels of its window. Any other is a convolution of its input with zeros inserted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from accelsim.records import Conv2d
from accelsim.records.host_layout import DepthToSpace, ZeroInsertion
from accelsim.workload.onnx_found import check_floats, one_an_output
from accelsim.workload.onnx_graphs import NotTaken, Site
from accelsim.workload.onnx_walk import Value, Walk
from accelsim.workload.onnx_windows import as_given, as_maps, integers, two


@dataclass(frozen=True)
class _Window:
    """Along each axis: the kernel, its stride and gaps, and what is cut off the full result's
    begin and end (where negative, zeros that are added)."""

    kernel: list[int]
    stride: list[int]
    dilation: list[int]
    cut: list[tuple[int, int]]

    @property
    def apart(self) -> bool:
        """Whether each result lies in one window, and each window is whole."""
        return (self.stride == self.kernel and not any(sum(map(abs, cut)) for cut in self.cut)
                and all(d == 1 or k == 1 for d, k in zip(self.dilation, self.kernel, strict=True)))

    def padding(self) -> list[tuple[int, int]]:
        """Of the convolution of the input with zeros inserted.

        Raises
        ------
        NotTaken
            If it cuts off more than the window reaches beyond the input.
        """
        around = [(d * (k - 1) - cut[0], d * (k - 1) - cut[1]) for k, d, cut in
                  zip(self.kernel, self.dilation, self.cut, strict=True)]
        if min(map(min, around)) < 0:
            raise NotTaken(f"cuts {self.cut} off, more than its window of {self.kernel} reaches "
                           f"beyond the input")
        return around


def conv_transposed(walk: Walk, site: Site) -> Value:
    """A transposed convolution along one axis or two, of any groups, dilation and padding."""
    kernel, bias = site.constant(1), site.constant(2)
    if kernel is None:
        raise NotTaken("its weights are computed, not constant")
    check_floats(site, kernel, "weights")
    if len(kernel.shape) not in (3, 4) or 0 in kernel.shape:
        raise NotTaken(f"a kernel of shape {kernel.shape}")
    if site.given(2) and bias is None:
        raise NotTaken(f"adds {site.given(2)}, which is computed, not a constant bias")
    maps, line = as_maps(walk, site, len(kernel.shape) - 2)
    groups: int = site.attribute("group", 1)
    if groups < 1 or kernel.shape[0] % groups or maps.at[0] != kernel.shape[0]:
        raise NotTaken(f"a kernel of shape {kernel.shape} in {groups} groups, of an input of "
                       f"{maps.at[0]} channels")
    window = _window(site, list(kernel.shape[2:]), maps.at)
    # (groups, inputs, outputs, rows, columns) of a group
    stored = walk.scope.folder.floats(kernel).reshape(
        groups, -1, kernel.shape[1], *two(kernel.shape[2:]))
    n_outputs = groups * kernel.shape[1]
    added = None if bias is None else one_an_output(site, bias, n_outputs)()
    made: dict[str, Any] = {"groups": groups, "relu": False, "name": site.name,
                            "provenance": walk.provenance(site, kernel)}
    if window.apart:
        return as_given(_apart(walk, site, maps, stored, added, made), line)
    wide = walk.put(site, ZeroInsertion(two(window.stride)), [maps], None, f"{site.name}/zeros")
    weights = stored.transpose(0, 2, 1, 3, 4)[..., ::-1, ::-1]
    around = window.padding()
    layer = Conv2d(weights.reshape(n_outputs, *weights.shape[2:]), added,
                   padding=(around[0] if not line else (0, 0), around[-1]),
                   dilation=two(window.dilation), **made)
    return as_given(walk.put(site, layer, [wide]), line)


def _apart(walk: Walk, site: Site, maps: Value, stored: npt.NDArray[Any],
           bias: npt.NDArray[Any] | None, made: dict[str, Any]) -> Value:
    """A layer whose outputs are the channels' windows, element by element; then pixels."""
    high, wide = stored.shape[3:]
    weights = stored.transpose(0, 2, 3, 4, 1).reshape(-1, stored.shape[1], 1, 1)
    layer = Conv2d(weights, None if bias is None else bias.repeat(high * wide), **made)
    depth = walk.put(site, layer, [maps])
    pixels = walk.put(site, DepthToSpace((high, wide)), [depth], None, f"{site.name}/pixels")
    return walk.spread(pixels, depth, high * wide)


def _window(site: Site, kernel: list[int], shape: Sequence[int]) -> _Window:
    count = len(kernel)
    stride, dilation = integers(site, "strides", count), integers(site, "dilations", count)
    longer, pads = (integers(site, "output_padding", count, 0),
                    integers(site, "pads", 2 * count, 0))
    said = site.attribute("kernel_shape", kernel)
    if said != kernel or min(*stride, *dilation) < 1 or min(longer) < 0:
        raise NotTaken(f"a kernel of {kernel}, said to be {said}, strides {stride}, dilations "
                       f"{dilation}, output_padding {longer}")
    how = site.attribute("auto_pad", b"NOTSET")
    if how not in (b"NOTSET", b"", b"VALID", b"SAME_UPPER", b"SAME_LOWER"):
        raise NotTaken(f"auto_pad is {how.decode(errors='replace')!r}")
    wanted = integers(site, "output_shape", count, 0)
    sides = shape[-count:]
    if how in (b"SAME_UPPER", b"SAME_LOWER") and not any(wanted):
        wanted = [n * s for n, s in zip(sides, stride, strict=True)]
    around = [(pads[i], pads[i + count]) for i in range(count)]
    if how == b"VALID":
        around = [(0, 0)] * count
    if any(wanted):
        over = [s * (n - 1) + extra + (k - 1) * d + 1 - out for n, s, extra, k, d, out in
                zip(sides, stride, longer, kernel, dilation, wanted, strict=True)]
        around = [(n // 2, n - n // 2) if how == b"SAME_UPPER" else (n - n // 2, n // 2)
                  for n in over]
    cut = [(begin, end - extra) for (begin, end), extra in zip(around, longer, strict=True)]
    return _Window(kernel, stride, dilation, cut)


def depth_to_space(walk: Walk, site: Site) -> Value:
    """Channels that become pixels."""
    value, block = walk.operand(site), site.attribute("blocksize", 0)
    if len(value.shape) != 3 or block < 1 or value.shape[0] % block**2:
        raise NotTaken(f"blocks of {block} x {block} of an input of shape {(1, *value.shape)}")
    mode = site.attribute("mode", b"DCR").decode(errors="replace")
    if mode not in ("DCR", "CRD"):
        raise NotTaken(f"its mode is {mode!r}")
    return walk.put(site, DepthToSpace((block, block), mode), [walk.shaped(site, value)])
