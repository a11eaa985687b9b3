"""EIE as data: closed forms over (broadcasts x PEs) for time, one pass over non-zeros for values.

Refuses, by name: passes of 2**31 cycles or more. Without outputs it touches counts only, so that
saturations and bypasses, which depend on values and rows, are not counted; reading them is an
error that says so.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.fixedpoint import bounds
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import MapsJob, run_products
from accelsim.machines.eie.fast import vectors
from accelsim.machines.eie.fast.kernels import time as kernels
from accelsim.machines.eie.fast.kernels import values
from accelsim.machines.eie.fast.layer_time import LayerTime
from accelsim.machines.eie.fast.pass_time import Scan
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.plan import Pass
from accelsim.records.result import JobResult

IntArray = npt.NDArray[np.int64]


def run(config: EieConfig, job: LayerJob | MapsJob, outputs: bool = True) -> JobResult:
    """Run one job.

    Parameters
    ----------
    outputs : False leaves rows and values alone: no ``saturations``, ``adder_bypasses`` and
        ``write_bypasses``; time and every other counter are the same

    Raises
    ------
    CapacityError
        If the layer does not fit and ``capacity`` is "check".
    UnsupportedError
        If a pass may take 2**31 cycles or more.
    """
    if isinstance(job, MapsJob):
        return run_products(
            job, lambda product, passed: vectors.run(config, product, outputs, run))
    image = job.image
    time = LayerTime(config, image, count_bypasses=outputs)
    active = _active_columns(job)
    for step in job.plan:
        time.add(_scan(job, step, active))
    saturations = sums = None
    if outputs:
        sums, saturations = _values(config, job, active)
    counters, entries, padding = time.counters(saturations)
    operations = {"entries": entries, "padding": padding, "macs": entries - padding}
    if saturations is not None:
        operations["saturations"] = int(saturations.sum())
    return JobResult(sums, counters, operations)


def _active_columns(job: LayerJob) -> IntArray:
    """Those of `LayerJob.active_columns`, (K,) int64, sooner.

    Raises
    ------
    ValueError
        If the activations are not those of so many inputs.
    """
    n_inputs = job.image.n_inputs
    if len(job.activations) != n_inputs:
        raise ValueError(f"{len(job.activations)} activations for {n_inputs} inputs")
    columns = np.empty(n_inputs + 1, np.int64)
    found = kernels.find_active(job.activations, columns)
    if job.image.has_bias:
        columns[found] = job.image.n_columns - 1
        found += 1
    return columns[:found]


def _scan(job: LayerJob, step: Pass, active: IntArray) -> Scan:
    """What a pass scans of a job's ``active`` columns."""
    image, n_pe = job.image, job.image.n_pe
    first = step.first_row * n_pe
    end = first + step.n_rows * n_pe
    low = active.searchsorted(first) if first else 0
    columns = active[low : active.searchsorted(min(end, image.n_inputs))]
    if step.bias:
        columns = np.append(columns, active[-1])
        end += n_pe
    return Scan(step, columns, first, end)


def _values(
    config: EieConfig, job: LayerJob, active: IntArray
) -> tuple[IntArray, IntArray]:
    """(n_outputs,) accumulators and (n_pe,) saturations, int64; `active` as `_active_columns`.

    Integers have the binary points of the job; `LayerJob.check` has held them to their bits, and
    the image its rows and codes to their range, which is all that the kernel relies on.
    """
    image = job.image
    matrix = image.nonzeros
    activations = job.activations[active[: len(active) - image.has_bias]]
    if image.has_bias:
        activations = np.append(activations, job.bias_activation)
    low, high = bounds(config.accumulator_bits)
    sums = np.zeros(image.n_outputs, np.int64)
    if job.bias is not None:
        sums += job.bias
    saturations = np.zeros(image.n_pe, np.int64)
    # The bias is the matrix's last column.
    columns = np.minimum(active, len(matrix.column_starts) - 2)
    codebook = job.codebook.astype(np.int64)
    where = (matrix.column_starts, matrix.rows, matrix.codes, columns,
             activations.astype(np.int64))
    if job.rows_per_table is None:
        values.accumulate(*where, codebook, job.shift, low, high, sums, saturations,
                          np.empty_like(codebook))
    else:
        first = np.arange(image.n_outputs) // job.rows_per_table * codebook.shape[1]
        values.accumulate_by_tables(*where, codebook.ravel(), first.astype(np.uint32), job.shift,
                                    low, high, sums, saturations)
    return sums, saturations
