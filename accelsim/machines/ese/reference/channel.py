"""One channel of ESE: its PEs, its element-wise units, its vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.reference.adder_tree import AdderTree
from accelsim.machines.ese.reference.assemble import Assemble
from accelsim.machines.ese.reference.elem_mul import ElemMul
from accelsim.machines.ese.reference.elementwise import Element
from accelsim.machines.ese.reference.pe import EsePe
from accelsim.machines.ese.reference.sigmoid_tanh import SigmoidTanh
from accelsim.machines.ese.reference.vector_buffer import VectorBuffer
from accelsim.machines.ese.schedule import Operation
from accelsim.machines.ese.tables import gate_frac_bits

IN_PLACE = {("lstm", "c"), ("gru", "h")}
"""Operations that overwrite the state that they read, element by element."""


class Channel:
    """Vectors by name: inputs ``x``, products by matrix, results of operations, biases, peepholes.

    What each operation computes is contract V4 to V6.
    """

    def __init__(self, config: EseConfig, job: RecurrentJob, pes: Sequence[EsePe]) -> None:
        self._layer = layer = job.layer
        self._frac = job.frac_bits
        self._gate = gate_frac_bits(config)
        width, latency = config.elementwise_width, config.elementwise_latency_cycles
        self.pes = pes
        self.assemble = Assemble(config.activation_bits)
        self.elem_mul = ElemMul(width, latency, config.activation_bits)
        self.tables = SigmoidTanh(job.tables)
        self.adder_tree = AdderTree(width, latency, config.activation_bits, self.tables)
        self.vectors = {
            name: VectorBuffer(name, stream.shape[0]) for name, stream in job.streams.items()
        }
        for name in job.vectors:
            loaded = name in layer.biases or name in layer.peepholes
            self.vectors[name] = VectorBuffer(name, layer.n_cells, None if loaded else 0)
        for slot in job.schedule.step:
            for operation in slot.operations:
                self.vectors[operation.result] = VectorBuffer(operation.result, operation.length)
        self._x = [VectorBuffer("x", layer.n_inputs) for _ in range(2)]
        self.y = {"lstm": "Wym" if "Wym" in job.weights else "m", "gru": "h",
                  "linear": "y" if layer.biases else "Wyx"}[layer.kind]
        self.vectors[self.y] = VectorBuffer(self.y, layer.n_outputs, 0)
        if layer.kind == "lstm":
            self.vectors["c"] = VectorBuffer("c", layer.n_cells, 0)
        self._elements: dict[str, Callable[[int], int]] = self._programs()

    @property
    def next_x(self) -> VectorBuffer:
        """The half that the next inputs go to."""
        return self._x[1]

    def begin_step(self) -> None:
        """The inputs' halves swap."""
        self._x.reverse()

    def activation(self, matrix: str, column: int) -> int:
        """What a column of a matrix is multiplied by."""
        if matrix.endswith("x"):
            return self._x[0].read(column)
        if matrix == "Wym":
            return self.vectors["m"].read(column)
        before = self._layer.kind == "gru" and not self._layer.reset_after and matrix == "Wnr"
        return self.vectors["s" if before else self.y].read(column)

    def start(self, operation: Operation, cycle: int) -> None:
        """Begin an element-wise operation."""
        unit = self.elem_mul if operation.unit == "elem_mul" else self.adder_tree
        target = self.vectors[operation.result]
        if (self._layer.kind, operation.result) not in IN_PLACE:
            target.begin()
        unit.start(cycle, self._elements[operation.result], target, operation.length)

    def load(self, cycle: int) -> None:
        """Clock edge of the units behind the PEs."""
        self.assemble.load()
        self.elem_mul.load(cycle)
        self.adder_tree.load(cycle)

    @property
    def idle(self) -> bool:
        """Whether these units are done."""
        return self.assemble.idle and self.elem_mul.idle and self.adder_tree.idle

    def _programs(self) -> dict[str, Element]:
        if self._layer.kind == "lstm":
            return {
                "Wic.c": self._peephole("i"), "Wfc.c": self._peephole("f"),
                "Woc.c": self._peephole("o"), "i": self._gate_of("i", "sigmoid"),
                "f": self._gate_of("f", "sigmoid"),
                "g": self._gate_of("c", self._layer.cell_activation), "c": self._cell,
                "h": lambda e: self.tables.look_up("tanh", self._at("c", e), self._frac["cell"]),
                "o": self._gate_of("o", "sigmoid"), "m": self._hidden,
            }
        if self._layer.kind == "gru":
            return {
                "r": self._gate_of("r", "sigmoid"), "z": self._gate_of("z", "sigmoid"),
                "s": self._reset, "n": self._candidate, "h": self._state,
            }
        return {"y": lambda e: self.adder_tree.add(self._at("Wyx", e), self._at("by", e))}

    def _at(self, name: str, element: int) -> int:
        return self.vectors[name].read(element)

    def _peephole(self, gate: str) -> Element:
        name = f"W{gate}c"

        def product(e: int) -> int:
            shift = self._frac[name] + self._frac["cell"] - self._frac[gate]
            mul = self.elem_mul
            return mul.result(mul.product(self._at(name, e), self._at("c", e), shift))

        return product

    def _gate_of(self, gate: str, function: str) -> Element:
        terms = [f"W{gate}x", f"W{gate}r", f"b{gate}"]
        if f"W{gate}c" in self._layer.peepholes:
            terms.append(f"W{gate}c.c")

        def activated(e: int) -> int:
            total = self.adder_tree.add(*(self._at(term, e) for term in terms))
            return self.tables.look_up(function, total, self._frac[gate])

        return activated

    def _cell(self, e: int) -> int:
        product = self.elem_mul.product
        return self.adder_tree.add(
            product(self._at("f", e), self._at("c", e), self._gate),
            product(self._at("i", e), self._at("g", e), 2 * self._gate - self._frac["cell"]),
        )

    def _hidden(self, e: int) -> int:
        shift = 2 * self._gate - self._frac["m"]
        mul = self.elem_mul
        return mul.result(mul.product(self._at("o", e), self._at("h", e), shift))

    def _reset(self, e: int) -> int:
        mul, r = self.elem_mul, self._at("r", e)
        if not self._layer.reset_after:
            return mul.result(mul.product(r, self._at("h", e), self._gate))
        inner = mul.result(self._at("Wnr", e) + self._at("bnr", e))
        return mul.result(
            mul.product(r, inner, self._gate + self._frac["nr"] - self._frac["n"])
        )

    def _candidate(self, e: int) -> int:
        term = self._at("s" if self._layer.reset_after else "Wnr", e)
        total = self.adder_tree.add(self._at("Wnx", e), term, self._at("bn", e))
        return self.tables.look_up("tanh", total, self._frac["n"])

    def _state(self, e: int) -> int:
        mul, z = self.elem_mul, self._at("z", e)
        new = mul.product((1 << self._gate) - z, self._at("n", e),
                          2 * self._gate - self._frac["y"])
        return mul.result(new + mul.product(z, self._at("h", e), self._gate))
