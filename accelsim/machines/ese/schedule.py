"""The state machine as data: which slots a time step has, and what runs in each at once.

The rows come from the description of the cell (`accelsim.records.cells`); both engines execute
the same schedule. Rules: README.md (S1 to S5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from accelsim.errors import InputError
from accelsim.lowering.program import Program
from accelsim.records.cells import Unit

WYM_STATE = 5
"""In whose first slot the projection is fetched (contract, ping-pong buffers)."""


@dataclass(frozen=True)
class Operation:
    """One element-wise operation over a whole vector: ``unit`` makes ``result``."""

    unit: Unit
    result: str
    length: int


@dataclass(frozen=True)
class Slot:
    """What runs at the same time; the next slot begins when all of it is done (S2).

    Attributes
    ----------
    fetch_matrix : matrix requested from DDR_1, its pointers from DDR_2
    fetch_vector : shared by all channels (DDR_2); ``fetch_x`` the next x_t of every channel.
        No slot fetches both, or two of them.
    spmv : matrix that the PEs multiply
    awaits_pointers : the next slot multiplies, so its pointers must have arrived (F2)
    store_y : y of the step before goes to DDR_1
    tables : the look-up tables are fetched
    """

    state: str
    number: int
    fetch_matrix: str | None = None
    fetch_vector: str | None = None
    fetch_x: bool = False
    spmv: str | None = None
    operations: tuple[Operation, ...] = ()
    awaits_pointers: bool = False
    store_y: bool = False
    tables: bool = False

    @property
    def name(self) -> str:
        """For instance ``STATE_2.1``."""
        return f"{self.state}.{self.number}"


@dataclass(frozen=True)
class Schedule:
    """Slots of the initial state, of one time step, and after the last one."""

    initial: tuple[Slot, ...]
    step: tuple[Slot, ...]
    final: tuple[Slot, ...]

    def utterance(self, n_steps: int) -> list[Slot]:
        """All slots of ``n_steps`` time steps: the last fetches no more, the first stores no y."""
        first = replace(self.step[0], store_y=False)
        last = replace(self.step[-1], fetch_matrix=None, fetch_x=False)
        slots = list(self.step) * n_steps
        slots[0], slots[-1] = first, last
        if len(self.step) == 1 and n_steps == 1:
            slots = [replace(last, store_y=False)]
        return [*self.initial, *slots, *self.final]


def make_schedule(program: Program, n_cells: int) -> Schedule:
    """The slots of a program, one a row: what is fetched, multiplied and computed in each."""
    rows = program.rows
    states = [f"STATE_{row.state}" for row in rows]
    matrices = list(program.products)
    first, after = matrices[0], dict(zip(matrices, [*matrices[1:], None], strict=True))
    vectors = _fetched(program)
    slots = []
    for index, row in enumerate(rows):
        number = 1 + states[:index].count(states[index])
        matrix = row.product.matrix if row.product else None
        fetch = after[matrix] if matrix else None
        # Wym is fetched while the last gate is computed, not during the last gate's SpMV.
        if "Wym" in matrices and matrix is None and number == 1 and row.state == WYM_STATE:
            fetch = "Wym"
        elif fetch == "Wym":
            fetch = None
        is_last = index == len(rows) - 1
        slots.append(Slot(
            states[index], number, first if is_last else fetch, vectors.get(index), is_last,
            matrix, tuple(Operation(e.unit, e.result, n_cells) for e in row.equations),
            awaits_pointers=rows[(index + 1) % len(rows)].product is not None,
            store_y=index == 0,
        ))
    initial = (
        Slot("INITIAL", 1, tables=True),
        Slot("INITIAL", 2, first, None, True, awaits_pointers=True),
    )
    return Schedule(initial, tuple(slots), (Slot("FINAL", 1, store_y=True),))


def _fetched(program: Program) -> dict[int, str]:
    """Slot index to the vector fetched in it, in the order of their use (S4).

    Raises
    ------
    InputError
        If a slot would read a vector that comes later.
    """
    slot = {name: index for index, name in enumerate(program.vectors)}
    for index, row in enumerate(program.rows):
        for equation in row.equations:
            for name in equation.reads() & slot.keys():
                if slot[name] >= index:
                    raise InputError(f"slot {index + 1} reads '{name}', which slot "
                                     f"{slot[name] + 1} fetches; fetch it earlier")
    return {index: name for name, index in slot.items()}
