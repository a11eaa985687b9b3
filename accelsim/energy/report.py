"""What a run costs, for every machine: energy by module and by cause, power, area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from accelsim.energy.technology import scale_area, scale_energy
from accelsim.records.shown import Short, html_table


@dataclass(frozen=True)
class EnergyReport(Short):
    """Energy of one run on the whole machine, in pJ, and its area.

    Attributes
    ----------
    events_pj, leakage_pj, clock_pj : by module, the same modules in each
    causes_pj : the same total by what the PE-cycles were spent on: the states of the counters
    area_mm2 : by module, and "filler"
    n_pe : PEs, of a channel where the machine has several
    dram_pj : what the SRAM reads would have cost from DRAM
    notes : what was extrapolated or assumed
    """

    events_pj: Mapping[str, float]
    leakage_pj: Mapping[str, float]
    clock_pj: Mapping[str, float]
    causes_pj: Mapping[str, float]
    area_mm2: Mapping[str, float]
    time_us: float
    macs: int
    n_pe: int
    dram_pj: float
    node_nm: float = 45.0
    notes: tuple[str, ...] = field(default=())

    def _repr_html_(self) -> str:
        """A table for a notebook: energy and area by module."""
        total = self.total_pj
        rows = [(module, pj * 1e-3, 100 * pj / total if total else None,
                 self.area_mm2.get(module)) for module, pj in self.modules_pj.items()]
        rows.append(("total", self.total_nj, 100.0, self.total_mm2))
        title = f"{self.power_w:.4g} W for {self.time_us:,.4g} us on {self.n_pe} PEs"
        return html_table(title, ("module", "nJ", "%", "mm2"), rows)

    @property
    def modules_pj(self) -> dict[str, float]:
        """Energy by module."""
        return {m: pj + self.leakage_pj[m] + self.clock_pj[m] for m, pj in self.events_pj.items()}

    @property
    def total_pj(self) -> float:
        """Energy of the layer."""
        return sum(self.modules_pj.values())

    @property
    def total_nj(self) -> float:
        """Energy of the layer."""
        return self.total_pj * 1e-3

    @property
    def total_uj(self) -> float:
        """Energy of the layer."""
        return self.total_pj * 1e-6

    @property
    def events_total_pj(self) -> float:
        """Energy of counted events alone, without leakage and clock."""
        return sum(self.events_pj.values())

    @property
    def events_uj(self) -> float:
        """Energy of counted events alone, without leakage and clock."""
        return self.events_total_pj * 1e-6

    @property
    def dram_share(self) -> float:
        """Share of DRAM in the counted events; 0 of a machine that reads none."""
        return self.events_pj.get("dram", 0.0) / (self.events_total_pj or 1.0)

    @property
    def power_w(self) -> float:
        """Mean power of the array."""
        return self.total_uj / self.time_us

    @property
    def pj_per_mac(self) -> float:
        """Energy of the layer over its multiply-accumulates; infinite without any."""
        return self.total_pj / self.macs if self.macs else float("inf")

    @property
    def gops(self) -> float:
        """Operations a second, two for each multiply-accumulate, in thousand millions."""
        return 2e-3 * self.macs / self.time_us

    @property
    def gops_per_w(self) -> float:
        """Operations a joule, in thousand millions."""
        return self.gops / self.power_w

    @property
    def frames_per_s(self) -> float:
        """Layers a second, one input vector after the other."""
        return 1e6 / self.time_us

    @property
    def frames_per_j(self) -> float:
        """Layers a joule."""
        return 1e6 / self.total_uj

    @property
    def total_mm2(self) -> float:
        """Area of the array."""
        return sum(self.area_mm2.values())

    def scaled(self, node_nm: float, clock_ratio: float = 1.0, voltage_ratio: float = 1.0
               ) -> EnergyReport:
        """The same run at another node and clock (`scale_energy`, `scale_area`).

        Leakage is kept per time: no rule for it is published.
        """
        e, a = scale_energy(node_nm, voltage_ratio), scale_area(node_nm)
        return EnergyReport(
            {m: v * e for m, v in self.events_pj.items()},
            {m: v / clock_ratio for m, v in self.leakage_pj.items()},
            {m: v * e for m, v in self.clock_pj.items()},
            {c: v * e for c, v in self.causes_pj.items()},
            {m: v * a for m, v in self.area_mm2.items()},
            self.time_us / clock_ratio, self.macs, self.n_pe, self.dram_pj, node_nm,
            (*self.notes, f"scaled from {self.node_nm:g} nm to {node_nm:g} nm"),
        )
