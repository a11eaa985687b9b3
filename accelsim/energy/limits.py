"""What a process and a clock allow: cycles of memories, the critical path, reach of the tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from accelsim.energy.choice import fastest_ns
from accelsim.energy.process import Process, critical_path_ns
from accelsim.energy.sram import SramPoint
from accelsim.records.limits import Limit

_ROUNDING = 1 + 1e-9


class _Table(Protocol):
    def at(self, size_kb: float, width_bits: float) -> SramPoint: ...


@dataclass(frozen=True)
class Asked:
    """A memory that a machine has: what it is, its size and width, and where it is taken from."""

    what: str
    size_kb: float
    width_bits: float
    table: _Table

    @property
    def array(self) -> SramPoint:
        """The array itself."""
        return self.table.at(self.size_kb, self.width_bits)


def physical_limits(config: Any, memories: Iterable[Asked], *bits: int) -> tuple[Limit, ...]:
    """Whether memories and logic reach the clock, and the tables reach the memories.

    A memory smaller than the smallest of the table may be made of flip-flops, and is no limit.

    Parameters
    ----------
    bits : widths of the multiplier's operands
    """
    process, cycle_ns = Process.of(config), 1e3 / config.clock_mhz
    found = [limit for asked in memories for limit in _of_memory(asked, process, cycle_ns)]
    path_ns = critical_path_ns(process, *bits)
    if path_ns > cycle_ns * _ROUNDING:
        found.append(Limit("critical path", path_ns, cycle_ns, "ns",
                           f"use clock_mhz={_reached(path_ns)}, a smaller node_nm or a higher "
                           f"voltage_ratio"))
    return tuple(found)


def cycle_notes(
    what: str, array: SramPoint, device: str, process: Process, clock_mhz: float
) -> list[str]:
    """What a reader of a price must know of a memory's cycle: too slow, or of another device type.
    """
    cycle_ns, own = array.cycle_ns * process.delay, array.device or device
    if cycle_ns > 1e3 / clock_mhz * _ROUNDING:
        return [f"{what}: cycle of {cycle_ns:.2f} ns ({own}) does not reach {clock_mhz:g} MHz"]
    if own != device:
        return [f"{what}: device type {own}, to reach {clock_mhz:g} MHz; it leaks more"]
    return []


def _of_memory(asked: Asked, process: Process, cycle_ns: float) -> Iterator[Limit]:
    array = asked.array
    if array.beyond is not None:
        value, most, unit = array.beyond
        yield Limit(f"{asked.what}, reach of the SRAM table", value, most, unit,
                    "its figures are extrapolated; use a smaller or narrower memory")
    if array.cycle_ns * process.delay > cycle_ns * _ROUNDING:
        best_ns = fastest_ns(asked.size_kb, asked.width_bits) * process.delay
        yield Limit(f"{asked.what}, cycle", array.cycle_ns * process.delay, cycle_ns, "ns",
                    f"use clock_mhz={_reached(best_ns)}, which its fastest device type reaches, or "
                    f"a smaller memory")


def _reached(cycle_ns: float) -> int:
    """MHz in whole numbers that a cycle allows."""
    return int(1e3 / cycle_ns * _ROUNDING)
