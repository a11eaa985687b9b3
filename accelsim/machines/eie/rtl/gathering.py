"""A convolution's maps in the activation SRAM, and the loops of ``rtl/eie/gather.v`` over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from accelsim.errors import InputError
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.rtl.images import ACT_SRAM, Placement
from accelsim.records.job import Job

GATHER = 10
"""Value of ``io_mem_i``."""

_FIRST, _SIZE = 7, 8  # beside the loops


Region = tuple[int, int]
"""First word, and the word behind the last one."""


@dataclass(frozen=True)
class MapPlacement(Placement):
    """Where maps lie (contract V2, V4): every pixel in rows of its own, image after image.

    Attributes
    ----------
    words : of the activation SRAM, that all this takes and that the loops can count
    n_maps, map_step : the inputs are so many maps, of which each has the next channels, and so far
        apart
    region : of the outputs, with room for their pixel of zeros
    """

    words: int = 0
    n_maps: int = 1
    map_step: int = 0
    region: Region = (0, 0)


def pixel_rows(config: EieConfig, channels: int) -> int:
    """Register rows of a pixel."""
    return -(-channels // config.n_pe)


def place_maps(
    config: EieConfig, job: ConvJob, read: Sequence[MapPlacement] = (),
    kept: Sequence[Region] = (),
) -> MapPlacement:
    """Inputs and outputs go as low as there is room, biases behind everything.

    Behind each map there is room for its pixel of zeros.

    Parameters
    ----------
    read : of the convolutions whose outputs are the inputs; none: a host writes them
    kept : what must not be written over
    """
    geometry, (rows, columns) = job.geometry, job.pixels.input_size
    n_maps = max(1, len(read))
    in_words = len(job.pixels.maps) * (pixel_rows(config, geometry.in_channels) // n_maps)
    out_words = (job.n_vectors + 1) * pixel_rows(config, geometry.out_channels)
    first = read[0].store_base if read else _lowest(in_words, kept)
    step = read[1].store_base - first if len(read) > 1 else 0
    taken = [*kept, *((first + n * step, first + n * step + in_words) for n in range(n_maps))]
    store = _lowest(out_words, taken)
    region = store, store + out_words
    bias_base = max(end for _, end in (*taken, region))
    biases = sum(step.bias_rows for step in job.one.plan)
    (top, bottom), (left, right) = geometry.padding
    longest = max(*_times(config, job, n_maps), rows + top + bottom, columns + left + right)
    return MapPlacement(first, store, bias_base, words=max(bias_base + biases, longest),
                        n_maps=n_maps, map_step=step, region=region)


def _lowest(words: int, taken: Sequence[Region]) -> int:
    """The lowest address from which so many words are free."""
    return next(start for start in sorted({0, *(end for _, end in taken)})
                if all(start + words <= low or start >= end for low, end in taken))


def row_addresses(config: EieConfig, job: ConvJob, place: MapPlacement) -> IntArray:
    """(n_vectors, rows) activation SRAM addresses of what each vector loads (contract V3)."""
    rows = pixel_rows(config, job.geometry.in_channels) // place.n_maps
    pixels = place.load_base + job.pixels.addresses.astype(np.int64) * rows
    maps = np.arange(place.n_maps) * place.map_step
    spread = pixels[:, :, None, None] + maps[:, None] + np.arange(rows)
    return spread.reshape(job.n_vectors, -1)


def gather_lines(config: EieConfig, job: ConvJob, place: MapPlacement) -> Iterator[str]:
    """I/O writes of the loops, from those of a pixel's rows to that of the images.

    A convolution of one pixel has no use for the loop over kernel columns: that goes through maps.
    """
    geometry, (height, width) = job.geometry, job.pixels.input_size
    rows = pixel_rows(config, geometry.in_channels) // place.n_maps
    (top, _), (left, _) = geometry.padding
    (stride_y, stride_x), (dilation_y, dilation_x) = geometry.stride, geometry.dilation
    # Of each loop: how far one more time is in the SRAM, and in x and y of the map.
    strides = np.array([
        (1, 0, 0),
        _step(rows, width, dilation_x, 0) if place.n_maps == 1 else (place.map_step, 0, 0),
        _step(rows, width, 0, dilation_y), (0, 0, 0),
        _step(rows, width, stride_x, 0), _step(rows, width, 0, stride_y),
        (height * width * rows, 0, 0),
    ])
    times = np.array(_times(config, job, place.n_maps))
    # A step of a loop takes those inside it back to their beginnings.
    behind = np.cumsum((times[:, None] - 1) * strides, axis=0)
    steps = strides - np.vstack([np.zeros((1, 3), np.int64), behind[:-1]])
    first = np.array(_step(rows, width, -left, -top)) + (place.load_base, 0, 0)
    zeros = place.load_base + (len(job.pixels.maps) - 1) * rows
    for loop, values in enumerate(zip(times - 1, *steps.T, strict=True)):
        yield from _writes(loop, values)
    yield from _writes(_FIRST, (zeros, *first))
    yield from _writes(_SIZE, (0, 0, width, height))


def map_lines(
    config: EieConfig, job: ConvJob, place: MapPlacement, chained: bool
) -> Iterator[str]:
    """I/O writes of the maps and the pixel of zeros, all rows in full; of zeros only, if
    ``chained``: then earlier layers have left the maps."""
    rows = pixel_rows(config, job.geometry.in_channels) // place.n_maps
    maps = np.asarray(job.pixels.maps, np.int64)
    first = len(maps) - 1 if chained else 0
    words = np.zeros((len(maps) - first, rows * config.n_pe), np.int64)
    if not chained:
        words[:, : maps.shape[1]] = maps
    words = words.reshape(-1, config.n_pe) & ((1 << config.register_bits) - 1)
    for pe in range(config.n_pe):
        for address, word in enumerate(words[:, pe].tolist(), place.load_base + first * rows):
            yield f"w {ACT_SRAM:x} {pe:x} {address:x} {word:x}"


def check_follows(
    config: EieConfig, job: LayerJob | ConvJob, before: Sequence[Job],
    reads: Sequence[int],
) -> None:
    """Raise `InputError` unless a job can read what those ``before`` it left, ``reads`` jobs back:
    a convolution its maps, pixel by pixel and channel by channel; a layer the outputs of the layer
    right before it."""
    if not reads or not all(0 < back <= len(before) for back in reads):
        raise InputError(f"{job.name}: reads what was left {_told(reads)} layers before it; there "
                         f"are {len(before)} before it; give it inputs of its own")
    if not isinstance(job, ConvJob):
        left = before[-reads[0]]
        if isinstance(left, ConvJob):
            raise InputError(f"{job.name}: reads what {left.name} left, the maps of a "
                             f"convolution; give it inputs of its own")
        if tuple(reads) != (1,):
            raise InputError(f"{job.name}: reads what was left {_told(reads)} layers before it; a "
                             f"layer reads the one right before it; give it inputs of its own")
        return
    pixels, channels = len(job.pixels.maps) - 1, job.geometry.in_channels
    given = [before[-back] for back in reads]
    maps = [left for left in given if isinstance(left, ConvJob) and left.n_vectors == pixels]
    if len(maps) < len(reads) or sum(left.geometry.out_channels for left in maps) != channels:
        raise InputError(f"{job.name}: reads what the layer before left, which is no map of "
                         f"{pixels} pixels of {channels} channels; give it inputs of its own")
    between = before[-max(reads):]
    if not all(isinstance(left, ConvJob) for left in between):
        raise InputError(f"{job.name}: reads what was left {_told(reads)} layers before it, with a "
                         f"layer that is no convolution between; give it inputs of its own")
    for left in maps:
        if left.one.packed is not None and left.one.packed.row_order is not None:
            raise InputError(f"{job.name}: reads what {left.name} left, whose outputs are in "
                             f"another order; compress that without permute_rows")
    if len(maps) > 1:
        _check_joined(config, job, maps)


def _check_joined(config: EieConfig, job: ConvJob, maps: Sequence[ConvJob]) -> None:
    """Raise `InputError` unless maps side by side are as one (contract V2)."""
    rows = {left.geometry.out_channels / config.n_pe for left in maps}
    plain = job.geometry.n_positions == 1 and not any(map(any, job.geometry.padding))
    if len(maps) > 2 or len(rows) > 1 or not rows.pop().is_integer() or not plain:
        raise InputError(f"{job.name}: reads {len(maps)} maps as one, which takes two of as many "
                         f"channels, a multiple of {config.n_pe} PEs, and a kernel of 1 x 1 "
                         f"without padding; give it inputs of its own")


def _told(reads: Sequence[int]) -> str:
    return " and ".join(map(str, reads)) or "no"


def _times(config: EieConfig, job: ConvJob, n_maps: int = 1) -> tuple[int, ...]:
    geometry, (rows, columns) = job.geometry, job.pixels.output_size
    return (pixel_rows(config, geometry.in_channels) // n_maps,
            geometry.kernel[1] if n_maps == 1 else n_maps, geometry.kernel[0],
            job.one.image.n_tiles, columns, rows, job.pixels.n_images)


def _step(rows: int, width: int, x: int, y: int) -> tuple[int, int, int]:
    """(words, x, y) of a way on the map."""
    return (y * width + x) * rows, x, y


def _writes(loop: int, values: tuple[int, ...]) -> Iterator[str]:
    for field, value in enumerate(values):
        yield f"w {GATHER:x} 0 {loop * 4 + field:x} {int(value) & 0xFFFFFFFF:x}"
