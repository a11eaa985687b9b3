"""The state machine as data: which slots a time step has, and what runs in each at once.

Both engines execute the same schedule. Names of slots, matrices and vectors are those of the
ESE paper's state machine; the rules are in README.md (S1 to S5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from accelsim.records.recurrent import CELLS, RecurrentLayer


@dataclass(frozen=True)
class Operation:
    """One element-wise operation over a whole vector: ``unit`` makes ``result``."""

    unit: Literal["elem_mul", "adder_tree"]
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


def make_schedule(layer: RecurrentLayer) -> Schedule:
    """The schedule of a layer: what is multiplied, and what is computed from what when."""
    works = {"lstm": _lstm, "gru": _gru, "linear": _linear}[layer.kind](layer)
    vectors = _vector_order(layer)
    first = next(work[1] for work in works if work[1])
    matrices = [work[1] for work in works if work[1]]
    after = dict(zip(matrices, [*matrices[1:], None], strict=True))
    # Wym is fetched while the last gate is computed, not during the last gate's SpMV (STATE_5).
    late = {"Wym": "STATE_5"}
    slots = []
    for index, (state, spmv, operations) in enumerate(works):
        number = 1 + sum(work[0] == state for work in works[:index])
        fetch = after[spmv] if spmv else None
        if fetch in late:
            fetch = None
        if number == 1 and state == late["Wym"] and "Wym" in matrices and spmv is None:
            fetch = "Wym"
        is_last = index == len(works) - 1
        following = works[(index + 1) % len(works)][1]
        slots.append(Slot(
            state, number, first if is_last else fetch, vectors.get(index), is_last, spmv,
            operations, awaits_pointers=following is not None, store_y=index == 0,
        ))
    initial = (
        Slot("INITIAL", 1, tables=True),
        Slot("INITIAL", 2, first, None, True, awaits_pointers=True),
    )
    return Schedule(initial, tuple(slots), (Slot("FINAL", 1, store_y=True),))


Work = tuple[str, str | None, tuple[Operation, ...]]


def _lstm(layer: RecurrentLayer) -> list[Work]:
    """ESE's own order; without peepholes their products fall away, without projection Wym."""
    n = layer.n_cells
    peepholes = bool(layer.peepholes)

    def mul(result: str) -> tuple[Operation, ...]:
        return (Operation("elem_mul", result, n),) if peepholes else ()

    def add(result: str) -> tuple[Operation, ...]:
        return (Operation("adder_tree", result, n),)

    works: list[Work] = [
        ("STATE_1", "Wix", ()),
        ("STATE_1", "Wfx", ()),
        ("STATE_1", "Wcx", mul("Wic.c")),
        ("STATE_2", "Wir", mul("Wfc.c")),
        ("STATE_2", "Wfr", add("i")),
        ("STATE_2", "Wcr", add("f")),
        ("STATE_3", "Wox", add("g")),
        ("STATE_4", "Wor", add("c")),
        *([("STATE_4", None, mul("Woc.c"))] if peepholes else []),
        ("STATE_4", None, add("h")),
        ("STATE_5", None, add("o")),
        ("STATE_5", None, (Operation("elem_mul", "m", n),)),
    ]
    if "Wym" in layer.matrices:
        works.append(("STATE_6", "Wym", ()))
    return works


def _gru(layer: RecurrentLayer) -> list[Work]:
    """Not in the paper: the same units, gates in the order in which they are needed."""
    n = layer.n_cells

    def add(result: str) -> Operation:
        return Operation("adder_tree", result, n)

    def mul(result: str) -> Operation:
        return Operation("elem_mul", result, n)

    works: list[Work] = [
        ("STATE_1", "Wrx", ()),
        ("STATE_1", "Wzx", ()),
        ("STATE_1", "Wnx", ()),
        ("STATE_2", "Wrr", ()),
        ("STATE_2", "Wzr", (add("r"),)),
    ]
    if layer.reset_after:
        works += [("STATE_2", "Wnr", (add("z"),)), ("STATE_3", None, (mul("s"),))]
    else:
        works += [("STATE_3", None, (mul("s"), add("z"))), ("STATE_3", "Wnr", ())]
    return [*works, ("STATE_4", None, (add("n"),)), ("STATE_4", None, (mul("h"),))]


def _linear(layer: RecurrentLayer) -> list[Work]:
    works: list[Work] = [("STATE_1", "Wyx", ())]
    if layer.biases:
        works.append(("STATE_2", None, (Operation("adder_tree", "y", layer.n_cells),)))
    return works


def _vector_order(layer: RecurrentLayer) -> dict[int, str]:
    """Slot index to the vector fetched in it, in the order of their use (S4)."""
    if layer.kind == "lstm" and layer.peepholes:
        order = ["bi", "Wic", "Wfc", "bf", "bc", "bo", "Woc"]
    else:
        order = list(CELLS[layer.kind].biases)
    order = [name for name in order if name in layer.biases or name in layer.peepholes]
    return dict(enumerate(order))
