"""One matrix and one vector for the bank-balanced machine, as integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import numpy.typing as npt

from accelsim.arch import BbsConfig
from accelsim.bbs_results import BbsRun
from accelsim.errors import InputError, nearest
from accelsim.fixedpoint import frac_bits_for, quantise
from accelsim.records import CscMatrix, FloatArray
from accelsim.recurrent import LinearWeights

IntArray = npt.NDArray[np.int64]

ENGINES: dict[str, str] = {
    "reference": "accelsim.engines.reference.bbs",
    "fast": "accelsim.engines.fast.bbs",
}
"""Engine name to the module whose ``run(config, job)`` it is."""


@dataclass(frozen=True, eq=False)
class BbsJob:
    """``banks`` (n_rows, n_banks, width) int64 weights, ``vector`` (n_banks, width) int64."""

    banks: IntArray
    vector: IntArray
    shift: int
    output_frac_bits: int


def make_bbs_job(
    config: BbsConfig, weights: FloatArray | CscMatrix | LinearWeights, activations: npt.ArrayLike
) -> BbsJob:
    """Quantise a matrix and a vector; binary points hold the largest values without saturation.

    Raises
    ------
    InputError
        If the vector does not fit the matrix.
    """
    linear = weights if isinstance(weights, LinearWeights) else LinearWeights.from_floats(
        weights, config.weight_bits)
    dense = linear.matrix.to_dense().astype(np.int64)
    x = np.asarray(activations, dtype=np.float64)
    if x.shape != (dense.shape[1],):
        raise InputError(f"{linear.name}: activations have shape {x.shape}; "
                         f"need ({dense.shape[1]},)")
    input_frac = frac_bits_for(float(np.abs(x).max(initial=0.0)), config.activation_bits)
    bits, total = config.activation_bits, linear.frac_bits + input_frac
    vector = quantise(x, bits, input_frac)
    largest = float(np.ldexp(np.abs(dense @ vector).max(initial=0), -total))
    output_frac = min(frac_bits_for(largest, bits), total)
    width = -(-dense.shape[1] // config.n_banks)
    padded = np.zeros((len(dense) + 1, config.n_banks * width), dtype=np.int64)
    padded[:-1, : dense.shape[1]] = dense
    padded[-1, : dense.shape[1]] = vector
    banks = padded.reshape(-1, config.n_banks, width)
    return BbsJob(banks[:-1], banks[-1], total - output_frac, output_frac)


def run_bbs(engine: str, config: BbsConfig, job: BbsJob) -> BbsRun:
    """Run one job on "reference" or "fast"; counters are checked for conservation."""
    if engine not in ENGINES:
        raise InputError(f"no engine '{engine}'{nearest(engine, ENGINES)}")
    run: Callable[[BbsConfig, BbsJob], BbsRun] = import_module(ENGINES[engine]).run
    result = run(config, job)
    result.counters.check(config.n_banks)
    return result
