"""The program of the state machine: a word of `ese_top.v` for each slot of the schedule."""

from __future__ import annotations

from accelsim.errors import UnsupportedError
from accelsim.lowering.equations import Complement, Elementwise, Sum, Times
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.rtl.layout import Memories, VectorMap
from accelsim.machines.ese.rtl.params import ADDRESS_BITS, LENGTH_BITS, EseParameters
from accelsim.machines.ese.schedule import Operation, Slot

PLAIN, THIS_STEP, STEP_BEFORE, STATE_BEFORE = range(4)
"""Kinds of references (vector_ref.v)."""

FUNCTIONS = {None: 0, "sigmoid": 1, "tanh": 2}


class ProgramWords:
    """Words of one job."""

    def __init__(self, parameters: EseParameters, job: RecurrentJob, memories: Memories) -> None:
        self._p, self._job, self._memories = parameters, job, memories
        self._map = VectorMap(job, parameters.vector_copy)
        self._made: set[str] = set()  # in this step
        self._equations = {e.result: e for e in job.program.equations}

    def words(self) -> list[int]:
        """Initial slots, those of a step, the final one."""
        schedule = self._job.schedule
        result = [self._word(slot, 0) for slot in schedule.initial]
        last = len(schedule.step) - 1
        for number, slot in enumerate(schedule.step):
            flags = (number == 0) | (number == last) << 1
            result.append(self._word(slot, flags))
            self._made |= {op.result for op in slot.operations} | {slot.spmv or ""}
        return [*result, *(self._word(slot, 1 << 2) for slot in schedule.final)]

    def _word(self, slot: Slot, place: int) -> int:
        job, memories, p = self._job, self._memories, self._p
        flags = (place | slot.awaits_pointers << 3 | slot.store_y << 4 | slot.tables << 5
                 | (slot.fetch_vector is not None) << 6 | slot.fetch_x << 7
                 | (slot.fetch_matrix is not None) << 8 | (slot.spmv is not None) << 9)
        fields = [(flags, 10)]
        table = memories.tables if slot.tables else (0, 0)
        fields += [(table[0], ADDRESS_BITS), (table[1], LENGTH_BITS)]
        address, words, length, target = 0, 0, 0, 0
        if slot.fetch_vector is not None:
            address, words = memories.vectors[slot.fetch_vector]
            length = len(job.vectors[slot.fetch_vector])
            target = self._target(slot.fetch_vector)
        elif slot.fetch_x:
            words, length = memories.x[1], job.layer.n_inputs
            target = self._kind(THIS_STEP, "x")
        fields += [(address, ADDRESS_BITS), (words, LENGTH_BITS), (length, LENGTH_BITS),
                   (target, self._ref_bits)]
        if slot.fetch_matrix is not None:
            at, empty, n_words = memories.weights[slot.fetch_matrix]
            pointers = memories.pointers[slot.fetch_matrix]
            columns = job.streams[slot.fetch_matrix].shape[1]
        else:
            at, empty, n_words, pointers, columns = 0, 0, 0, (0, 0), 0
        fields += [(at, ADDRESS_BITS), (n_words, LENGTH_BITS), (empty, p.column_bits),
                   (pointers[0], ADDRESS_BITS), (pointers[1], LENGTH_BITS),
                   (columns, p.column_bits)]
        shift_bits = (p.weight_bits + p.activation_bits).bit_length()
        if slot.spmv is not None:
            n_rows, n_columns = job.streams[slot.spmv].shape
            source = self._source(job.program.products[slot.spmv].vector)
            fields += [(n_columns, p.column_bits), (n_rows, LENGTH_BITS),
                       (job.shifts[slot.spmv], shift_bits), (source, self._ref_bits),
                       (self._target(slot.spmv), self._ref_bits)]
        else:
            fields += [(0, p.column_bits), (0, LENGTH_BITS), (0, shift_bits),
                       (0, self._ref_bits), (0, self._ref_bits)]
        for unit in ("elem_mul", "adder_tree"):
            found = [op for op in slot.operations if op.unit == unit]
            if len(found) > 1:
                raise UnsupportedError(f"{job.name}: slot {slot.name} has {len(found)} operations "
                                       f"of {unit}; rtl/ese does one")
            fields += self._operation(found[0] if found else None)
        return packed_fields(fields)

    def _operation(self, operation: Operation | None) -> list[tuple[int, int]]:
        op_bits = 18 + 2 * self._p.op_shift_bits
        if operation is None:
            return [(0, 1), (0, op_bits), (0, LENGTH_BITS), (0, 5 * self._ref_bits)]
        equation = self._equations[operation.result]
        code, operands = self._code(equation)
        sources = [(self._source(name) if name else 0, self._ref_bits) for name in operands]
        return [(1, 1), (code, op_bits), (operation.length, LENGTH_BITS), *sources,
                (self._target(operation.result), self._ref_bits)]

    def _code(self, equation: Elementwise) -> tuple[int, list[str]]:
        """op_i of elementwise.v, and the names of operands a to d ("": none)."""
        terms, p = equation.total.terms, self._p
        shifts, flags = [0, 0], 0
        if all(isinstance(term, str) for term in terms) and len(terms) <= 4:
            operands = [str(term) for term in terms]
        elif 1 <= len(terms) <= 2 and all(isinstance(term, Times) for term in terms):
            operands, flags = self._products([t for t in terms if isinstance(t, Times)], equation)
            most = 2 * p.activation_bits + 1
            for number, term in enumerate(terms):
                assert isinstance(term, Times)
                shifts[number] = min(term.shift, most)
        else:
            self._refuse(equation)
        operands += [""] * (4 - len(operands))
        valid = sum(bool(name) << n for n, name in enumerate(operands))
        look = 0
        if equation.function is not None:
            table = self._job.tables[equation.function]
            look = self._job.frac_bits[equation.total.signal] - table.step_frac_bits
            look = max(look, -(p.table_samples - 1).bit_length())
        return packed_fields([
            (flags, 4), (valid, 4), (shifts[0], p.op_shift_bits), (shifts[1], p.op_shift_bits),
            (FUNCTIONS[equation.function], 2), (look & 255, 8)]), operands

    def _products(self, terms: list[Times], equation: Elementwise) -> tuple[list[str], int]:
        """Operands and the lowest bits of op_i: product, two, complement, bracket."""
        first = terms[0]
        flags = 1 | (len(terms) == 2) << 1
        left, right = first.left, first.right
        if isinstance(left, Sum):
            left, right = right, left
        if isinstance(left, Complement):
            flags |= 4
            left = left.name
        inner = [right] if isinstance(right, str) else []
        if isinstance(right, Sum):
            inner = [str(t) for t in right.terms if isinstance(t, str)]
            flags |= 8
            if len(inner) != len(right.terms) or len(inner) > 2 or len(terms) == 2:
                self._refuse(equation)
        if not isinstance(left, str) or not inner:
            self._refuse(equation)
        operands = [str(left), *inner]
        if len(terms) == 2:
            second = terms[1]
            if not (isinstance(second.left, str) and isinstance(second.right, str)):
                self._refuse(equation)
            operands += [str(second.left), str(second.right)]
        return operands, flags

    def _refuse(self, equation: Elementwise) -> None:
        raise UnsupportedError(f"{self._job.name}: rtl/ese has no operation for the equation of "
                               f"'{equation.result}'; use --engine fast")

    @property
    def _ref_bits(self) -> int:
        return self._p.vector_bits + 2

    def _kind(self, kind: int, name: str) -> int:
        return kind << self._p.vector_bits | self._map.base[name]

    def _source(self, name: str) -> int:
        program = self._job.program
        made = name in self._made or (name == "y" and program.output in self._made)
        if name == "x":
            return self._kind(THIS_STEP, name)
        if name in ("y", program.output):
            return self._kind(THIS_STEP if made else STEP_BEFORE, name)
        return self._kind(STATE_BEFORE if name in program.states and not made else PLAIN, name)

    def _target(self, name: str) -> int:
        return self._kind(THIS_STEP if name == self._job.program.output else PLAIN, name)


def packed_fields(fields: list[tuple[int, int]]) -> int:
    """(value, bits) side by side, the first in the lowest bits."""
    result, at = 0, 0
    for value, bits in fields:
        result |= (value & (1 << bits) - 1) << at
        at += bits
    return result
