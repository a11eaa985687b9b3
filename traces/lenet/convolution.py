"""What LeNet-5 needs beside matrix products: patches of an image and max pooling, by Numba.

Images are (n, height, width, channels) float32. A patch is a row, kernel position by kernel
position with the channels innermost.
"""

import numba
import numpy as np


@numba.njit
def patches(images: np.ndarray, kernel: int) -> np.ndarray:
    """(n * out_height * out_width, kernel * kernel * channels): stride 1, no padding."""
    n, height, width, channels = images.shape
    rows, columns, run = height - kernel + 1, width - kernel + 1, kernel * channels
    result = np.empty((n * rows * columns, kernel * run), np.float32)
    flat = images.reshape(n, height, width * channels)
    at = 0
    for image in range(n):
        for y in range(rows):
            for x in range(columns):
                for dy in range(kernel):
                    for i in range(run):
                        result[at, dy * run + i] = flat[image, y + dy, x * channels + i]
                at += 1
    return result


@numba.njit
def add_patches(gradient: np.ndarray, shape: tuple[int, int, int, int], kernel: int) -> np.ndarray:
    """The gradient of images of ``shape`` from that of their `patches`."""
    n, height, width, channels = shape
    rows, columns, run = height - kernel + 1, width - kernel + 1, kernel * channels
    flat = np.zeros((n, height, width * channels), np.float32)
    at = 0
    for image in range(n):
        for y in range(rows):
            for x in range(columns):
                for dy in range(kernel):
                    for i in range(run):
                        flat[image, y + dy, x * channels + i] += gradient[at, dy * run + i]
                at += 1
    return flat.reshape(shape)


@numba.njit
def max_pool(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest of each 2 x 2 square, and which of the four it was: the first of equals."""
    n, height, width, channels = images.shape
    largest = np.empty((n, height // 2, width // 2, channels), np.float32)
    place = np.empty(largest.shape, np.uint8)
    for image in range(n):
        for y in range(height // 2):
            for x in range(width // 2):
                for c in range(channels):
                    best, where = images[image, 2 * y, 2 * x, c], 0
                    for other in range(1, 4):
                        value = images[image, 2 * y + other // 2, 2 * x + other % 2, c]
                        if value > best:
                            best, where = value, other
                    largest[image, y, x, c] = best
                    place[image, y, x, c] = where
    return largest, place


@numba.njit
def spread(gradient: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The gradient of the images that `max_pool` took ``place`` from."""
    n, height, width, channels = gradient.shape
    result = np.zeros((n, 2 * height, 2 * width, channels), np.float32)
    for image in range(n):
        for y in range(height):
            for x in range(width):
                for c in range(channels):
                    where = place[image, y, x, c]
                    result[image, 2 * y + where // 2, 2 * x + where % 2, c] = (
                        gradient[image, y, x, c])
    return result
