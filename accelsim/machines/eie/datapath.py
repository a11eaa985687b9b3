"""Datapaths of the ArithmUnit: what takes the place of the multiplier, and which tables it holds.

``full``   a multiplier: any weight of ``weight_value_bits``
``shift``  a shifter: 0 and powers of two of either sign (tables power_of_two and log)
``sign``   an adder that adds or subtracts: 0, 1 and -1, weights of two bits. A scale that is a
           power of two is in the binary point (tables ternary and binary with
           ``scale=power_of_two``)

Timing, outputs and counters are those of ``full`` with the same integers: only the unit differs.
The decoder's words are weights in two's complement, of ``shift`` {not zero, negative, exponent}.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from accelsim.errors import UnsupportedError

IntArray = npt.NDArray[np.int64]
Multiplier = Literal["full", "shift", "sign"]
MULTIPLIERS: tuple[str, ...] = get_args(Multiplier)
"""In the order of the parameter ``Multiplier`` of rtl/common/arith_unit.v."""
SIGN_BITS = 2
"""A weight of 1, -1 or 0 in two's complement."""

DECODER_NAND2_A_BIT = 8.6
"""Gates of a bit of the weight decoder, flip-flop and read multiplexer: rtl/README.md has 2,204
two-input NANDs for 16 words of 16 bits."""

_REMEDIES = {
    "shift": "shifts only: take table 'power_of_two' or 'log', or multiplier='full'",
    "sign": "adds and subtracts only: take table 'ternary:scale=power_of_two' or "
            "'binary:scale=power_of_two', or multiplier='full'",
}


@cache
def gates() -> dict[str, dict[str, float]]:
    """NAND2 equivalents by part and datapath (``datapaths.toml``)."""
    text = resources.files("accelsim.machines.eie").joinpath("datapaths.toml").read_text("utf-8")
    return tomllib.loads(text)


def held(multiplier: str, weights: IntArray) -> npt.NDArray[np.bool_]:
    """Which integer weights a datapath can multiply by."""
    if multiplier == "sign":
        return np.asarray(np.abs(weights) <= 1)
    if multiplier == "shift":
        magnitudes = np.abs(weights)
        return np.asarray((magnitudes & (magnitudes - 1)) == 0)  # 0 is held too
    return np.ones(weights.shape, dtype=np.bool_)


def check_held(multiplier: str, codebook: IntArray, name: str) -> None:
    """Raise `UnsupportedError` if a table of integers has a weight that the datapath cannot
    multiply by."""
    _refuse(multiplier, np.flatnonzero(~held(multiplier, codebook)), codebook, name)


def check_table(multiplier: str, codebook: npt.NDArray[np.floating[Any]], name: str) -> None:
    """The same of the table before it is rounded to the decoder's width, so that none is held by
    rounding it to another.

    Of "sign" all weights have one magnitude, a power of two.
    """
    if multiplier == "full":
        return
    magnitudes = np.abs(codebook.astype(np.float64))
    fits = (magnitudes == 0) | (np.frexp(magnitudes)[0] == 0.5)
    if multiplier == "sign":
        fits &= (magnitudes == 0) | (magnitudes == magnitudes.max())
    _refuse(multiplier, np.flatnonzero(~fits), codebook, name)


def _refuse(
    multiplier: str, unheld: npt.NDArray[np.integer[Any]], codebook: npt.NDArray[Any], name: str
) -> None:
    if len(unheld):
        table, code = divmod(int(unheld[0]), codebook.shape[-1])
        which = f" of table {table}" if codebook.ndim > 1 else ""
        raise UnsupportedError(
            f"{name}: {len(unheld)} of {codebook.size} weights of the table are beyond the "
            f"datapath, code {code}{which} is {codebook.flat[unheld[0]]:.6g}; "
            f"multiplier='{multiplier}' "
            f"{_REMEDIES[multiplier]}")


def word_bits(multiplier: str, weight_value_bits: int) -> int:
    """Bits of a word of the weight decoder."""
    if multiplier == "shift":
        return (weight_value_bits - 1).bit_length() + 2
    return weight_value_bits


def decoder_words(multiplier: str, weights: IntArray, weight_value_bits: int) -> IntArray:
    """Weights as the decoder's words, non-negative."""
    if multiplier != "shift":
        return weights & ((1 << weight_value_bits) - 1)
    magnitudes = np.abs(weights)
    exponents = np.zeros_like(weights)
    there = magnitudes > 0
    exponents[there] = np.log2(magnitudes[there]).astype(np.int64)  # exact for powers of two
    bits = (weight_value_bits - 1).bit_length()
    return there.astype(np.int64) << (bits + 1) | (weights < 0).astype(np.int64) << bits | exponents
