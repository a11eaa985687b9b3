"""Windows of maps as rows of a matrix, and back: what training a convolution needs beside products.

Maps are (n, rows, columns, channels) float32. A row holds one window, kernel position by kernel
position with the channels innermost, as the matrix of a convolution (`Conv2d.matrix`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from accelsim.kernels.jit import kernel


@kernel
def gather_windows(maps: Any, kernel: Any, stride: Any, size: Any) -> Any:
    """(n * rows * columns, kernel rows * kernel columns * channels) windows of padded maps."""
    n, channels = maps.shape[0], maps.shape[3]
    found = np.empty((n * size[0] * size[1], kernel[0] * kernel[1] * channels), np.float32)
    at = 0
    for image in range(n):
        for y in range(size[0]):
            for x in range(size[1]):
                place = 0
                for dy in range(kernel[0]):
                    for dx in range(kernel[1]):
                        for c in range(channels):
                            found[at, place] = maps[image, y * stride[0] + dy,
                                                    x * stride[1] + dx, c]
                            place += 1
                at += 1
    return found


@kernel
def add_windows(gradient: Any, maps: Any, kernel: Any, stride: Any, size: Any) -> None:
    """Add the gradient of `gather_windows` to ``maps``, which are padded as there."""
    n, channels = maps.shape[0], maps.shape[3]
    at = 0
    for image in range(n):
        for y in range(size[0]):
            for x in range(size[1]):
                place = 0
                for dy in range(kernel[0]):
                    for dx in range(kernel[1]):
                        for c in range(channels):
                            maps[image, y * stride[0] + dy, x * stride[1] + dx, c] += (
                                gradient[at, place])
                            place += 1
                at += 1


@kernel
def largest_of_windows(maps: Any, kernel: Any, stride: Any, size: Any) -> Any:
    """(n, rows, columns, channels) maxima, and which position of the window it was, the first of
    equals."""
    n, channels = maps.shape[0], maps.shape[3]
    found = np.empty((n, size[0], size[1], channels), np.float32)
    place = np.zeros(found.shape, np.int32)
    for image in range(n):
        for y in range(size[0]):
            for x in range(size[1]):
                for c in range(channels):
                    best, where = maps[image, y * stride[0], x * stride[1], c], 0
                    for other in range(1, kernel[0] * kernel[1]):
                        value = maps[image, y * stride[0] + other // kernel[1],
                                     x * stride[1] + other % kernel[1], c]
                        if value > best:
                            best, where = value, other
                    found[image, y, x, c] = best
                    place[image, y, x, c] = where
    return found, place


@kernel
def add_to_largest(gradient: Any, place: Any, maps: Any, kernel: Any, stride: Any) -> None:
    """Add the gradient of `largest_of_windows` to ``maps``."""
    n, rows, columns, channels = gradient.shape
    for image in range(n):
        for y in range(rows):
            for x in range(columns):
                for c in range(channels):
                    where = place[image, y, x, c]
                    maps[image, y * stride[0] + where // kernel[1],
                         x * stride[1] + where % kernel[1], c] += gradient[image, y, x, c]
