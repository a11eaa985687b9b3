"""A machine as modules: leakage, clock, area and causes by hand, for a machine that is none."""

from dataclasses import dataclass

import numpy as np
import pytest

from accelsim.energy.modules import Event, FlipFlops, Memory, Module, Run, price_modules
from accelsim.energy.sram import SramPoint
from accelsim.energy.technology import Calibration
from accelsim.records.counters import CounterSet, per_pe, total

ARRAY = SramPoint(1.0, 2.0, leakage_mw=0.25, area_um2=1000.0, access_ns=1.0, cycle_ns=2.0)
# Made up: 2 pJ a cycle for the 256 bits of act_queue, and 1 for the 96 of arith_unit.
SETTLED = Calibration({"act_queue": 2.0, "arith_unit": 1.0}, {"spmat_read": 1.5},
                      {"act_queue": 512.0, "act_rw": 2048.0}, 0.0, "none")


@dataclass(frozen=True, eq=False)
class TwoPes(CounterSet):
    """Two PEs, 100 cycles: 60 and 20 useful, 10 and 50 waiting, the rest idle."""

    cycles: int = total("cycles")
    macs: np.ndarray = per_pe("macs")

    def states(self):
        return {"useful": np.array([60, 20]), "waiting": np.array([10, 50]),
                "idle": np.array([30, 30])}


def priced(*modules, clock_mhz=200.0, notes=()):
    counters = TwoPes(100, np.array([5, 6]))
    run = Run("toy", counters, 2, clock_mhz, 7.0, "lstp", notes)
    return price_modules(modules, run, SETTLED)


def test_events_leakage_clock_and_area():
    report = priced(
        Module("memory", (Event(3.0), Event(4.0)),
               (Memory("a memory", ARRAY, 6, "spmat_read"), Memory("another", ARRAY, 1))),
        Module("queue", flip_flops=(FlipFlops(512, "act_queue"), FlipFlops(352))),
    )
    assert report.events_pj == {"memory": 7.0, "queue": 0.0}
    # 7 arrays of 0.25 mW for 0.5 us.
    assert report.leakage_pj == {"memory": pytest.approx(875.0), "queue": 0.0}
    # Twice act_queue's 2 pJ, and as many bits as both modules have at their mean.
    assert report.clock_pj == {"memory": 0.0, "queue": pytest.approx(100 * (4.0 + 3.0))}
    bits = 512.0 / 256 * 512 + 352 * (512.0 + 2048.0) / (256 + 2048)
    assert report.area_mm2["memory"] == pytest.approx((6 * 1.5 + 1) * 1000e-6)
    assert report.area_mm2["queue"] == pytest.approx(bits * 1e-6)
    assert report.area_mm2["filler"] == pytest.approx(
        (0.01 + bits * 1e-6) * 23_961 / (758 + 121_849 + 469_412 + 3_110 + 18_934))
    assert (report.time_us, report.macs, report.n_pe, report.dram_pj) == (0.5, 11, 2, 7.0)
    assert report.total_pj == pytest.approx(7 + 875 + 700)
    assert report.events_uj == pytest.approx(7e-6)
    assert report.total_nj == pytest.approx(1.582)


def test_causes_are_states():
    """Events by the cycles of the states that they name, the rest by all states."""
    report = priced(
        Module("unit", (Event(10.0), Event(12.0, ("waiting", "idle"))),
               (Memory("a memory", ARRAY, 4),)),
    )
    steady = 4 * 0.25 * 500
    assert report.causes_pj == {
        "useful": pytest.approx(10 + steady * 80 / 200),
        "waiting": pytest.approx(12 * 60 / 120 + steady * 60 / 200),
        "idle": pytest.approx(12 * 60 / 120 + steady * 60 / 200),
    }
    assert sum(report.causes_pj.values()) == pytest.approx(report.total_pj, rel=1e-15)


def test_notes_name_what_was_scaled_and_what_does_not_fit():
    far = SramPoint(1.0, 2.0, 0.25, 1000.0, 1.0, cycle_ns=4.0, extrapolated=True)
    notes = priced(Module("unit", memories=(Memory("far", far, 1), Memory("near", ARRAY, 1))),
                   clock_mhz=300.0, notes=("its own",)).notes
    assert "scaled from EIE's calibration" in notes[0]
    assert "no toy silicon to calibrate on" in notes[0]
    assert notes[1:] == ("far: beyond the SRAM table, extrapolated",
                         "far: cycle of 4.00 ns (lstp) does not reach 300 MHz", "its own")
