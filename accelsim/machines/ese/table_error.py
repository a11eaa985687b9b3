"""How far the look-up tables are from sigmoid and tanh, over everything that they can be asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelsim.fixedpoint import bounds, dequantise
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.tables import gate_frac_bits


@dataclass(frozen=True)
class TableError:
    """One table, read by one signal, over every value that the signal can have.

    Attributes
    ----------
    frac_bits : of the signal; with more of them it stays in a smaller range
    reaches : the largest magnitude that it can have
    spacing : distance of two samples
    largest, rms : of the difference from the function
    steps : ``largest`` in steps of the table's values, 2**-(activation_bits - 2)
    """

    function: str
    signal: str
    frac_bits: int
    reaches: float
    spacing: float
    largest: float
    rms: float
    steps: float


def table_errors(config: EseConfig, job: RecurrentJob) -> list[TableError]:
    """Every look-up of a layer, signal by signal (contract T1, T2)."""
    asked = dict.fromkeys(
        (equation.function, equation.total.signal) for equation in job.program.equations
        if equation.function is not None)
    low, high = bounds(config.activation_bits)
    values = np.arange(low, high + 1, dtype=np.int64)
    return [_error(config, job, values, function, signal)
            for function, signal in asked if function is not None]


def _error(
    config: EseConfig, job: RecurrentJob, values: np.ndarray[tuple[int], np.dtype[np.int64]],
    function: str, signal: str,
) -> TableError:
    table, frac_bits = job.tables[function], job.frac_bits[signal]
    x = dequantise(values, frac_bits)
    exact = np.tanh(x) if function == "tanh" else 0.5 * (1 + np.tanh(0.5 * x))
    points = gate_frac_bits(config)
    off = dequantise(table.look_up(values, frac_bits), points) - exact
    largest = float(np.abs(off).max())
    return TableError(function, signal, frac_bits, float(np.abs(x).max()),
                      2.0**-table.step_frac_bits, largest, float(np.sqrt(np.mean(off**2))),
                      float(np.ldexp(largest, points)))
