"""Vectors of a convolution side by side, so many at once as a kernel of sums takes.

Style and ``BUILT_ON`` as in `kernels.narrow`; `accelsim.machines.eie.fast.vector_sums` makes what
these kernels are given.
"""

import numpy as np

from accelsim.kernels.jit import kernel, linked
from accelsim.kernels.lanes import COPIED, SHORTS, copy, copy_seconds

BUILT_ON = "a888617544454981"  # lanes.py
_SIDE = 8  # pixels that are turned together
at = np.uint64


@kernel
def turn(maps, turned):
    """Write ``maps`` (pixels, channels) as (channels, pixels) int16; the largest magnitude."""
    n, n_channels = maps.shape
    most, whole = np.int64(0), n // _SIDE * _SIDE
    for pixel in range(n):
        for channel in range(n_channels):
            most = max(most, abs(np.int64(maps[at(pixel), at(channel)])))
    for first in range(0, whole, _SIDE):  # what is written lies in as many places as channels
        for channel in range(n_channels):
            for i in range(_SIDE):
                turned[at(channel), at(first + i)] = maps[at(first + i), at(channel)]
    for pixel in range(whole, n):
        for channel in range(n_channels):
            turned[channel, pixel] = maps[pixel, channel]
    return most


@linked
def gather(maps, addresses, begin, n, runs, inputs):
    """Write the inputs of ``n`` vectors by columns: pixels that follow each other at once.

    `COPIED` are written where fewer follow: what is too much is written over by the next, and
    ``maps`` and ``inputs`` have that many more. ``runs`` is memory, see `find_runs`.
    """
    n_channels, n_pixels = maps.shape
    flat = maps.reshape(-1)
    find_runs(addresses[begin : begin + n], runs)
    for position in range(addresses.shape[1]):
        for channel in range(n_channels):
            place = at(position * n_channels + channel) * at(SHORTS)
            line, first = at(channel) * at(n_pixels), at(0)
            for r in range(1, runs[position, 0, 0] + 1):
                end, step = at(runs[position, r, 0]), runs[position, r, 2]
                pixel, to, run = line + at(runs[position, r, 1]), place + first, end - first
                if step == 1:
                    for i in range(at(0), run, at(COPIED)):
                        copy(flat, pixel + i, inputs, to + i)
                elif step == 2:
                    for i in range(at(0), run, at(COPIED)):
                        copy_seconds(flat, pixel + i + i, inputs, to + i)
                else:
                    for i in range(run):
                        inputs[to + i] = flat[np.int64(pixel) + np.int64(i) * step]
                first = end


@linked
def find_runs(addresses, runs):
    """Write to ``runs`` (positions, SHORTS + 1, 3) int64 how many follow, and of each the vector
    behind it, its first pixel and the step from one to the next. Most vectors end no run."""
    n, n_positions = addresses.shape
    for position in range(n_positions):
        runs[position, 0, 0] = 0
        _begin_run(addresses, 0, position, runs[position])
    for v in range(1, n):
        differ = np.int64(0)
        for position in range(n_positions):
            differ |= addresses[v, position] - addresses[v - 1, position] - runs[position, 0, 2]
        if differ:
            for position in range(n_positions):
                step = np.int64(addresses[v, position]) - addresses[v - 1, position]
                if step != runs[position, 0, 2]:
                    runs[position, runs[position, 0, 0], 0] = v
                    _begin_run(addresses, v, position, runs[position])
    for position in range(n_positions):
        runs[position, runs[position, 0, 0], 0] = n


@linked
def _begin_run(addresses, v, position, runs):
    runs[0, 0] += 1
    step, pixel = 1, np.int64(addresses[v, position])
    if v + 1 < len(addresses):
        step = addresses[v + 1, position] - pixel
    runs[0, 2] = runs[runs[0, 0], 2] = step
    runs[runs[0, 0], 1] = pixel
