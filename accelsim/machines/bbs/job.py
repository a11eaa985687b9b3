"""One matrix and one vector for the bank-balanced machine, as integers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelsim import __version__
from accelsim.errors import InputError
from accelsim.fixedpoint import frac_bits_for, quantise
from accelsim.machines.bbs.config import BbsConfig
from accelsim.records import CscMatrix, FloatArray
from accelsim.records.job import Job
from accelsim.records.linear import LinearWeights

IntArray = npt.NDArray[np.int64]

@dataclass(frozen=True, eq=False)
class BbsJob(Job):
    """``banks`` (n_rows, n_banks, width) int64 weights, ``vector`` (n_banks, width) int64."""

    banks: IntArray
    vector: IntArray
    shift: int

    def input_sha256(self) -> str:
        """Digest of the vector's integers, bank by bank."""
        return hashlib.sha256(self.vector.astype("<i8").tobytes()).hexdigest()


def operations(job: BbsJob) -> dict[str, int]:
    """Entries and multiply-accumulates of a matrix, by construction; there is no padding."""
    entries = int(np.count_nonzero(job.banks))
    return {"entries": entries, "padding": 0, "macs": entries}


def make_job(
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
    return BbsJob(
        banks[:-1], banks[-1], total - output_frac, name=linear.name,
        frac_bits={"weight": linear.frac_bits, "input": input_frac, "output": output_frac},
        provenance={"accelsim": __version__},
    )
