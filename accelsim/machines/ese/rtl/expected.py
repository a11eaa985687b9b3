"""What the Verilog must do in every cycle, told by the reference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.job import IntArray, RecurrentJob
from accelsim.machines.ese.reference.array import Ese, run
from accelsim.machines.ese.reference.channel import Channel
from accelsim.machines.ese.reference.elementwise import ElementwiseUnit
from accelsim.machines.ese.rtl.fields import PeFields, Seen
from accelsim.machines.ese.rtl.params import STEP_BITS, EseParameters
from accelsim.records.result import JobResult
from accelsim.records.signals import Signals

CONTROL = ("start", "fetch_wait", "blocked", "broadcast", "broadcast_idle", "drain")


class TraceObserver:
    """Collects the fields of `EseParameters`; an observer of the reference.

    It sees registers before the edge, and decisions: what ``trace_o`` shows in the same cycle.
    """

    def __init__(self, config: EseConfig, job: RecurrentJob, parameters: EseParameters) -> None:
        self._config, self._job, self._parameters = config, job, parameters
        self._initial = len(job.schedule.initial)
        self._steps = len(job.schedule.step)
        self._slots = -1
        self._signals: dict[str, Signals] = {}
        self._channels: list[_ChannelFields] = []
        self._pes: list[PeFields] = []
        self._machine: list[Seen] = []
        self._of_pes: list[tuple[int, int, Seen]] = []

    def cycle(self, t: int, machine: Ese) -> None:
        """Record cycle ``t``."""
        if not self._pes:
            self._signals = {
                "ddr_1": machine.ddr_1.signals(), "ddr_2": machine.ddr_2.signals(),
                "vector_path": machine.path.signals(), "state": machine.signals(),
                "control": machine.control.signals(),
            }
            self._pes = [PeFields(pe) for channel in machine.channels for pe in channel.pes]
            self._channels = [
                _ChannelFields(channel, f"channel[{number}]", self._config)
                for number, channel in enumerate(machine.channels)
            ]
        seen = self._shared(machine)
        column = machine.control.column
        name = machine.slot.spmv
        for channel in self._channels:
            channel.add(seen, t, None if column is None or name is None else (name, column))
        self._machine.append(seen)
        if machine.control.active:
            for index, pe in enumerate(self._pes):
                found = pe.seen()
                if found:
                    self._of_pes.append((t, index, found))

    def fields(self) -> dict[str, IntArray]:
        """Every field of the trace, causes before effects; those of a channel that is built and
        has no input are `NOT_SEEN`."""
        cycles, sizes = len(self._machine), self._parameters
        idle = tuple(f"channel[{number}]" for number in range(len(self._channels),
                                                              sizes.n_channels))
        result: dict[str, IntArray] = {}
        for name, bits in sizes.ccu_trace_fields():
            mask = (1 << bits) - 1
            absent = NOT_SEEN if name.startswith(idle) else 0
            result[name] = np.array(
                [value if (value := seen.get(name, absent)) == NOT_SEEN else value & mask
                 for seen in self._machine], dtype=np.int64)
        of_pes = {name: np.zeros((cycles, sizes.n_pe), dtype=np.int64)
                  for name, _ in sizes.pe_trace_fields()}
        for values in of_pes.values():
            values[:, len(self._pes):] = NOT_SEEN
        masks = {name: (1 << bits) - 1 for name, bits in sizes.pe_trace_fields()}
        for t, index, seen in self._of_pes:
            for name, value in seen.items():
                of_pes[name][t, index] = value & masks[name]
        names = [name for name, _ in sizes.ccu_trace_fields()]
        late = [name for name in names if name.startswith("channel[")]
        early = [name for name in names if name not in late]
        return {name: result[name] for name in early} | of_pes | {n: result[n] for n in late}

    def _shared(self, machine: Ese) -> Seen:
        """The state machine and what all channels share."""
        told = {name: signals.values() for name, signals in self._signals.items()}
        number = len(machine.slots)
        begins, self._slots = number != self._slots, number
        place = number - self._initial
        final = place == len(self._job.inputs) * self._steps
        slot = number if place < 0 else (
            self._initial + self._steps if final else self._initial + place % self._steps)
        step = -1 if place < 0 else place // self._steps
        seen: Seen = {"running": 1, "begins": int(begins), "slot": slot,
                      "step": step & (1 << STEP_BITS) - 1}
        for name in CONTROL:
            seen[f"control.{name}"] = int(told["control"][name] or 0)
        if machine.control.column is not None:
            seen["control.column"] = machine.control.column
        seen["ddr_1.transfer"] = int(told["ddr_1"]["transfer"] or 0)
        seen["ddr_2.transfer"] = int(told["ddr_2"]["transfer"] or 0)
        seen["ddr_1.result"] = int(machine.ddr_1.transfers and machine.ddr_1.stores)
        seen["awaits_tables"] = int(told["state"]["awaits_tables"] or 0)
        for name in ("busy", "pass", "element"):
            seen[f"vector_path.{name}"] = int(told["vector_path"][name] or 0)
        seen["front"] = int(machine.weights[0].signals().values()["front"] or 0)
        for pe, (weights, pointers) in enumerate(
            zip(machine.weights, machine.pointers, strict=True)
        ):
            for half in range(2):
                seen[f"weights[{pe}].words_{half}"] = weights.held(half)
                seen[f"pointers[{pe}].words_{half}"] = pointers.held(half)
        return seen


NOT_SEEN = -1
"""What the reference does not keep: not compared."""


class _ChannelFields:
    """The fields of one channel beside its PEs."""

    def __init__(self, channel: Channel, name: str, config: EseConfig) -> None:
        self._channel, self._name = channel, name
        self._assemble = channel.assemble.signals()
        self._units: dict[str, tuple[ElementwiseUnit, Signals]] = {
            "elem_mul": (channel.elem_mul, channel.elem_mul.signals()),
            "adder_tree": (channel.adder_tree, channel.adder_tree.signals()),
        }
        self._latency = config.elementwise_latency_cycles

    def add(self, seen: Seen, t: int, product: tuple[str, int] | None) -> None:
        """This cycle's; ``product`` is the matrix and column that are broadcast."""
        told = self._assemble.values()
        if product is not None:
            seen[f"{self._name}.activation"] = self._channel.activation(*product)
        seen[f"{self._name}.assemble.busy"] = int(told["busy"] or 0)
        seen[f"{self._name}.assemble.write"] = int(told["busy"] or 0)
        seen[f"{self._name}.assemble.row"] = int(told["row"] or 0)
        for name, (unit, signals) in self._units.items():
            values, place = signals.values(), f"{self._name}.{name}"
            for field in ("busy", "enter", "element"):
                seen[f"{place}.{field}"] = int(values[field] or 0)
            if self._latency == 1:
                # A result is written in the cycle in which it is worked out.
                seen[f"{place}.write"] = seen[f"{place}.enter"]
                seen[f"{place}.write_value"] = NOT_SEEN if seen[f"{place}.enter"] else 0
            elif (due := unit.due(t)) is not None:
                seen[f"{place}.write"], seen[f"{place}.write_value"] = 1, due


def expected(
    config: EseConfig, job: RecurrentJob, parameters: EseParameters
) -> tuple[JobResult, dict[str, IntArray]]:
    """The reference's result of a job, and its trace."""
    observer = TraceObserver(config, job, parameters)
    result = run(config, job, observer=observer)
    return result, observer.fields()


def where(
    config: EseConfig, job: RecurrentJob, fields: Mapping[str, IntArray], cycle: int,
    pe: int | None,
) -> str:
    """Slot and time step of a cycle, and the channel of a PE."""
    last = len(fields["slot"]) - 1
    number, step = int(fields["slot"][min(cycle, last)]), int(fields["step"][min(cycle, last)])
    schedule = job.schedule
    name = [*schedule.initial, *schedule.step, *schedule.final][number].name
    told = f"{name}," if step == (1 << STEP_BITS) - 1 else f"step {step} {name},"
    if pe is None:
        return told
    return f"{told} channel {pe // config.n_pe} PE {pe % config.n_pe}"
