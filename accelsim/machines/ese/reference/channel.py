"""One channel of ESE: its PEs, its element-wise units, its vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from accelsim.lowering.arithmetic import evaluate
from accelsim.lowering.equations import Elementwise
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.reference.adder_tree import AdderTree
from accelsim.machines.ese.reference.assemble import Assemble
from accelsim.machines.ese.reference.elem_mul import ElemMul
from accelsim.machines.ese.reference.elementwise import ElementwiseUnit
from accelsim.machines.ese.reference.pe import EsePe
from accelsim.machines.ese.reference.sigmoid_tanh import SigmoidTanh
from accelsim.machines.ese.reference.vector_buffer import VectorBuffer
from accelsim.machines.ese.schedule import Operation
from accelsim.machines.ese.tables import gate_frac_bits


class Channel:
    """Vectors by name: inputs ``x``, products by matrix, results of equations, biases, peepholes.

    What each operation computes is contract V3 to V6.
    """

    def __init__(self, config: EseConfig, job: RecurrentJob, pes: Sequence[EsePe]) -> None:
        self._program = program = job.program
        width, latency = config.elementwise_width, config.elementwise_latency_cycles
        self.pes = pes
        self.assemble = Assemble(config.activation_bits)
        self.elem_mul = ElemMul(width, latency, config.activation_bits)
        self.tables = SigmoidTanh(job.tables)
        self.adder_tree = AdderTree(width, latency, config.activation_bits, self.tables)
        n_cells = job.layer.n_cells
        lengths = {name: stream.shape[0] for name, stream in job.streams.items()}
        lengths |= dict.fromkeys(job.vectors, n_cells)
        lengths |= {equation.result: n_cells for equation in program.equations}
        self.vectors = {name: VectorBuffer(name, length) for name, length in lengths.items()}
        self._x = [VectorBuffer("x", job.layer.n_inputs) for _ in range(2)]
        self.y = program.output
        for name in (self.y, *program.states):
            self.vectors[name] = VectorBuffer(name, lengths[name], 0)
        self._frac = job.frac_bits
        self._one = 1 << gate_frac_bits(config)
        self._equations = {equation.result: equation for equation in program.equations}

    @property
    def next_x(self) -> VectorBuffer:
        """The half that the next inputs go to."""
        return self._x[1]

    def begin_step(self) -> None:
        """The inputs' halves swap."""
        self._x.reverse()

    def activation(self, matrix: str, column: int) -> int:
        """What a column of a matrix is multiplied by."""
        return self.read(self._program.products[matrix].vector, column)

    def read(self, name: str, element: int) -> int:
        """An element of a vector, by the names of the equations."""
        if name == "x":
            return self._x[0].read(element)
        return self.vectors[self.y if name == "y" else name].read(element)

    def start(self, operation: Operation, cycle: int) -> None:
        """Begin an element-wise operation."""
        equation = self._equations[operation.result]
        unit = self.elem_mul if equation.unit == "elem_mul" else self.adder_tree
        target = self.vectors[operation.result]
        if not self._program.in_place(equation):
            target.begin()
        element = _Element(self, self._one, self._frac, unit)
        unit.start(cycle, partial(element.of, equation), target, operation.length)

    def load(self, cycle: int) -> None:
        """Clock edge of the units behind the PEs."""
        self.assemble.load()
        self.elem_mul.load(cycle)
        self.adder_tree.load(cycle)

    def units(self) -> dict[str, Assemble | ElementwiseUnit]:
        """What a trace shows of a channel beside its PEs, by name."""
        return {"assemble": self.assemble, "elem_mul": self.elem_mul,
                "adder_tree": self.adder_tree}

    @property
    def idle(self) -> bool:
        """Whether these units are done."""
        return self.assemble.idle and self.elem_mul.idle and self.adder_tree.idle


class _Element:
    """The units of a channel as arithmetic, on one element after the other."""

    def __init__(
        self, channel: Channel, one: int, frac_bits: Mapping[str, int], unit: ElemMul | AdderTree,
    ) -> None:
        self._channel, self._one, self._frac = channel, one, frac_bits
        self._total = unit.result if isinstance(unit, ElemMul) else unit.add
        self._element = 0

    def of(self, equation: Elementwise, element: int) -> int:
        """One element of an equation's result."""
        self._element = element
        return evaluate(equation, self)

    def read(self, name: str) -> int:
        """The element of a vector."""
        return self._channel.read(name, self._element)

    def complement(self, value: int) -> int:
        """``1 - value``, in the binary point of the functions."""
        return self._one - value

    def times(self, left: int, right: int, shift: int) -> int:
        """Shifted, before saturation (V3)."""
        return ElemMul.product(left, right, shift)

    def total(self, terms: list[int], signal: str) -> int:
        """A sum, saturated by the unit (V3)."""
        return self._total(*terms)

    def look_up(self, function: str, value: int, signal: str) -> int:
        """A table's value (T2)."""
        return self._channel.tables.look_up(function, value, self._frac[signal])
