"""Layers that EIE runs one after the other under one program, without the host between (N1, N2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.fixedpoint import read_activations
from accelsim.machines.eie.chain import LayerChain
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.registry import machine_of
from accelsim.records import CompressedLayer
from accelsim.records.job import Job
from accelsim.records.result import JobResult


@dataclass(frozen=True, eq=False)
class SequenceJob(Job):
    """Fully connected layers, each of which reads the outputs of the one before it.

    Attributes
    ----------
    layers : their jobs, each with the activations that it reads
    reads : of each layer but the first: whether negative outputs are read as zero, and how far they
        are shifted right (`accelsim.fixedpoint.read_activations`)
    """

    layers: tuple[LayerJob, ...]
    reads: tuple[tuple[bool, int], ...]

    def check(self, config: EieConfig) -> None:
        """Raise `InputError` if the job does not belong to this configuration."""
        for layer in self.layers:
            layer.check(config)

    def finished(self, outputs: IntArray) -> IntArray:
        """The last layer's."""
        return self.layers[-1].finished(outputs)

    def input_sha256(self) -> str:
        """Digest of the first layer's activations."""
        return self.layers[0].input_sha256()


def run_sequence(job: SequenceJob, run: Callable[[LayerJob, int], JobResult]) -> JobResult:
    """All layers by one telling: sums of cycles and counters, outputs of the last one.

    Parameters
    ----------
    run : of a layer, and the cycles before it
    """
    results: list[JobResult] = []
    passed = 0
    for layer in job.layers:
        results.append(run(layer, passed))
        if results[-1].counters is not None:
            passed += results[-1].counters.cycles
    return summed(results)


def summed(results: Sequence[JobResult]) -> JobResult:
    """The result of layers in sequence from those of each."""
    counted = [result.counters for result in results if result.counters is not None]
    operations = {name: sum(result.operations[name] for result in results)
                  for name in results[0].operations}
    return JobResult(results[-1].outputs,
                     type(counted[0]).added(counted) if counted else None, operations)


def make_sequence(
    config: EieConfig, layers: Sequence[CompressedLayer], inputs: npt.NDArray[Any],
    fixed_point: bool = False,
) -> SequenceJob:
    """Layers in sequence and one input vector as integers, as `simulate_network` passes them on.

    Parameters
    ----------
    inputs, fixed_point : of the first layer, see `accelsim.machines.eie.chain.LayerChain`

    Raises
    ------
    InputError
        If neighbours do not fit, or a layer's outputs lie in another order than they are read.
    CapacityError, UnsupportedError
        As of each layer (`accelsim.machines.eie.job.make_job`).
    """
    machine = machine_of(config)
    chain = LayerChain(config, layers, np.atleast_2d(inputs), fixed_point)
    current: Any = np.atleast_2d(inputs)[0]
    jobs: list[LayerJob] = []
    reads: list[tuple[bool, int]] = []
    for index, packed in enumerate(layers):
        job = chain.job(index, current)
        assert isinstance(job, LayerJob)
        if jobs:
            _check_follows(config, jobs[-1], job, reads[-1])
        jobs.append(job)
        if index + 1 < len(layers):
            current = chain.carry(index, machine.finish(config, job, "functional"))
            written, read = chain.points[index : index + 2]
            reads.append((packed.relu, written.output_frac_bits - read.input_frac_bits))
    name = jobs[0].name if len(jobs) == 1 else f"{jobs[0].name} to {jobs[-1].name}"
    return SequenceJob(
        tuple(jobs), tuple(reads), name=name, frac_bits=jobs[-1].frac_bits,
        losses=tuple(loss for job in jobs for loss in job.losses))


def _check_follows(
    config: EieConfig, before: LayerJob, job: LayerJob, reads: tuple[bool, int]
) -> None:
    left = machine_of(config).run(config, before, "functional").outputs
    assert left is not None
    seen = read_activations(left, *reads, config.activation_bits)
    if not np.array_equal(seen, job.activations):
        raise InputError(f"{job.name}: reads the outputs of {before.name} in another order than "
                         f"they lie in the register files; compress without permute_rows")
