"""Sigmoid and tanh as look-up tables (contract T1, T2): what is in them and how they are read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from accelsim.compression.recurrent_points import function_frac_bits
from accelsim.fixedpoint import bounds, quantise
from accelsim.machines.ese.config import EseConfig

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Table:
    """Samples of a function over ``[-input_max, input_max)``, evenly spaced.

    Attributes
    ----------
    samples : (n,) int64 with `gate_frac_bits` fraction bits; sample ``k`` is the function at
        ``-input_max + k * 2**-step_frac_bits``
    origin : -input_max in steps; the sample at 0 is ``samples[-origin]``
    step_frac_bits : the distance of two samples is ``2**-step_frac_bits``
    """

    samples: IntArray
    origin: int
    step_frac_bits: int
    interpolation: Literal["linear", "nearest"]

    def look_up(self, values: IntArray, frac_bits: int) -> IntArray:
        """The function of ``values`` with ``frac_bits`` fraction bits, for whole arrays.

        Inputs outside of the table read its first or last sample.
        """
        shift = frac_bits - self.step_frac_bits
        if shift <= 0:
            return self._sample(values << -shift)
        half = 1 << (shift - 1)
        if self.interpolation == "nearest":
            return self._sample((values + half) >> shift)
        index = values >> shift
        here, there = self._sample(index), self._sample(index + 1)
        part = values & ((1 << shift) - 1)
        return np.asarray(here + (((there - here) * part + half) >> shift), dtype=np.int64)

    def _sample(self, step: IntArray) -> IntArray:
        return np.asarray(self.samples.take(step - self.origin, mode="clip"), dtype=np.int64)


def gate_frac_bits(config: EseConfig) -> int:
    """Fraction bits of sigmoid and tanh (contract T1)."""
    return function_frac_bits(config)


def make_tables(config: EseConfig) -> dict[str, Table]:
    """The two tables of a machine, by name of the function."""
    tables = {}
    for name, input_max in (("sigmoid", config.sigmoid_input_max), ("tanh", config.tanh_input_max)):
        step_frac_bits = int(math.log2(config.table_samples / (2 * input_max)))
        origin = -(config.table_samples // 2)
        points = np.ldexp(np.arange(config.table_samples) + float(origin), -step_frac_bits)
        values = np.array([_FUNCTIONS[name](float(x)) for x in points])
        samples = quantise(values, config.activation_bits, gate_frac_bits(config))
        tables[name] = Table(samples, origin, step_frac_bits, config.table_interpolation)
    return tables


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


_FUNCTIONS = {"sigmoid": _sigmoid, "tanh": math.tanh}


def saturated(values: IntArray, bits: int) -> tuple[IntArray, int]:
    """``values`` saturated to ``bits`` bits, and how many changed."""
    low, high = bounds(bits)
    if values.min() >= low and values.max() <= high:
        return values, 0
    result = np.clip(values, low, high)
    return result, int(np.count_nonzero(result != values))
