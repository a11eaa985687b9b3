"""Binary points of a recurrent layer: calibration by a float run of an utterance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.fixedpoint import frac_bits_for
from accelsim.lowering.float_run import run_float
from accelsim.lowering.program import FUNCTION, Program, make_program
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import RecurrentLayer


class Widths(Protocol):
    """Bits of a machine's signals; a configuration has them."""

    @property
    def activation_bits(self) -> int: ...
    @property
    def accumulator_bits(self) -> int: ...


def function_frac_bits(widths: Widths) -> int:
    """Fraction bits of sigmoid and tanh: the most with which 1.0 can be written."""
    return widths.activation_bits - 2


def choose_recurrent_points(
    widths: Widths, layer: RecurrentLayer, weights: Mapping[str, LinearWeights],
    sample: npt.ArrayLike,
) -> dict[str, int]:
    """Binary points by signal: the most fraction bits with which nothing of a float run saturates.

    A sum never has more fraction bits than the products that it is made of, and an output never
    more than a product of two functions.

    Parameters
    ----------
    weights : the quantised matrices; the float run takes the layer's own
    sample : (n_steps, n_channels, n_inputs) of the calibration utterance
    """
    program = make_program(layer)
    # What comes from memory has the width of an activation; all else has been in an accumulator.
    fetched, made = widths.activation_bits, min(widths.activation_bits, widths.accumulator_bits)
    points = {
        signal: frac_bits_for(top, fetched if signal in ("x", *layer.peepholes) else made)
        for signal, top in run_float(layer, sample).largest.items()
    }
    points[FUNCTION] = function_frac_bits(widths)
    points |= {name: quantised.frac_bits for name, quantised in weights.items()}
    output = program.signals[program.output]
    limits = [*program.factors(), (output, FUNCTION, FUNCTION)]
    _lower(points, limits)
    points["y"] = points[output]
    return {signal: points[signal] for signal in _signals(program, layer)}


def _lower(points: dict[str, int], limits: list[tuple[str, str, str]]) -> None:
    """Until no sum has more fraction bits than a product in it; what reads the sum follows."""
    for _ in range(len(limits) + 1):
        lowered = False
        for total, left, right in limits:
            most = points[left] + points[right]
            if most < points[total]:
                points[total], lowered = most, True
        if not lowered:
            return
    raise InputError("binary points: a product that feeds itself has weights without fraction "
                     "bits; give frac_bits, or more weight_bits")


def _signals(program: Program, layer: RecurrentLayer) -> list[str]:
    """Every signal once, in the order of the equations."""
    sums = [total.signal for equation in program.equations for total in equation.sums()]
    products = [product.signal for product in program.products.values()]
    inner = [signal for signal in (*sums, *products) if signal != "y"]
    return list(dict.fromkeys(["x", *inner, "y", *layer.peepholes]))
