"""ESE's main table with one set of parameters for all rows (issue: 1 %, 5 % and 12 %)."""

import pytest

from accelsim.machines import EseConfig, load_as
from accelsim.papers import reproduce
from accelsim.papers.ese_times import published_ese, spread_over_seeds
from accelsim.workload.published_lstm import PUBLISHED


@pytest.fixture(scope="module")
def rows():
    return {row.matrix: row for row in published_ese()}


def test_the_published_rows_agree_with_each_other():
    assert sum(row.entries for row in PUBLISHED) == 364_320
    assert sum(row.size for row in PUBLISHED) == 3_248_128
    for row in PUBLISHED:
        # GOP/s on the dense size: two operations a weight and voice vector, batch 32.
        assert row.size * 64 / row.real_us / 1000 == pytest.approx(row.equivalent_gops, abs=2)


@pytest.mark.parametrize("name", [row.name for row in PUBLISHED])
def test_theoretical_time_is_entries_over_pes_and_clock(rows, name):
    published = {row.name: row for row in PUBLISHED}[name]
    assert rows[name].theoretical_us == pytest.approx(published.entries / 32 / 200, rel=0.01)
    # The table prints one decimal.
    assert rows[name].theoretical_us == pytest.approx(published.theoretical_us, abs=0.06)


@pytest.mark.parametrize("name", ["Wir", "Wfr", "Wcr", "Wor"])
def test_real_time_of_the_recurrent_matrices(rows, name):
    assert rows[name].real_ratio == pytest.approx(1, abs=0.05)


def test_the_mean_over_seeds_is_within_five_percent(rows):
    spreads = {spread.matrix: spread for spread in spread_over_seeds(1)}
    assert set(spreads) == {"Wir", "Wfr", "Wcr", "Wor", "Wym", "total"}
    for name, spread in spreads.items():
        assert len(spread.real_us) == 8
        assert spread.real_us[0] == rows[name].real_us
        assert spread.mean_us == pytest.approx(spread.published_us, rel=0.05)
        # The random positions move a row by 2 % of its time at most.
        assert max(spread.real_us) < 1.02 * min(spread.real_us)
    assert {name: s.outside(0.05) for name, s in spreads.items() if s.outside(0.05)} == {"Wir": 1}


def test_the_table_says_which_row_a_single_seed_may_put_outside():
    (said,) = [note for note in reproduce("ese").notes if "seeds lie outside" in note]
    assert said.startswith("Wir: 1 of 8 seeds lie outside 5%")


@pytest.mark.parametrize("name", ["Wix", "Wfx", "Wcx", "Wox"])
def test_real_time_of_the_input_matrices(rows, name):
    assert rows[name].real_us == pytest.approx(5.36, abs=0.005)


def test_real_time_of_the_projection_and_the_step(rows):
    assert rows["Wym"].real_ratio == pytest.approx(1, abs=0.05)
    assert rows["total"].real_ratio == pytest.approx(1, abs=0.12)


def test_gaps_between_bursts_hardly_show_until_the_stream_falls_behind():
    """Ground for ddr_burst_gap_cycles = 0: up to 6 cycles a 64-word burst change no Wr row."""
    def real(gap):
        machine = load_as(EseConfig, "ese", ddr_burst_gap_cycles=gap)
        return [row.real_us for row in published_ese(machine)][:8]

    assert real(6) == real(0)
    assert max(real(16)) > 12


def test_halving_the_memory_makes_the_step_too_slow():
    """The calibration is not empty: the table refutes a machine with half the bandwidth."""
    slow = load_as(EseConfig, "ese", ddr_burst_words=1, ddr_burst_gap_cycles=1)
    rows = {row.matrix: row for row in published_ese(slow)}
    assert rows["Wir"].real_ratio > 1.5


def test_waiting_for_whole_matrices_contradicts_the_table():
    waiting = load_as(EseConfig, "ese", weights_ready="matrix")
    rows = {row.matrix: row for row in published_ese(waiting)}
    assert rows["Wir"].real_ratio > 1.2
