"""Parts: bandwidth beside its closed form, energy beside published figures, bad values."""

from dataclasses import replace

import numpy as np
import pytest

from accelsim.dram import Requests, load_part, part_names
from accelsim.dram.controller import DramController
from accelsim.dram.rows import reached_gb_per_s, read_requests
from accelsim.errors import ConfigError

# Peak by the name alone: transfers a second, times lines.
PEAK = {"ddr3-1600": 1.6 * 64 / 8, "lpddr4-3200": 3.2 * 16 / 8, "hbm2": 2.0 * 128 / 8}
# (refresh, interval) in ns, of the data sheets.
REFRESH = {"ddr3-1600": (260, 7800), "lpddr4-3200": (280, 3904), "hbm2": (260, 3900)}


@pytest.mark.parametrize("name", part_names())
@pytest.mark.parametrize("channels", [1, 3])
def test_a_stream_reaches_its_closed_form(name, channels):
    """Within 3 %: what a refresh costs beyond its own time is closing and opening."""
    refresh, interval = REFRESH[name]
    closed = channels * PEAK[name] * (1 - refresh / interval)
    assert reached_gb_per_s(load_part(name, channels)) == pytest.approx(closed, rel=0.03)
    assert load_part(name, channels).sequential_gb_per_s == pytest.approx(closed, rel=1e-3)


@pytest.mark.parametrize("name", part_names())
def test_scattered_columns_never_beat_a_stream(name):
    """Every second column of few bursts: fewer bursts a row, so at most the stream's bandwidth;
    single bursts of far rows are bound by activates, four in each window."""
    part = load_part(name)
    stream = reached_gb_per_s(part)
    assert reached_gb_per_s(part, 4, 0.5) <= stream * 1.001
    far = np.arange(4000) * 3 * part.bursts_a_row
    clocks = read_requests(part, Requests(far, np.ones(4000, np.int64), 0)).clocks
    quickest = max(part.rrd_clocks, part.faw_clocks / 4, part.ccd_clocks)
    assert clocks >= 4000 * quickest
    assert 4000 * part.burst_bits / 8e3 * part.clock_mhz / clocks < stream


@pytest.mark.parametrize(("name", "least", "most"), [
    ("ddr3-1600", 0.95, 1.05), ("hbm2", 0.95, 1.05), ("lpddr4-3200", 0.7, 1.0)])
def test_energy_of_a_bit_beside_a_published_figure(name, least, most):
    """Horowitz: 640 pJ for 32 bits. O'Connor et al.: 3.92 pJ. Ha: 13 pJ, of a package of four
    dies, whose lines are longer than those of the one die here."""
    part = load_part(name)
    assert least < part.sequential_pj_per_bit / part.published_pj_per_bit < most


def test_energy_by_hand():
    """DDR3: 8 devices at 1.35 V. A read is 157 - 38 mA for 5 ns, 512 bits of all; lines 4.6 mW."""
    costs = load_part("ddr3-1600").energies
    assert costs.read_pj_per_bit == pytest.approx((8 * 1.35 * 119 + 64 * 4.6) * 5 / 512)
    assert costs.activate_pj == pytest.approx(8 * 1.35 * (55 * 48.75 - 38 * 35 - 32 * 13.75))
    assert costs.active_mw == pytest.approx(8 * 1.35 * 38)
    assert costs.refresh_pj == pytest.approx(8 * 1.35 * (235 - 38) * 260)
    assert load_part("hbm2").energies.read_pj_per_bit == 3.48


@pytest.mark.parametrize("name", part_names())
def test_channels_in_lockstep_cost_their_number(name):
    one, three = load_part(name), load_part(name, 3)
    assert three.energies.activate_pj == pytest.approx(3 * one.energies.activate_pj)
    assert three.energies.read_pj_per_bit == pytest.approx(one.energies.read_pj_per_bit)
    assert three.energies.active_mw == pytest.approx(3 * one.energies.active_mw)
    assert three.energy_pj(10, 2, 1.0, 2.0) == pytest.approx(3 * one.energy_pj(10, 2, 1.0, 2.0))


def test_clocks_in_cycles_of_another_clock_are_exact():
    part = load_part("ddr3-1600")
    assert [part.cycles(8, mhz) for mhz in (800.0, 400.0, 799.0, 801.0)] == [8, 4, 8, 9]
    assert part.cycles(10**15 + 1, 400.0) == (10**15 + 2) // 2


def test_nothing_asked_takes_no_time():
    part, none = load_part("hbm2"), np.empty(0, np.int64)
    nothing = Requests(none, none, 0)
    assert read_requests(part, nothing) == DramController(part, nothing).run()
    assert read_requests(part, nothing).clocks == 0


@pytest.mark.parametrize(("values", "told"), [
    ({"rcd_clocks": 0}, "rcd_clocks is 0"), ({"row_bytes": 100}, "no number of bursts"),
    ({"rfc_clocks": 6240}, "leaves no time to read"), ({"ccd_clocks": 3}, "take 4")])
def test_a_part_that_cannot_be(values, told):
    with pytest.raises(ConfigError, match=told):
        replace(load_part("ddr3-1600"), **values)


def test_a_part_that_is_not_there():
    with pytest.raises(ConfigError, match="did you mean 'hbm2'"):
        load_part("hbm22")
