"""What a run costs, for every machine: energy by module and by cause, power, area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from accelsim.energy.process import Process
from accelsim.energy.technology import scale_area, scale_energy
from accelsim.records.shown import Short, html_table

DRAM = "dram"
"""The module that is on another chip: neither its node nor its voltage are the machine's."""

FIXED = ("leakage", DRAM)


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
    fixed_causes_pj : the parts of ``causes_pj`` that do not scale as dynamic energy: "leakage",
        and "dram", that of the module of this name
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
    fixed_causes_pj: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

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

    def with_more(self, others: Sequence[EnergyReport]) -> EnergyReport:
        """The energy of this run and others on the same machine, one after the other."""
        every = (self, *others)
        energies = ("events_pj", "leakage_pj", "clock_pj", "causes_pj")
        fixed = {part: _added([report._fixed(part) for report in every])
                 for part in FIXED}
        return replace(
            self, **{what: _added([getattr(report, what) for report in every])
                     for what in energies},
            time_us=sum(report.time_us for report in every),
            macs=sum(report.macs for report in every),
            dram_pj=sum(report.dram_pj for report in every),
            notes=tuple(dict.fromkeys(note for report in every for note in report.notes)),
            fixed_causes_pj=fixed,
        )

    def scaled(self, node_nm: float, clock_ratio: float = 1.0, voltage_ratio: float = 1.0
               ) -> EnergyReport:
        """The same run at another node and clock by the ideal shrink (`scale_energy`,
        `scale_area`), as papers project their own figures.

        Leakage is kept per time: no rule for it is published. A machine's ``node_nm`` takes
        published factors instead (`on`).
        """
        report = self._times(scale_energy(node_nm, voltage_ratio), 1 / clock_ratio,
                             scale_area(node_nm))
        note = f"scaled from {self.node_nm:g} nm to {node_nm:g} nm by the ideal shrink"
        return replace(report, time_us=self.time_us / clock_ratio, node_nm=node_nm,
                       notes=(*self.notes, note))

    def on(self, process: Process) -> EnergyReport:
        """The same run in another process, by published factors; time is the configuration's."""
        if process.is_home:
            return self
        report = self._times(process.energy, process.leakage, process.area)
        return replace(report, node_nm=float(process.node_nm),
                       notes=(*self.notes, *process.notes()))

    def _times(self, dynamic: float, leakage: float, area: float) -> EnergyReport:
        """Energies and areas times factors; DRAM, which is another chip, as it is."""
        fixed = {part: self._fixed(part) for part in FIXED}
        factors = {"leakage": leakage, DRAM: 1.0}
        causes = {
            cause: pj * dynamic + sum(
                fixed[part].get(cause, 0.0) * (factors[part] - dynamic) for part in FIXED)
            for cause, pj in self.causes_pj.items()
        }
        return replace(
            self,
            events_pj={m: pj * (1.0 if m == DRAM else dynamic)
                       for m, pj in self.events_pj.items()},
            leakage_pj={m: pj * leakage for m, pj in self.leakage_pj.items()},
            clock_pj={m: pj * dynamic for m, pj in self.clock_pj.items()},
            causes_pj=causes,
            area_mm2={m: mm2 * area for m, mm2 in self.area_mm2.items()},
            fixed_causes_pj={part: {c: pj * factors[part] for c, pj in fixed[part].items()}
                             for part in FIXED},
        )

    def _fixed(self, part: str) -> Mapping[str, float]:
        """A part of the causes; shared as their total is, where the machine does not say."""
        whole = (self.events_pj.get(DRAM, 0.0) if part == DRAM
                 else sum(self.leakage_pj.values()))
        if self.fixed_causes_pj.get(part) or not whole:
            return self.fixed_causes_pj.get(part, {})
        total = sum(self.causes_pj.values()) or 1.0
        return {cause: whole * pj / total for cause, pj in self.causes_pj.items()}


def _added(parts: Sequence[Mapping[str, float]]) -> Any:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: sum(part.get(name, 0.0) for part in parts) for name in names}
