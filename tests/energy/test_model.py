"""Energy against EIE's published figures, by hand on single events, and by conservation."""

from dataclasses import fields

import numpy as np
import pytest

import accelsim
from accelsim.energy import load_sram_table, price
from accelsim.energy.technology import Calibration, load_calibration
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.memories import FREE_COUNTERS
from accelsim.papers.calibration import calibrate, calibration_run, module_rows, to_toml
from accelsim.workload import published_layers

BARE = Calibration({}, {}, {}, 0.0, "none")


@pytest.fixture(scope="module")
def priced():
    """Every published layer on the published machine; VGG-6 needs larger memories."""
    reports = {}
    for name in published_layers():
        capacity = "ignore" if name == "vgg-6" else "check"
        config = accelsim.load_config("eie", capacity=capacity)
        layer = accelsim.load_layer(name)
        result = accelsim.simulate(
            config, accelsim.compress(layer), layer.activations, outputs=False
        )
        reports[name] = result.energy
    return reports


def counters(**changed):
    """All zero but what is given; one PE, 100 cycles, 95 of them computing."""
    one = np.zeros(1, np.int64)
    values = {
        f.name: 0 if f.metadata["per"] == "layer" else one for f in fields(Counters)
    }
    values |= {"cycles": 100, "start_cycles": 1, "drain_cycles": 4,
               "starved_cycles": one + 95}
    return Counters(**(values | changed))


def test_table_ii_on_the_calibration_layer(priced):
    report = priced["alex-7"]
    for row in module_rows(report):
        assert row.power_mw == pytest.approx(row.published_mw, rel=0.10), row.module
        assert row.area_um2 == pytest.approx(row.published_um2, rel=0.10), row.module
    # EIE Table II: a PE takes 9.157 mW and 638,024 um2.
    assert report.power_w / 64 * 1e3 == pytest.approx(9.157, rel=0.03)
    assert report.total_mm2 / 64 * 1e6 == pytest.approx(638_024, rel=0.03)


def test_chip_totals(priced):
    # EIE Table V: 0.59 W, 40.8 mm2, 138,927 frames a joule on Alex-7.
    assert priced["alex-7"].power_w == pytest.approx(0.59, rel=0.03)
    assert priced["alex-7"].total_mm2 == pytest.approx(40.8, rel=0.01)
    assert priced["alex-7"].frames_per_j == pytest.approx(138_927, rel=0.10)


def test_power_of_every_layer(priced):
    for name, report in priced.items():
        assert 0.45 <= report.power_w <= 0.70, name


def test_causes_and_modules_add_up(priced):
    for report in priced.values():
        assert sum(report.causes_pj.values()) == pytest.approx(report.total_pj, rel=1e-9)


def test_the_shipped_calibration_is_this_run():
    with open("accelsim/energy/data/calibration_45nm.toml", encoding="utf-8") as file:
        assert to_toml(calibrate(*calibration_run())) == file.read()


def test_every_counter_is_priced_or_free():
    """A part of DRAM prices bursts and rows; without one the bits that came have a price."""
    ways = [accelsim.load_config("eie", n_pe=1, dram=dram) for dram in ("none", "hbm2")]
    for f in fields(Counters):
        per_layer = f.metadata["per"] == "layer"
        if f.name in ("cycles", *FREE_COUNTERS):
            continue
        more = {f.name: 7 if per_layer else np.full(1, 7)}
        priced = [
            price(config, counters(**more), calibration=BARE).total_pj
            > price(config, counters(), calibration=BARE).total_pj for config in ways]
        assert any(priced), f"{f.name} has no price and is not listed as free"
    for name in FREE_COUNTERS:
        assert name in {f.name for f in fields(Counters)}


def test_single_events_by_hand():
    config = accelsim.load_config("eie", n_pe=1)
    table = load_sram_table()

    def cost(**changed):
        return (price(config, counters(**changed), calibration=BARE).total_pj
                - price(config, counters(), calibration=BARE).total_pj)

    one = np.ones(1, np.int64)
    # A line: CACTI's 128 KB x 64 bits, and a 64-bit line register at 0.166 pJ for 16 bits.
    assert cost(spmat_line_reads=one) == pytest.approx(table.at(128, 64).read_pj + 4 * 0.166)
    pointers = load_sram_table(goal="800mhz_energy")
    assert cost(ptr_reads_even=one) == pytest.approx(pointers.at(16, 16).read_pj + 0.166)
    # 16-bit multiply: a fifth of Horowitz' 3.1 pJ (EIE Fig. 10); add half of 0.1 pJ; 96 bits of
    # pipeline registers; one accumulator read from a 64-entry file.
    expected = 3.1 / 5 + 0.05 + 96 / 16 * 0.166 + 0.359
    assert cost(macs=one, dst_reg_reads=one) == pytest.approx(expected, rel=1e-3)
    assert cost(act_sram_writes=one) == pytest.approx(table.at(2, 16).write_pj)


def test_the_projection_to_28_nm(priced):
    """EIE Table V projects 256 PEs at 28 nm and 1200 MHz: 63.8 mm2."""
    config = accelsim.load_config("eie", capacity="ignore", n_pe=256)
    layer = accelsim.load_layer("alex-7")
    result = accelsim.simulate(config, accelsim.compress(layer), layer.activations, outputs=False)
    projected = result.energy.scaled(28.0, clock_ratio=1.5)
    assert projected.total_mm2 == pytest.approx(63.8, rel=0.02)
    assert projected.time_us == pytest.approx(result.time_us / 1.5)


def test_slow_memories_are_named():
    config = accelsim.load_config("eie", n_pe=1, clock_mhz=2000)
    notes = price(config, counters()).notes
    assert any("does not reach 2000 MHz" in note for note in notes)
    assert load_calibration().layer == "alex-7"


@pytest.mark.parametrize(("settings", "told"), [
    ({}, None), ({"index": "bitmap"}, "a bitmap"), ({"issue_width": 2}, "several entries a cycle"),
    ({"queue_pes": 2, "index": "bitmap"}, "a bitmap and of shared queues"),
])
def test_prices_that_nobody_published_are_told(settings, told):
    layer = accelsim.load_layer("random:64x64:density=0.3:activations=0.5")
    config = accelsim.load_machine("eie", n_pe=4, **settings)
    notes = accelsim.simulate(config, accelsim.compress(layer), layer.activations).energy.notes
    chosen = [note for note in notes if "are chosen" in note]
    assert len(chosen) == (told is not None)
    assert told is None or told in chosen[0]
