"""EIE as data: closed forms over (broadcasts x PEs) for time, one pass over non-zeros for values.

Refuses, by name: passes of 2**31 cycles or more. Without outputs it touches counts only, so that
saturations and bypasses, which depend on values and rows, are not counted; reading them is an
error that says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.dram import DramPart, Reading, Requests
from accelsim.fixedpoint import bounds
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import MapsJob, run_products
from accelsim.machines.eie.fast import grouped_sums, vectors
from accelsim.machines.eie.fast.kernels import time as kernels
from accelsim.machines.eie.fast.kernels import values
from accelsim.machines.eie.fast.layer_time import LayerTime
from accelsim.machines.eie.fast.pass_time import Scan
from accelsim.machines.eie.fast.plan_time import PlanTimer, takes
from accelsim.machines.eie.fast.refill_time import refill_time
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.passes import Pass, Plan
from accelsim.machines.eie.refill import Refills, Waits
from accelsim.machines.eie.sequence import SequenceJob, run_sequence
from accelsim.records.result import JobResult
from accelsim.records.sharing import is_shared

IntArray = npt.NDArray[np.int64]


def run(config: EieConfig, job: LayerJob | MapsJob | SequenceJob, outputs: bool = True
        ) -> JobResult:
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
            job, lambda product, passed: vectors.run(
                config, product, outputs, run, narrow=product is job))
    if isinstance(job, SequenceJob):
        return run_sequence(job, lambda layer, passed: run(config, layer, outputs))
    image = job.image
    time = LayerTime(config, image, count_bypasses=outputs)
    active = [_active_columns(job, activations) for activations in job.inputs]
    if takes(config) and (len(job.plan) > 1 or is_shared()):
        plan = Plan.of(job.plan)
        timer = PlanTimer(config, image, plan, active, outputs)
        time.add_plan(timer, plan, refill_time(config, job, timer.vector))
    else:
        refills, waits = Refills(config, job, read_dram), Waits(config, job.plan)
        for number, step in enumerate(job.plan):
            time.add(_scan(job, step, active[step.vector]), refills.of(number), waits)
    saturations = sums = None
    if outputs:
        found = [_values(config, job, *own) for own in zip(job.inputs, active, strict=True)]
        sums = found[0][0] if job.others is None else np.array([own for own, _ in found])
        saturations = np.sum([own for _, own in found], axis=0)
    counters, entries, padding = time.counters(saturations)
    operations = {"entries": entries, "padding": padding, "macs": entries - padding}
    if saturations is not None:
        operations["saturations"] = int(saturations.sum())
    return JobResult(sums, counters, operations)


def read_dram(part: DramPart, requests: Requests) -> Reading:
    """Late: a run without DRAM compiles no kernel of it."""
    from accelsim.dram.rows import read_requests

    return read_requests(part, requests)


def _active_columns(job: LayerJob, activations: IntArray) -> IntArray:
    """Those of `LayerJob.active_columns`, (K,) int64, sooner; of one of its vectors.

    Raises
    ------
    ValueError
        If the activations are not those of so many inputs.
    """
    n_inputs = job.image.n_inputs
    if len(activations) != n_inputs:
        raise ValueError(f"{len(activations)} activations for {n_inputs} inputs")
    columns = np.empty(n_inputs + 1, np.int64)
    found = kernels.find_active(activations, columns)
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
    config: EieConfig, job: LayerJob, inputs: IntArray, active: IntArray
) -> tuple[IntArray, IntArray]:
    """(n_outputs,) accumulators and (n_pe,) saturations of a vector, int64; `active` as
    `_active_columns`.

    Integers have the binary points of the job; `LayerJob.check` has held them to their bits, and
    the image its rows and codes to their range, which is all that the kernel relies on.
    """
    image = job.image
    matrix = image.nonzeros
    activations = inputs[active[: len(active) - image.has_bias]]
    if image.has_bias:
        activations = np.append(activations, job.bias_activation)
    low, high = bounds(config.accumulator_bits)
    codebook = job.codebook.astype(np.int64)
    product = int(np.abs(codebook).max()) * int(np.abs(activations).max(initial=0))
    narrow = (product >> job.shift) + high < (1 << 31) - 2
    kind: type[np.signedinteger[Any]] = np.int32 if narrow else np.int64
    sums = np.zeros(image.n_outputs, kind)
    if job.bias is not None:
        sums += job.bias.astype(kind)
    saturations = np.zeros(image.n_pe, np.int64)
    # The bias is the matrix's last column.
    columns = np.minimum(active, len(matrix.column_starts) - 2)
    where = (matrix.column_starts, matrix.rows, matrix.codes, columns,
             activations.astype(np.int64))
    if job.rows_per_table is None:
        done = 0
        if grouped_sums.fits(image, len(codebook), config.accumulator_bits):
            done = grouped_sums.add_columns(
                image, columns, where[4], codebook, job.shift, high, sums)
        if done < len(columns):
            values.accumulate(*where[:3], columns[done:], where[4][done:], codebook, job.shift, low,
                              high, sums, saturations, np.empty(len(codebook), kind))
    else:
        first = np.arange(image.n_outputs) // job.rows_per_table * codebook.shape[1]
        values.accumulate_by_tables(*where, codebook.ravel(), first.astype(np.uint32), job.shift,
                                    low, high, sums, saturations)
    return sums.astype(np.int64), saturations
