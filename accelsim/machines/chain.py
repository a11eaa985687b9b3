"""Work in sequence on one machine: the outputs of one piece are the inputs of the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from accelsim.errors import UnsupportedError
from accelsim.machines.base import Machine
from accelsim.records.job import Job
from accelsim.records.losses import Loss
from accelsim.records.result import RunResult


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
    """Values pass from piece to piece as real numbers and are quantised again."""

    def __init__(
        self, machine: Machine, config: Any, works: Sequence[Any], inputs: npt.NDArray[Any]
    ) -> None:
        self._machine, self._config, self._works = machine, config, works

    def job(self, index: int, inputs: npt.NDArray[Any]) -> Job:
        return self._machine.job(self._config, self._works[index], inputs)

    def carry(self, index: int, result: RunResult) -> npt.NDArray[Any]:
        return result.outputs_float

    def lost(self, index: int, result: RunResult) -> Sequence[Loss]:
        return ()

    def outputs(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return np.array([self._last(vector) for vector in inputs], dtype=np.int64)

    def _last(self, vector: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        engine = self._machine.check_engine(
            "functional" if "functional" in self._machine.tellings else None)
        for index in range(len(self._works) - 1):
            vector = self.carry(
                index, self._machine.finish(self._config, self.job(index, vector), engine))
        last = self._machine.finish(self._config, self.job(len(self._works) - 1, vector), engine)
        if last.outputs is None:
            raise UnsupportedError(f"{last.name}: the machine '{self._machine.name}' tells no "
                                   f"values of this work")
        return last.outputs


def chain_of(machine: Machine, config: Any, works: Sequence[Any], inputs: npt.NDArray[Any]
             ) -> Chain:
    """The machine's own chain, or one that passes real numbers.

    Raises
    ------
    InputError
        If neighbours do not fit each other.
    """
    if machine.chain is None:
        return FloatChain(machine, config, works, inputs)
    made: Chain = machine.part("chain")(config, works, inputs)
    return made
