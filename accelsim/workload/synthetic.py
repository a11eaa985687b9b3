"""Seeded random layers, made sparse from the start, the same on every platform.

Every number comes from the raw 64-bit words of PCG64, whose stream NumPy guarantees, through
integer comparisons and one table of normal quantiles; no function of the platform's libm is
applied to random numbers.

The recipe
----------
* Positions: each position of the matrix is non-zero on its own with the stated density (32 random
  bits below ``density * 2**32``), as in a matrix pruned without regard to structure.
* Weights: a normal distribution of standard deviation ``1 / sqrt(n_inputs)`` of which magnitude
  pruning has kept the stated share, so that no value lies in the dead zone around zero:
  ``|w| = sigma * quantile(1 - density * u / 2)`` with ``u`` uniform in (0, 1).
* Activations: as after a ReLU, zero or half of a standard normal, each position on its own; or
  all ones.
* Bias, when asked for: normal with the weights' standard deviation, no zeros.
"""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.records import CscMatrix, Layer

Float32 = npt.NDArray[np.float32]

_MAX_POSITIONS = 1 << 34
_CHUNK_WORDS = 1 << 21  # 64-bit words drawn at a time: two positions each
_LEVELS = 1 << 15  # magnitudes in the table of quantiles; one more bit is the sign


def random_layer(
    shape: tuple[int, int],
    weight_density: float,
    activation_density: float,
    seed: int = 1,
    *,
    bias: bool = False,
    activations: Literal["relu", "ones"] = "relu",
    name: str = "random",
) -> Layer:
    """A layer with random sparsity; the module's docstring says how it is drawn.

    Parameters
    ----------
    shape : (n_outputs, n_inputs)
    weight_density, activation_density : shares of non-zeros, 0 to 1
    seed, name : together they choose the random numbers; any integer of 0 or more
    bias : whether the layer has one
    activations : "relu", or "ones" (``activation_density`` must then be 1)

    Raises
    ------
    InputError
        If a number is out of range.
    """
    n_outputs, n_inputs = shape
    _check(name, n_outputs, n_inputs, seed, weight_density, activation_density)
    if activations not in ("relu", "ones") or (activations == "ones" and activation_density != 1):
        raise InputError(f"{name}: activations={activations!r} at density {activation_density}; "
                         f"need 'relu', or 'ones' at density 1")
    sigma = 1 / math.sqrt(n_inputs)
    matrix = _sparse(shape, weight_density, sigma, name, seed)
    if activations == "ones":
        inputs = np.ones(n_inputs, dtype=np.float32)
    else:
        inputs = np.zeros(n_inputs, dtype=np.float32)
        stream = _stream(name, "activations", seed)
        live = _bernoulli(stream, n_inputs, activation_density)
        inputs[live] = np.abs(_normal(stream, len(live), 1.0, 1.0))
    recipe: dict[str, Any] = {
        "source": "synthetic", "name": name, "seed": seed, "shape": [n_outputs, n_inputs],
        "weight_density": weight_density, "activation_density": activation_density,
        "activations": activations,
        "weights": "independent positions; magnitude-pruned normal, sigma 1/sqrt(n_inputs)",
    }
    return Layer(
        weights=matrix,
        activations=inputs,
        bias=_normal(_stream(name, "bias", seed), n_outputs, 1.0, sigma) if bias else None,
        name=name,
        provenance=recipe,
    )


def _check(name: str, n_outputs: int, n_inputs: int, seed: int, *densities: float) -> None:
    if n_outputs < 1 or n_inputs < 1 or n_outputs * n_inputs > _MAX_POSITIONS:
        raise InputError(f"{name}: shape is {n_outputs} x {n_inputs}; need at least 1 x 1 and "
                         f"at most 2**34 positions")
    if seed < 0:
        raise InputError(f"{name}: seed is {seed}; need 0 or more")
    for density in densities:
        if not 0 <= density <= 1:
            raise InputError(f"{name}: density is {density}; need 0 to 1")


def _stream(name: str, part: str, seed: int) -> np.random.PCG64:
    """The random words of one part of one layer; parts do not disturb one another."""
    key = hashlib.sha256(f"{name}/{part}/{seed}".encode()).digest()
    return np.random.PCG64(int.from_bytes(key[:16], "big"))


def _halves(stream: np.random.PCG64, n_words: int) -> npt.NDArray[np.uint32]:
    """``2 * n_words`` random 32-bit integers, the low half of each word first."""
    words = np.asarray(stream.random_raw(n_words), dtype="<u8")
    return words.view("<u4")


def _bernoulli(stream: np.random.PCG64, n: int, density: float) -> npt.NDArray[np.int64]:
    """Ascending positions below ``n``, each present on its own with the given probability."""
    threshold = round(density * (1 << 32))
    found = []
    for first in range(0, n, 2 * _CHUNK_WORDS):
        here = min(n - first, 2 * _CHUNK_WORDS)
        draw = _halves(stream, (here + 1) // 2)[:here]
        hit = np.arange(here) if threshold >= 1 << 32 else np.flatnonzero(draw < threshold)
        found.append(hit.astype(np.int64) + first)
    return np.concatenate(found)


def _normal(stream: np.random.PCG64, n: int, density: float, sigma: float) -> Float32:
    """Normal values of which magnitude pruning has kept ``density``; never zero."""
    if n == 0:
        return np.zeros(0, dtype=np.float32)
    quantile = NormalDist(0.0, sigma).inv_cdf
    table = np.array(
        [quantile(1 - density * (k + 0.5) / (2 * _LEVELS)) for k in range(_LEVELS)],
        dtype=np.float32,
    )
    draw = _halves(stream, (n + 3) // 4).view("<u2")[:n]
    magnitude = table[draw >> 1]
    values: Float32 = np.where(draw & 1, magnitude, -magnitude)
    return values


def _sparse(
    shape: tuple[int, int], density: float, sigma: float, name: str, seed: int
) -> CscMatrix:
    n_outputs, n_inputs = shape
    stream = _stream(name, "weights", seed)
    at = _bernoulli(stream, n_outputs * n_inputs, density)
    starts = np.searchsorted(at, np.arange(n_inputs + 1, dtype=np.int64) * n_outputs)
    rows = (at % n_outputs).astype(np.int32)
    values = _normal(stream, len(at), density, sigma)
    return CscMatrix((n_outputs, n_inputs), starts.astype(np.int64), rows, values)
