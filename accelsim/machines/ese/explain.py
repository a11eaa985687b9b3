"""What ESE says of an utterance beyond its counters: which unit decides when each slot ends.

A slot lasts until the last of what runs in it is done (contract S2). The ends come from the fast
engine's own timing; what ends last is the slot's bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from accelsim.inside.explain import Details, Table, steady_step
from accelsim.machines.base import Machine
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.counters import EseCounters
from accelsim.machines.ese.explain_more import more_tables
from accelsim.machines.ese.fast import slot_ends
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.machine import MACHINE
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.result import RunResult, SlotTime

IntArray = npt.NDArray[np.int64]
Ends = Mapping[str, int]

CAUSES = (
    "multiplication", "weights arriving", "pointer fetch", "vector fetch", "input fetch",
    "table fetch", "element-wise", "assemble", "store",
)
"""What a slot may wait for, in the order of the columns that show it."""


def details(
    machine: Machine, config: EseConfig, work: RecurrentLayer, job: RecurrentJob,
    result: RunResult,
) -> Details:
    """The bound of every slot, the slots of a steady step, and what each matrix asks for.

    A variant whose fast telling is not ESE's has other slots: nothing is added to its counters.
    """
    if machine.tellings.get("fast") != MACHINE.tellings["fast"]:
        return Details()
    ends = slot_ends(config, job)
    bounds = tuple(bound_of(own) for own in ends)
    return Details(
        states=_states(config, result, ends, bounds),
        tables=(_bounds(result.slots, bounds), _slots(result.slots, bounds, ends),
                _matrices(config, job), *more_tables(config, job, result)),
        bound=_bound(config, job, result, ends, bounds),
        slot_bounds=bounds,
    )


def bound_of(ends: Ends) -> str:
    """What ends last in a slot; more than one where they end in the same cycle."""
    last = max(ends.values(), default=0)
    return " and ".join(cause for cause in CAUSES if ends.get(cause) == last) or "control"


def _states(
    config: EseConfig, result: RunResult, ends: Sequence[Ends], bounds: Sequence[str]
) -> dict[str, IntArray]:
    """The counters' states, "overhead" cut by what the PEs waited for behind their own work."""
    counters: EseCounters = result.timed
    waited: Counter[str] = Counter()
    for slot, own, bound in zip(result.slots, ends, bounds, strict=True):
        multiplied = own.get("weights arriving", own.get("multiplication", 0))
        waited[bound] += slot.cycles - multiplied
    set_up = counters.start_cycles + counters.drain_cycles
    states = counters.states()
    del states["overhead"]
    states["set-up, drain"] = np.full(counters.n_pe, set_up)
    return states | {f"waiting: {bound}": np.full(counters.n_pe, cycles)
                     for bound, cycles in waited.most_common() if cycles}


def _bound(
    config: EseConfig, job: RecurrentJob, result: RunResult, ends: Sequence[Ends],
    bounds: Sequence[str],
) -> str:
    """The cause that bounds most cycles, and where it comes from."""
    bound, cycles = _cycles_by_bound(result.slots, bounds).most_common(1)[0]
    text = f"{bound} bounds slots that take {100 * cycles / result.cycles:.1f} % of the cycles"
    if "pointer fetch" not in bound:
        return text
    columns = max(stream.shape[1] for stream in job.streams.values())
    return (f"{text}: each of the {config.n_pe} PEs has its own pointers, up to "
            f"{_pointers(config, columns):,} of {config.pointer_bits} bits a matrix")


def _cycles_by_bound(slots: Sequence[SlotTime], bounds: Sequence[str]) -> Counter[str]:
    cycles: Counter[str] = Counter()
    for slot, bound in zip(slots, bounds, strict=True):
        cycles[bound] += slot.cycles
    return cycles


def _bounds(slots: Sequence[SlotTime], bounds: Sequence[str]) -> Table:
    number, total = Counter(bounds), sum(slot.cycles for slot in slots)
    return Table(
        "bounds", "What decided when slots ended, over the utterance",
        {"bound": "bound", "slots": "slots", "cycles": "cycles", "percent": "% of cycles"},
        [{"bound": bound, "slots": number[bound], "cycles": cycles,
          "percent": round(100 * cycles / total, 2)}
         for bound, cycles in _cycles_by_bound(slots, bounds).most_common()],
    )


def _slots(slots: Sequence[SlotTime], bounds: Sequence[str], ends: Sequence[Ends]) -> Table:
    shown = steady_step(slots)
    chosen = [(slot, bound, own) for slot, bound, own in zip(slots, bounds, ends, strict=True)
              if slot.step == shown]
    total = sum(slot.cycles for slot, _, _ in chosen)
    causes = [cause for cause in CAUSES if any(cause in own for _, _, own in chosen)]
    return Table(
        "slots", f"Slots of step {shown}: cycles until each unit is done",
        {"slot": "slot", "matrix": "matrix", "cycles": "cycles", "percent": "% of step",
         "bound": "bound", **{cause: cause for cause in causes}},
        [{"slot": slot.name, "matrix": slot.spmv or "", "cycles": slot.cycles,
          "percent": round(100 * slot.cycles / total, 2), "bound": bound,
          **{cause: own.get(cause) for cause in causes}} for slot, bound, own in chosen],
    )


def _matrices(config: EseConfig, job: RecurrentJob) -> Table:
    rows = []
    for name, stream in job.streams.items():
        entries = np.diff(stream.pe_starts)
        bits = _pointers(config, stream.shape[1]) * config.pointer_bits
        stored = int(stream.column_ends(config.column_align_bits)[-1])
        rows.append({
            "matrix": name, "columns": stream.shape[1], "entries": int(entries.sum()),
            "fullest_pe": int(entries.argmax()), "fullest_entries": int(entries.max()),
            "mean_entries": round(float(entries.mean()), 2),
            "weight_words": -(-stored // config.ddr_word_bits),
            "pointer_words": -(-bits // config.ddr_word_bits),
        })
    return Table(
        "matrices", f"Matrices: what is fetched in words of {config.ddr_word_bits} bits",
        {"matrix": "matrix", "columns": "columns", "entries": "entries",
         "fullest_pe": "fullest PE", "fullest_entries": "its entries", "mean_entries": "mean",
         "weight_words": "words of weights", "pointer_words": "words of pointers"}, rows,
    )


def _pointers(config: EseConfig, columns: int) -> int:
    """Pointers of one matrix, all PEs (contract M3)."""
    return config.n_pe * (columns + 1)
