"""A convolution's maps in the activation SRAM, and the loops of ``rtl/eie/gather.v`` over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from accelsim.errors import InputError
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.rtl.images import ACT_SRAM, Placement

GATHER = 10
"""Value of ``io_mem_i``."""

_FIRST, _SIZE = 7, 8  # beside the loops


@dataclass(frozen=True)
class MapPlacement(Placement):
    """Where maps lie (contract V2, V4): every pixel in rows of its own, image after image.

    Attributes
    ----------
    words : of the activation SRAM, that all this takes and that the loops can count
    """

    words: int = 0


def pixel_rows(config: EieConfig, channels: int) -> int:
    """Register rows of a pixel."""
    return -(-channels // config.n_pe)


def place_maps(config: EieConfig, job: ConvJob, load_base: int = 0) -> MapPlacement:
    """Outputs go below the inputs if there is room, else behind them; biases behind both.

    Behind each map there is room for its pixel of zeros.
    """
    geometry, (rows, columns) = job.geometry, job.pixels.input_size
    in_words = len(job.pixels.maps) * pixel_rows(config, geometry.in_channels)
    out_words = (job.n_vectors + 1) * pixel_rows(config, geometry.out_channels)
    store_base = 0 if out_words <= load_base else load_base + in_words
    bias_base = max(load_base + in_words, store_base + out_words)
    biases = sum(step.bias_rows for step in job.one.plan)
    (top, bottom), (left, right) = geometry.padding
    longest = max(*_times(config, job), rows + top + bottom, columns + left + right)
    return MapPlacement(load_base, store_base, bias_base, max(bias_base + biases, longest))


def row_addresses(config: EieConfig, job: ConvJob, place: Placement) -> IntArray:
    """(n_vectors, rows) activation SRAM addresses of what each vector loads (contract V3)."""
    rows = pixel_rows(config, job.geometry.in_channels)
    pixels = job.pixels.addresses.astype(np.int64)
    spread = place.load_base + pixels[:, :, None] * rows + np.arange(rows)
    return spread.reshape(job.n_vectors, -1)


def gather_lines(config: EieConfig, job: ConvJob, place: Placement) -> Iterator[str]:
    """I/O writes of the loops, from those of a pixel's rows to that of the images."""
    geometry, (height, width) = job.geometry, job.pixels.input_size
    rows = pixel_rows(config, geometry.in_channels)
    (top, _), (left, _) = geometry.padding
    (stride_y, stride_x), (dilation_y, dilation_x) = geometry.stride, geometry.dilation
    # Of each loop: how far one more time is in the SRAM, and in x and y of the map.
    strides = np.array([
        (1, 0, 0), _step(rows, width, dilation_x, 0), _step(rows, width, 0, dilation_y), (0, 0, 0),
        _step(rows, width, stride_x, 0), _step(rows, width, 0, stride_y),
        (height * width * rows, 0, 0),
    ])
    times = np.array(_times(config, job))
    # A step of a loop takes those inside it back to their beginnings.
    behind = np.cumsum((times[:, None] - 1) * strides, axis=0)
    steps = strides - np.vstack([np.zeros((1, 3), np.int64), behind[:-1]])
    first = np.array(_step(rows, width, -left, -top)) + (place.load_base, 0, 0)
    zeros = place.load_base + (len(job.pixels.maps) - 1) * rows
    for loop, values in enumerate(zip(times - 1, *steps.T, strict=True)):
        yield from _writes(loop, values)
    yield from _writes(_FIRST, (zeros, *first))
    yield from _writes(_SIZE, (0, 0, width, height))


def map_lines(config: EieConfig, job: ConvJob, place: Placement, chained: bool) -> Iterator[str]:
    """I/O writes of the maps and the pixel of zeros, all rows in full; of zeros only, if
    ``chained``: then the layer before has left the maps."""
    rows = pixel_rows(config, job.geometry.in_channels)
    maps = np.asarray(job.pixels.maps, np.int64)
    first = len(maps) - 1 if chained else 0
    words = np.zeros((len(maps) - first, rows * config.n_pe), np.int64)
    words[:, : maps.shape[1]] = maps[first:]
    words = words.reshape(-1, config.n_pe) & ((1 << config.register_bits) - 1)
    for pe in range(config.n_pe):
        for address, word in enumerate(words[:, pe].tolist(), place.load_base + first * rows):
            yield f"w {ACT_SRAM:x} {pe:x} {address:x} {word:x}"


def check_follows(job: LayerJob | ConvJob, before: LayerJob | ConvJob | None) -> None:
    """Raise `InputError` unless a job can read what the job ``before`` left: a convolution its
    maps, pixel by pixel and channel by channel; a layer the outputs of a layer."""
    if not isinstance(job, ConvJob):
        if isinstance(before, ConvJob):
            raise InputError(f"{job.name}: reads what {before.name} left, the maps of a "
                             f"convolution; give it inputs of its own")
        return
    pixels, channels = len(job.pixels.maps) - 1, job.geometry.in_channels
    if not isinstance(before, ConvJob) or (before.n_vectors, before.geometry.out_channels) != (
            pixels, channels):
        raise InputError(f"{job.name}: reads what the layer before left, which is no map of "
                         f"{pixels} pixels of {channels} channels; give it inputs of its own")
    if before.one.packed is not None and before.one.packed.row_order is not None:
        raise InputError(f"{job.name}: reads what {before.name} left, whose outputs are in another "
                         f"order; compress that without permute_rows")


def _times(config: EieConfig, job: ConvJob) -> tuple[int, ...]:
    geometry, (rows, columns) = job.geometry, job.pixels.output_size
    return (pixel_rows(config, geometry.in_channels), geometry.kernel[1], geometry.kernel[0],
            job.one.image.n_tiles, columns, rows, job.pixels.n_images)


def _step(rows: int, width: int, x: int, y: int) -> tuple[int, int, int]:
    """(words, x, y) of a way on the map."""
    return (y * width + x) * rows, x, y


def _writes(loop: int, values: tuple[int, ...]) -> Iterator[str]:
    for field, value in enumerate(values):
        yield f"w {GATHER:x} 0 {loop * 4 + field:x} {int(value) & 0xFFFFFFFF:x}"
