"""LSTM and GRU in fixed point, bit-exact (contract V1 to V8): values, no time.

The matrix products come from a function that the engine gives, so that the functional and the
fast engine share these equations; the reference has units of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.tables import gate_frac_bits, saturated

IntArray = npt.NDArray[np.int64]
SpMV = Callable[[str, IntArray], IntArray]
"""(matrix, (n_channels, n_columns) activations) to (n_channels, n_rows) accumulators."""


class FixedCell:
    """One layer and its state: the outputs ``y`` and the cells ``c`` of every channel.

    Counters: ``saturations`` of element-wise results.
    """

    def __init__(self, config: EseConfig, job: RecurrentJob, spmv: SpMV) -> None:
        self._job = job
        self._multiply = spmv
        self._bits = config.activation_bits
        self._wider_sums = config.accumulator_bits > config.activation_bits
        self._gate = gate_frac_bits(config)
        self._frac = job.frac_bits
        n_channels, layer = job.n_channels, job.layer
        self.y: IntArray = np.zeros((n_channels, layer.n_outputs), dtype=np.int64)
        self.c: IntArray = np.zeros((n_channels, layer.n_cells), dtype=np.int64)
        self.saturations = 0
        self._step = {"lstm": self._lstm, "gru": self._gru, "linear": self._linear}[layer.kind]

    def step(self, x: IntArray) -> IntArray:
        """(n_channels, n_inputs) inputs of one time step to (n_channels, n_outputs)."""
        self._step(x)
        return self.y

    def _spmv(self, name: str, activations: IntArray) -> IntArray:
        """Accumulators as Assemble gives them: of the width of an activation."""
        sums = self._multiply(name, activations)
        return self._saturate(sums) if self._wider_sums else sums

    def _saturate(self, values: IntArray) -> IntArray:
        result, changed = saturated(values, self._bits)
        self.saturations += changed
        return result

    def _product(self, a: IntArray, b: IntArray, shift: int) -> IntArray:
        """ElemMul: the whole product, shifted with rounding."""
        half = (1 << (shift - 1)) if shift > 0 else 0
        return (a * b + half) >> shift

    def _peephole(self, gate: str) -> IntArray | int:
        """ElemMul 1: peephole times cells, in the gate's binary point."""
        name = f"W{gate}c"
        if name not in self._job.layer.peepholes:
            return 0
        shift = self._frac[name] + self._frac["cell"] - self._frac[gate]
        return self._saturate(self._product(self._job.vectors[name], self.c, shift))

    def _gate_of(self, gate: str, x: IntArray, peephole: IntArray | int, function: str) -> IntArray:
        """Adder tree and table: the function of a gate's pre-activation."""
        total = (self._spmv(f"W{gate}x", x) + self._spmv(f"W{gate}r", self.y)
                 + peephole + self._job.vectors[f"b{gate}"])
        return self._table(function, self._saturate(total), gate)

    def _table(self, function: str, values: IntArray, signal: str) -> IntArray:
        return self._job.tables[function].look_up(values, self._frac[signal])

    def _lstm(self, x: IntArray) -> None:
        frac, gate = self._frac, self._gate
        i = self._gate_of("i", x, self._peephole("i"), "sigmoid")
        f = self._gate_of("f", x, self._peephole("f"), "sigmoid")
        g = self._gate_of("c", x, 0, self._job.layer.cell_activation)
        self.c = self._saturate(
            self._product(f, self.c, gate) + self._product(i, g, 2 * gate - frac["cell"])
        )
        o = self._gate_of("o", x, self._peephole("o"), "sigmoid")
        h = self._table("tanh", self.c, "cell")
        m = self._saturate(self._product(o, h, 2 * gate - frac["m"]))
        self.y = self._spmv("Wym", m) if "Wym" in self._job.weights else m

    def _gru(self, x: IntArray) -> None:
        frac, gate, h = self._frac, self._gate, self.y
        vectors = self._job.vectors
        r = self._gate_of("r", x, 0, "sigmoid")
        z = self._gate_of("z", x, 0, "sigmoid")
        if self._job.layer.reset_after:
            inner = self._saturate(self._spmv("Wnr", h) + vectors["bnr"])
            term = self._saturate(self._product(r, inner, gate + frac["nr"] - frac["n"]))
        else:
            term = self._spmv("Wnr", self._saturate(self._product(r, h, gate)))
        total = self._saturate(self._spmv("Wnx", x) + term + vectors["bn"])
        n = self._table("tanh", total, "n")
        one = np.int64(1 << gate)
        self.y = self._saturate(
            self._product(one - z, n, 2 * gate - frac["y"]) + self._product(z, h, gate)
        )

    def _linear(self, x: IntArray) -> None:
        sums = self._spmv("Wyx", x)
        self.y = self._saturate(sums + self._job.vectors["by"]) if self._job.layer.biases else sums


def result_counts(job: RecurrentJob) -> dict[str, int]:
    """Element-wise work of an utterance (contract E2): results by unit and table look-ups."""
    elements = len(job.inputs) * job.n_channels
    lookups = {"lstm": 5, "gru": 3, "linear": 0}[job.layer.kind] * job.layer.n_cells
    counts = {"elem_mul": 0, "adder_tree": 0}
    for slot in job.schedule.step:
        for operation in slot.operations:
            counts[operation.unit] += operation.length
    return {
        "elem_mul_results": counts["elem_mul"] * elements,
        "adder_tree_results": counts["adder_tree"] * elements,
        "table_lookups": lookups * elements,
    }
