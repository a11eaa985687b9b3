"""The equations of a layer in fixed point, bit-exact (contract V1 to V6): values, no time.

The matrix products come from a function that the engine gives, so that the functional and the
fast engine share this arithmetic; the reference has units of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from accelsim.lowering.arithmetic import evaluate
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.tables import gate_frac_bits, saturated

IntArray = npt.NDArray[np.int64]
SpMV = Callable[[str, IntArray], IntArray]
"""(matrix, (n_channels, n_columns) activations) to (n_channels, n_rows) accumulators."""


class FixedCell:
    """One layer and its vectors by name, (n_channels, n) integers each.

    Counters: ``saturations`` of element-wise results.
    """

    def __init__(self, config: EseConfig, job: RecurrentJob, spmv: SpMV) -> None:
        self._program, self._tables = job.program, job.tables
        self._multiply = spmv
        self._bits = config.activation_bits
        self._wider_sums = config.accumulator_bits > config.activation_bits
        self._frac = job.frac_bits
        self._one = np.int64(1 << gate_frac_bits(config))
        n_channels, layer = job.n_channels, job.layer
        self._values: dict[str, IntArray] = dict(job.vectors)
        for state in self._program.states:
            self._values[state] = np.zeros((n_channels, layer.n_cells), dtype=np.int64)
        self._values["y"] = np.zeros((n_channels, layer.n_outputs), dtype=np.int64)
        self.saturations = 0

    def step(self, x: IntArray) -> IntArray:
        """(n_channels, n_inputs) inputs of one time step to (n_channels, n_outputs)."""
        values = self._values
        values["x"] = x
        for row in self._program.rows:
            for equation in row.equations:
                values[equation.result] = evaluate(equation, self)
            if row.product is not None:
                values[row.product.matrix] = self._spmv(
                    row.product.matrix, values[row.product.vector])
        values["y"] = values[self._program.output]
        return values["y"]

    def _spmv(self, name: str, activations: IntArray) -> IntArray:
        """Accumulators as Assemble gives them: of the width of an activation."""
        sums = self._multiply(name, activations)
        return self._saturate(sums) if self._wider_sums else sums

    def _saturate(self, values: IntArray) -> IntArray:
        result, changed = saturated(values, self._bits)
        self.saturations += changed
        return result

    def read(self, name: str) -> IntArray:
        """A vector."""
        return self._values[name]

    def complement(self, value: IntArray) -> IntArray:
        """``1 - value``, in the binary point of the functions."""
        return self._one - value

    def times(self, left: IntArray, right: IntArray, shift: int) -> IntArray:
        """The whole product, shifted with rounding (V3)."""
        return (left * right + ((1 << shift) >> 1)) >> shift

    def total(self, terms: list[IntArray], signal: str) -> IntArray:
        """A sum, saturated once (V3)."""
        result = terms[0]
        for term in terms[1:]:
            result = result + term
        return self._saturate(result)

    def look_up(self, function: str, value: IntArray, signal: str) -> IntArray:
        """A table's value (T2)."""
        return self._tables[function].look_up(value, self._frac[signal])


def result_counts(job: RecurrentJob) -> dict[str, int]:
    """Element-wise work of an utterance (contract E2): results by unit and table look-ups."""
    elements = len(job.inputs) * job.n_channels
    counts = {"elem_mul": 0, "adder_tree": 0}
    for slot in job.schedule.step:
        for operation in slot.operations:
            counts[operation.unit] += operation.length
    lookups = sum(e.function is not None for e in job.program.equations) * job.layer.n_cells
    return {
        "elem_mul_results": counts["elem_mul"] * elements,
        "adder_tree_results": counts["adder_tree"] * elements,
        "table_lookups": lookups * elements,
    }
