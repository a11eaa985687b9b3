"""Numbers that studies keep of EIE alone; the states of its PEs are told of every machine."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.energy.technology import MODULES
from accelsim.records.metric import FinishedPoint, Metric


def spmat_line_reads(point: FinishedPoint) -> float:
    """Lines of all PEs."""
    return int(point.counters.spmat_line_reads.sum())


def spmat_read_mbit(point: FinishedPoint) -> float:
    """Bits of those lines."""
    return float(spmat_line_reads(point) * point.config.spmat_width_bits / 1e6)


@dataclass(frozen=True)
class ModuleEnergy:
    """Energy of one module; a class so that it can travel."""

    module: str

    def __call__(self, point: FinishedPoint) -> float:
        return float(point.energy.modules_pj[self.module] * 1e-6)


METRICS = (
    Metric("spmat_line_reads", "sparse-matrix SRAM lines read", "sum", spmat_line_reads,
           after="queue_mean"),
    Metric("spmat_read_mbit", "10^6 bits read from the sparse-matrix SRAMs", "sum",
           spmat_read_mbit, after="queue_mean"),
    *(Metric(f"energy_{module}_uj", f"of which {module}", "sum", ModuleEnergy(module),
             needs=("price",), after="energy_uj") for module in MODULES),
)
