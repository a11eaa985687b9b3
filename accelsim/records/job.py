"""What a machine is given to do: the part that every machine's job has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.records.losses import Loss
from accelsim.records.shown import Short

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Given(Short):
    """What a job was made from: the work, its inputs, and the options of ``make_job``."""

    work: Any
    inputs: Any
    options: Mapping[str, Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class Job(Short):
    """Work as integers, valid once built; a machine's own job derives from it.

    Attributes
    ----------
    name : of the layer
    frac_bits : binary point of every signal (`accelsim.fixedpoint`); "output" is that of the
        outputs
    n_channels : input vectors that the machine works on at the same time
    provenance : where the work came from
    no_outputs : why a run of this job has no outputs, in words; empty where it has
    lowering : how a convolution became products of a matrix and vectors; empty elsewhere
    tried : where the fastest lowering was asked for: each one's cycles, or why it was refused
    losses : what the work lost on its way to these integers
    given : what it was made from (`accelsim.machines.base.Machine.job` keeps it), or None
    """

    name: str = "layer"
    frac_bits: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    n_channels: int = 1
    provenance: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    no_outputs: str = ""
    lowering: str = ""
    tried: Mapping[str, int | str] = field(default_factory=lambda: MappingProxyType({}))
    losses: tuple[Loss, ...] = ()
    given: Given | None = None

    @property
    def n_vectors(self) -> int:
        """Input vectors that the work sees one after the other: the pixels of a convolution."""
        return 1

    def vector_job(self, index: int) -> Job:
        """What one of the vectors gives the machine to do, a job like any other.

        Raises
        ------
        InputError
            If there are not so many.
        """
        if index != 0:
            raise InputError(f"{self.name}: vector is {index}; there is one, 0")
        return self

    def check(self, config: Any) -> None:
        """Raise `InputError` if the job does not belong to this configuration."""

    def finished(self, outputs: IntArray) -> IntArray:
        """What the next reader sees of a telling's outputs: rows in the layer's order, ReLU."""
        return outputs

    def input_sha256(self) -> str:
        """Digest of the input integers, for notes; an error where a job has none to tell."""
        raise InputError(f"{self.name}: this job tells no digest of its inputs")

    def again(self, machine: Any, config: Any, work: Any = None) -> Job:
        """The same inputs given to another configuration, or to other work of the same shape.

        Parameters
        ----------
        machine : the `accelsim.machines.base.Machine` that makes the job
        work : None takes what this job was made from

        Raises
        ------
        InputError
            If the job does not know what it was made from.
        CapacityError, UnsupportedError
            As ``make_job``.
        """
        if self.given is None:
            raise InputError(f"{self.name}: this job does not keep what it was made from; "
                             f"make it with Machine.job")
        wanted = self.given.work if work is None else work
        made: Job = machine.job(config, wanted, self.given.inputs, **self.given.options)
        return made
