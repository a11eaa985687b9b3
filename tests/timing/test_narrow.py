"""Kernels of 64 PEs in a register, and sums of 16 bits, against those that take any layer."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from accelsim import LossWarning
from accelsim.machines.eie.fast import narrow_time, vector_sums
from accelsim.machines.eie.fast.run import run
from accelsim.machines.eie.machine import MACHINE
from accelsim.machines.eie.reference.array import run as run_reference
from tests.convolution.cases import make_case

warnings.simplefilter("ignore", LossWarning)
PLAIN = {
    "seed": 1, "n": 1, "size": (7, 9), "group": (5, 20), "kernel": (3, 3),
    "geometry": {"stride": 1, "padding": 1, "dilation": 1, "groups": 1}, "density": 0.5,
    "active": 0.5, "bias": "accumulator", "calibrated": True, "machine": {"n_pe": 4},
}
CASES = {
    **{f"queue of {depth}": {"machine": {"n_pe": 4, "act_queue_depth": depth}}
       for depth in range(1, 9)},
    "long waits": {"group": (9, 96), "density": 0.9, "machine": {"n_pe": 4}, "active": 0.9},
    "64 PEs": {"group": (5, 130), "machine": {"n_pe": 64}, "n": 3, "active": 1.0},
    "batches": {"machine": {"n_pe": 2, "regfile_depth": 3, "spmat_kb": 1024.0}},
    "no row changes": {"machine": {"n_pe": 4, "row_change_cycles": 0}},
    "padding entries": {"group": (4, 90), "density": 0.1, "machine": {"n_pe": 4}},
    "many of a kind": {"active": 0.02, "size": (20, 20), "n": 2},
    "a column for a bias": {"bias": "column"},
    "strides": {"geometry": {**PLAIN["geometry"], "stride": 2}, "size": (17, 19)},
    "values that saturate": {"calibrated": False, "machine": {"n_pe": 4, "accumulator_bits": 7}},
}


def job_of(changed):
    case = make_case(**PLAIN | changed)
    return case.config, MACHINE.job(case.config, case.packed, case.images)


def without_narrow(patch):
    """Only kernels that take any layer."""
    patch.setattr(narrow_time, "fits", lambda *given: False)
    patch.setattr(vector_sums, "_MOST_SHORT_BITS", 0)


@pytest.mark.parametrize("changed", CASES.values(), ids=CASES)
def test_a_convolution_is_as_any_layer(changed, monkeypatch):
    config, job = job_of(changed)
    assert narrow_time.fits(config, job.one.image)
    for outputs in (True, False):
        told = run(config, job, outputs)
        with monkeypatch.context() as patch:
            without_narrow(patch)
            other = run(config, job, outputs)
        assert other.counters.difference(told.counters) is None
        if outputs:
            assert told.outputs.tolist() == other.outputs.tolist()
            assert told.counters.cycles > 0


@pytest.mark.parametrize("changed", CASES.values(), ids=CASES)
def test_a_vector_is_as_the_reference(changed):
    config, job = job_of(changed)
    vector = job.vector_job(job.n_vectors // 2)
    told, other = run(config, vector), run_reference(config, vector)
    assert other.counters.difference(told.counters) is None
    assert told.outputs.tolist() == other.outputs.tolist()


def exact(job, low, high):
    """Sums by Python's integers, each saturated."""
    matrix, one = job.one.image.nonzeros, job.one
    vectors, found = job.pixels.vectors(0, job.n_vectors), []
    width = one.image.n_inputs // job.geometry.n_positions
    starts = np.asarray(matrix.column_starts)
    for vector in vectors:
        sums = [0] * one.image.n_outputs if one.bias is None else [int(b) for b in one.bias]
        for column in range(len(starts) - 1):
            position, channel = divmod(column, width)
            if channel >= job.geometry.in_channels:
                continue
            value = int(vector[position * job.geometry.in_channels + channel])
            for entry in range(starts[column], starts[column + 1]):
                product = int(one.codebook[matrix.codes[entry]]) * value
                row = matrix.rows[entry]
                total = sums[row] + ((product + (1 << one.shift >> 1)) >> one.shift)
                sums[row] = min(max(total, low), high)
        found.append(sums)
    return found


@pytest.mark.parametrize("shift", [2, 3, 7, *range(12, 19), 23, 30])
def test_sums_of_16_bits_by_every_shift(shift):
    """Codebooks and maps as large as the shift allows, so that some saturate."""
    config, job = job_of({"seed": shift, "size": (11, 12)})
    rng = np.random.default_rng(shift)
    largest = min(32767, 1 << (shift + 15) // 2)
    codebook = rng.integers(-largest, largest + 1, len(job.one.codebook))
    codebook[0] = 0
    maps = job.pixels.maps
    drawn = np.where(maps != 0, rng.integers(-largest, largest + 1, maps.shape), 0)
    job = replace(job, one=replace(job.one, codebook=codebook, shift=shift),
                  pixels=replace(job.pixels, maps=drawn))
    assert vector_sums.VectorSums(config, job).short
    told = run(config, job)
    assert told.outputs.tolist() == exact(job, -32768, 32767)
    if shift < 16:
        assert told.operations["saturations"] > 0
