"""What EIE is given to do of a convolution: one matrix, and many vectors gathered from a map."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, Protocol

import numpy as np

from accelsim.errors import InputError, UnsupportedError
from accelsim.fixedpoint import bounds
from accelsim.lowering.im2col import Gather, in_register_row_order
from accelsim.machines.eie.beside import NOTHING, Beside
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.plan import Pass
from accelsim.records import Geometry
from accelsim.records.job import Job
from accelsim.records.result import JobResult
from accelsim.records.signals import Observer


@dataclass(frozen=True, eq=False)
class MapsJob(Job):
    """Products of matrices and vectors that together are a convolution: what a telling runs one
    by one, and what becomes of their results.

    Attributes
    ----------
    map_rows : register rows of one image's maps in a PE, read and written
    """

    map_rows: int = field(default=0, kw_only=True)

    @property
    def products(self) -> tuple[ConvJob, ...]:
        """One matrix and its vectors each."""
        raise NotImplementedError

    def combined(self, results: list[JobResult]) -> JobResult:
        """The convolution's result from those of its products."""
        raise NotImplementedError

    @property
    def image(self) -> NoReturn:
        """Refused: views of cycles and entries are of one vector."""
        raise UnsupportedError(f"{self.name}: a convolution of {self.n_vectors} vectors; explain, "
                               f"trace and cosim take one vector, see ConvJob.vector_job")

    activations = codebook = plan = image


@dataclass(frozen=True, eq=False)
class ConvJob(MapsJob):
    """One matrix and the vectors of its images, as integers; `accelsim.machines.eie.works` makes
    it.

    Attributes
    ----------
    one : the job of a vector of zeros: memory images, codebook, passes
    pixels : the maps as the scan reads them, and which pixels make which vector
    geometry : of the matrix's columns; its outputs are those of a vector
    several : whether the images have an axis of their own
    beside : phases that belong to no single vector
    overlap : whether each vector but the first is loaded in the drain of the one before it (O1)
    sharing : makes the plan of so many vectors that share their refills, and how many do (M10);
        None where each is on its own
    """

    one: LayerJob
    pixels: Gather
    geometry: Geometry
    several: bool
    beside: Beside = NOTHING
    overlap: bool = False
    sharing: tuple[Callable[[int], Sequence[Pass]], int] | None = None

    @property
    def products(self) -> tuple[ConvJob, ...]:
        """This one."""
        return (self,)

    def combined(self, results: list[JobResult]) -> JobResult:
        """With the phases that belong to no single vector."""
        (result,) = results
        return self.beside.added_to(result)

    @property
    def n_vectors(self) -> int:
        """Pixels of the outputs, one after the other."""
        return self.pixels.n_vectors

    def check(self, config: EieConfig) -> None:
        """Raise `InputError` if the job does not belong to this configuration."""
        self.one.check(config)
        low, high = bounds(config.activation_bits)
        maps = self.pixels.maps
        if int(maps.min()) < low or int(maps.max()) > high:
            raise InputError(f"{self.name}: activations exceed {config.activation_bits} bits")

    def vector_job(self, index: int) -> LayerJob:
        """What one vector gives the machine to do: a layer's job like any other."""
        if not 0 <= index < self.n_vectors:
            raise InputError(f"{self.name}: vector is {index}; there are 0 to {self.n_vectors - 1}")
        one = self.one
        if self.overlap and index:
            one = replace(one, plan=(one.plan[0].behind_another(), *one.plan[1:]))
        return replace(one, activations=self.vectors(index, index + 1)[0])

    def runs(self) -> Iterator[LayerJob]:
        """What a telling of one plan runs: vector by vector, or those together that share their
        refills."""
        make, together = self.sharing or (None, 1)
        for first in range(0, self.n_vectors, together):
            end = min(first + together, self.n_vectors)
            if make is None or end - first == 1:
                yield self.vector_job(first)
                continue
            plan, inputs = make(end - first), self.vectors(first, end)
            if self.overlap and first:
                plan = (plan[0].behind_another(), *plan[1:])
            yield replace(self.one, activations=inputs[0], others=inputs[1:], plan=plan)

    def vectors(self, first: int, end: int) -> IntArray:
        """(end - first, image inputs) activations of some vectors."""
        gathered = self.pixels.vectors(first, end)
        spread: IntArray = in_register_row_order(gathered, self.geometry, self.one.image.n_pe)
        return spread

    def parts(self, most_values: int = 1 << 20) -> Iterator[IntArray]:
        """All vectors, at most so many activations at once."""
        return (self.vectors(first, end) for first, end in self.pixels.parts(most_values))

    def finished(self, outputs: IntArray) -> IntArray:
        """(n_vectors, n_outputs) accumulators as maps: (out, rows, columns), or several."""
        values = self.one.finished(outputs)
        shape = self.pixels.n_images, *self.pixels.output_size, self.geometry.out_channels
        maps = values.reshape(shape).transpose(0, 3, 1, 2).astype(np.int64, order="C", copy=False)
        return maps if self.several else maps[0]

    def input_sha256(self) -> str:
        """Digest of the maps."""
        return hashlib.sha256(self.pixels.maps.astype("<i8").tobytes()).hexdigest()


@dataclass(frozen=True, eq=False)
class BatchJob(ConvJob):
    """Vectors through a layer, each a pixel of a map of one row."""

    def finished(self, outputs: IntArray) -> IntArray:
        """(n_vectors, n_outputs) in the layer's order of rows."""
        return self.one.finished(outputs)


class _Run(Protocol):
    """Runs one product; the observer's clock begins at ``passed``."""

    def __call__(self, product: ConvJob, passed: int) -> JobResult: ...


def run_products(job: MapsJob, run: _Run) -> JobResult:
    """All products of a job by one telling, one after the other, and their result."""
    results: list[JobResult] = []
    passed = 0
    for product in job.products:
        results.append(run(product, passed))
        if results[-1].counters is not None:
            passed += results[-1].counters.cycles
    return job.combined(results)


class Later:
    """Shows an observer the cycles of a part as those that follow ``passed`` others."""

    def __init__(self, observer: Observer, passed: int) -> None:
        self._observer, self._passed = observer, passed

    def cycle(self, t: int, array: Any) -> None:
        """At the start of cycle ``t`` of the vector."""
        self._observer.cycle(self._passed + t, array)


def vector_by_vector(
    run: Callable[..., JobResult], config: EieConfig, job: ConvJob, outputs: bool,
    observer: Observer | None = None, passed: int = 0, **options: Any,
) -> JobResult:
    """A product by a telling of one plan: nothing is carried from one to the next (V1), unless they
    share refills (M10).

    Parameters
    ----------
    passed : cycles before the first vector, for the observer
    observer : sees the cycles of all vectors, each in an array of its own
    options : the telling's own
    """
    results: list[JobResult] = []
    for part in job.runs():
        if observer is not None:
            options["observer"] = Later(observer, passed)
        results.append(run(config, part, outputs, **options))
        passed += results[-1].counters.cycles
    return added(results)


def added(results: Iterable[JobResult]) -> JobResult:
    """The results of vectors, one after the other, as those of all."""
    every = list(results)
    told = [np.atleast_2d(r.outputs) for r in every if r.outputs is not None]
    counted = [r.counters for r in every if r.counters is not None]
    operations = {name: sum(r.operations[name] for r in every) for name in every[0].operations}
    return JobResult(np.concatenate(told) if told else None,
                     type(counted[0]).added(counted) if counted else None, operations)
