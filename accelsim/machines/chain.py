"""Work in sequence on one machine: the outputs of one piece are the inputs of the next."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from accelsim.errors import UnsupportedError
from accelsim.lowering.float_run import float_outputs
from accelsim.machines.base import Machine
from accelsim.records.job import Job
from accelsim.records.lineage import check_sequence
from accelsim.records.losses import Loss
from accelsim.records.result import RunResult
from accelsim.records.utterance import reads


class Chain(Protocol):
    """What is settled once for a sequence; a machine's ``chain`` part makes its own."""

    def job(self, index: int, inputs: npt.NDArray[Any]) -> Job:
        """What piece ``index`` is given to do."""

    def carry(self, index: int, result: RunResult) -> npt.NDArray[Any]:
        """The inputs of piece ``index + 1`` from the result of the one before it."""

    def lost(self, index: int, result: RunResult) -> Sequence[Loss]:
        """What `carry` loses of the result."""

    def outputs(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """The last piece's outputs for many input vectors at once, by the functional model."""


class FloatChain:
    """Values pass from piece to piece as real numbers and are quantised again.

    Pieces that are ``beside`` the one before them read what that one reads.
    """

    def __init__(
        self, machine: Machine, config: Any, works: Sequence[Any], fixed_point: bool = False,
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._machine, self._config, self._works = machine, config, works
        self._fixed_point, self._options = fixed_point, options

    def job(self, index: int, inputs: npt.NDArray[Any]) -> Job:
        first = not reads(self._works, index)
        return self._machine.job(self._config, self._works[index], inputs,
                                 fixed_point=self._fixed_point and first, **self._options)

    def gathered(self, index: int, inputs: npt.NDArray[Any], results: Sequence[RunResult]
                 ) -> npt.NDArray[Any]:
        """The inputs of piece ``index``, from those of the first and the results before it."""
        before = reads(self._works, index)
        if not before:
            return inputs
        if any(results[k].no_outputs for k in before):
            # A machine that tells no values takes none: what it would read is worked out in float.
            made = float_outputs(self._works[:index], inputs, self._options.get("lengths"))
            return np.concatenate([made[k] for k in before], axis=-1)
        if len(before) == 1:
            return self.carry(before[0], results[before[0]])
        return np.concatenate([self.carry(k, results[k]) for k in before], axis=-1)

    def carry(self, index: int, result: RunResult) -> npt.NDArray[Any]:
        return result.outputs_float

    def lost(self, index: int, result: RunResult) -> Sequence[Loss]:
        return ()

    def outputs(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return np.array([self._last(vector) for vector in inputs], dtype=np.int64)

    def _last(self, vector: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        engine = self._machine.check_engine(
            "functional" if "functional" in self._machine.tellings else None)
        results: list[RunResult] = []
        for index in range(len(self._works)):
            job = self.job(index, self.gathered(index, vector, results))
            results.append(self._machine.finish(self._config, job, engine))
        last = results[-1]
        if last.outputs is None:
            raise UnsupportedError(f"{last.name}: the machine '{self._machine.name}' tells no "
                                   f"values of this work")
        return last.outputs


def inputs_of(
    chain: Chain, index: int, inputs: npt.NDArray[Any], results: Sequence[RunResult]
) -> npt.NDArray[Any]:
    """What piece ``index`` is run on: the first's inputs, or what the pieces before it gave."""
    if isinstance(chain, FloatChain):
        return chain.gathered(index, inputs, results)
    return chain.carry(index - 1, results[index - 1]) if index else inputs


def chain_of(
    machine: Machine, config: Any, works: Sequence[Any], inputs: npt.NDArray[Any],
    fixed_point: bool = False, options: Mapping[str, Any] = MappingProxyType({}),
) -> Chain:
    """The machine's own chain, or one that passes real numbers.

    Parameters
    ----------
    fixed_point : the first piece's inputs are fixed-point integers
    options : of every piece's ``make_job``

    Raises
    ------
    InputError
        If neighbours do not fit each other.
    UnsupportedError
        If the machine's chain takes no fixed-point inputs, or the file that the works are from has
        something between them.
    """
    check_sequence(works)
    if machine.chain is None:
        return FloatChain(machine, config, works, fixed_point, options)
    if options:
        raise UnsupportedError(f"{machine.name}: its layers in sequence take no "
                               f"{', '.join(options)}; leave it out")
    part = machine.part("chain")
    if not fixed_point:
        made: Chain = part(config, works, inputs)
    elif "fixed_point" in inspect.signature(part).parameters:
        made = part(config, works, inputs, fixed_point=True)
    else:
        raise UnsupportedError(f"{machine.name}: its layers in sequence take no fixed-point "
                               f"inputs; give real numbers")
    return made
