"""Fixed point: the one definition that every engine and the RTL use.

In words
--------
* A number is a signed two's-complement integer ``q`` of ``bits`` bits with a binary point: it
  stands for ``q / 2**frac_bits``. The binary point is a number beside the data (per layer and
  signal), never stored with it; it may be negative or larger than ``bits``.
* **Quantise**: ``q = floor(x * 2**frac_bits + 1/2)``, then saturate. Halves round towards plus
  infinity, which in hardware is one carry into the adder.
* **Shift right** by ``s``: ``floor(q / 2**s + 1/2)``, that is ``(q + 2**(s-1)) >> s`` for
  ``s > 0`` and ``q`` for ``s = 0``. The same rounding; truncation would bias every sum downwards.
* **Saturate** to ``bits``: values above ``2**(bits-1) - 1`` or below ``-2**(bits-1)`` become
  these bounds. Nothing ever wraps.
* **Multiply-accumulate**, the ArithmUnit: the product of weight and activation is kept whole,
  shifted right by the layer's ``shift``, added to the accumulator without loss, and the sum is
  saturated *once*. A sum that the saturation changes counts as one saturation. Additions happen
  in the order in which the hardware makes them (ascending column), because saturation does not
  commute.
* **Reading an activation** (from the source register file): ReLU if the layer that wrote the
  file has it, shift right by ``read_shift``, saturate to the activation width. Between layers
  whose binary points agree this is the identity.

``shift = weight_frac_bits + input_frac_bits - output_frac_bits``. The bias is a weight that
multiplies the activation 1.0, which is the integer ``2**input_frac_bits``.

Source: EIE (ISCA 2016, sec. IV) says 16-bit fixed point and a shift stage; binary points,
rounding and saturation are not published and are fixed here.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError

IntArray = npt.NDArray[np.int64]


def bounds(bits: int) -> tuple[int, int]:
    """Smallest and largest integer of ``bits`` bits, two's complement."""
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def quantise(values: npt.ArrayLike, bits: int, frac_bits: int) -> IntArray:
    """Real values to integers of ``bits`` bits with ``frac_bits`` fraction bits.

    Raises
    ------
    InputError
        If a value is not finite.
    """
    x = np.asarray(values, dtype=np.float64)
    if not np.isfinite(x).all():
        raise InputError("values to quantise hold NaN or infinity; remove them before compressing")
    low, high = bounds(bits)
    # Clip before the cast: a float beyond int64 has no defined integer.
    scaled = np.clip(np.floor(np.ldexp(x, frac_bits) + 0.5), low, high)
    return scaled.astype(np.int64)


def dequantise(values: npt.ArrayLike, frac_bits: int) -> npt.NDArray[np.float64]:
    """Integers with ``frac_bits`` fraction bits to real values, exactly (below 2**53)."""
    return np.ldexp(np.asarray(values, dtype=np.float64), -frac_bits)


def shift_right(value: int, shift: int) -> int:
    """Arithmetic shift right by ``shift >= 0``, halves rounded towards plus infinity."""
    return (value + (1 << (shift - 1))) >> shift if shift else value


def saturate(value: int, bits: int) -> int:
    """Nearest integer of ``bits`` bits."""
    low, high = bounds(bits)
    return low if value < low else high if value > high else value


def multiply_accumulate(
    accumulator: int, weight: int, activation: int, shift: int, bits: int
) -> tuple[int, bool]:
    """One step of the ArithmUnit: new accumulator of ``bits`` bits, and whether it saturated."""
    total = accumulator + shift_right(weight * activation, shift)
    result = saturate(total, bits)
    return result, result != total


def read_activations(
    stored: npt.ArrayLike, relu: bool, read_shift: int, activation_bits: int
) -> IntArray:
    """What the source register file gives for ``stored`` outputs of the layer before."""
    values = np.asarray(stored, dtype=np.int64)
    if relu:
        values = np.maximum(values, 0)
    if read_shift:
        values = (values + (1 << (read_shift - 1))) >> read_shift
    low, high = bounds(activation_bits)
    return np.clip(values, low, high)


def frac_bits_for(max_abs: float, bits: int) -> int:
    """Most fraction bits with which ``max_abs`` still fits ``bits`` bits without saturating.

    Zero gets ``bits - 1``: any binary point holds it.
    """
    if not math.isfinite(max_abs) or max_abs < 0:
        raise InputError(f"largest magnitude is {max_abs}; need a finite number, 0 or more")
    if max_abs == 0:
        return bits - 1
    high = bounds(bits)[1]
    frac_bits = bits - 1 - math.frexp(max_abs)[1]  # max_abs < 2**exponent
    while math.floor(math.ldexp(max_abs, frac_bits + 1) + 0.5) <= high:
        frac_bits += 1
    while math.floor(math.ldexp(max_abs, frac_bits) + 0.5) > high:
        frac_bits -= 1
    return frac_bits
