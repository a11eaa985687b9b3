"""What a trace of ESE shows: its units with their places, and the state machine's signals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from accelsim.records.signals import NOTHING, Place, Signals, Unit

if TYPE_CHECKING:
    from accelsim.machines.ese.reference.array import Ese


def units(array: Ese, pes: Sequence[int]) -> Iterator[Place]:
    """The state machine, the units that channels share, and those of some PEs and their
    channels; PEs are counted through channel after channel."""
    top, n_pe = ("ese",), array.config.n_pe
    yield (*top, "state_machine"), array
    shared: dict[str, Unit] = {"control": array.control, "ddr_1": array.ddr_1,
                               "ddr_2": array.ddr_2, "vector_path": array.path}
    for name, unit in shared.items():
        yield (*top, name), unit
    for pe in sorted({pe % n_pe for pe in pes}):
        yield (*top, f"weights[{pe}]"), array.weights[pe]
        yield (*top, f"pointers[{pe}]"), array.pointers[pe]
    for number in sorted({pe // n_pe for pe in pes}):
        channel, scope = array.channels[number], (*top, f"channel[{number}]")
        for name, unit in channel.units().items():
            yield (*scope, name), unit
        for pe in (pe % n_pe for pe in pes if pe // n_pe == number):
            for name, unit in channel.pes[pe].units():
                yield (*scope, f"pe[{pe}]", name), unit


def signals(array: Ese) -> Signals:
    """The time step, the slot's number in its state, and what holds the slot up (S2)."""
    def read() -> tuple[int, ...]:
        loader = array.pointers_loader
        pointers = loader is not None and not loader.whole
        return (
            NOTHING if array.step < 0 else array.step, array.slot.number, len(array.slots),
            not array.path.idle, array.tables_left > 0, array.slot.awaits_pointers and pointers,
            array.results_left > 0,
        )

    return Signals(
        {"step": 32, "number": 8, "slot": 32, "awaits_vectors": 1, "awaits_tables": 1,
         "awaits_pointers": 1, "stores": 1}, read,
    )
