"""Refills beside passes, of active columns and from DRAM: rules M7 to M9 by hand and from both
sides, conservation, and that the defaults are as they were."""

import numpy as np
import pytest

import accelsim
from accelsim.compression.binary_points import choose_binary_points
from accelsim.dram import load_part
from accelsim.energy.report import DRAM
from accelsim.errors import CapacityError, ConfigError, InputError
from accelsim.machines.eie.job import make_job
from accelsim.machines.eie.machine import MACHINE
from accelsim.machines.eie.reference.array import run
from accelsim.machines.eie.refill import Refills
from accelsim.machines.eie.remedies import changes

SHAPE = "random:96x160:density=0.4:activations=0.4"
SMALL = {"n_pe": 4, "spmat_kb": 0.5, "capacity": "stream", "regfile_depth": 64}


@pytest.fixture(scope="module")
def packed():
    return accelsim.compress(accelsim.load_layer(SHAPE))


@pytest.fixture(scope="module")
def vector():
    return accelsim.load_layer(SHAPE).activations


def timed(packed, vector, engine="fast", **overrides):
    config = accelsim.load_machine("eie", **SMALL | overrides)
    return accelsim.simulate(config, packed, vector, engine).timed


def both(packed, vector, **overrides):
    """Counters of the fast telling, equal to the reference's."""
    fast = timed(packed, vector, **overrides)
    assert fast.difference(timed(packed, vector, "reference", **overrides)) is None
    return fast


def test_the_default_is_the_serial_refill_of_a_port(packed, vector):
    counters = both(packed, vector)
    assert counters.passes > 3
    assert counters.refill_cycles == counters.dma_cycles == counters.refill_bursts
    assert counters.dram_rows == counters.dram_refreshes == 0
    plan = make_job(accelsim.load_machine("eie", **SMALL), packed, vector).plan
    assert counters.refill_cycles == sum(-(-step.refill_bits // 64) for step in plan)


def test_what_passes_hide(packed, vector):
    """A port so wide that every refill but the first fits behind the pass before it, and one so
    narrow that the passes are hidden behind it instead."""
    wide = both(packed, vector, refill_overlap=True, dma_width_bits=65_536)
    first = 1  # one word of the port
    assert wide.refill_cycles == first
    assert wide.dma_cycles == wide.passes
    narrow = both(packed, vector, refill_overlap=True, dma_width_bits=1)
    beside = narrow.cycles - narrow.refill_cycles
    # All that runs beside the DMA, but the first start and the last pass, is hidden.
    assert narrow.dma_cycles - narrow.refill_cycles < beside
    assert narrow.cycles < narrow.dma_cycles + beside
    serial = both(packed, vector, dma_width_bits=1, spmat_kb=0.25)
    assert narrow.cycles < serial.cycles
    assert narrow.macs.sum() == serial.macs.sum()


def test_halves_of_any_split_hold_their_segments(packed, vector):
    for split in (0.3, 0.5, 0.75):
        config = accelsim.load_machine("eie", **SMALL, refill_overlap=True, refill_split=split)
        job = make_job(config, packed, vector)
        lines = int(config.spmat_kb * 8192) // config.spmat_width_bits
        first = int(lines * split)
        pointers = job.image.pointers[:, 0]
        for number, step in enumerate(job.plan):
            begin = step.first_row * config.n_pe
            end = min(begin + step.n_rows * config.n_pe, job.image.n_columns)
            most = (pointers[:, end] - pointers[:, begin]).max()
            assert most <= (lines - first if number % 2 else first) * config.entries_per_line


def test_a_half_that_is_too_small_is_told(packed, vector):
    with pytest.raises(CapacityError, match="more than a half of the SRAMs holds"):
        timed(packed, vector, refill_overlap=True, refill_split=0.05)


def test_active_columns_by_hand(packed, vector):
    """Each active column: two 16-bit pointers of 4 PEs, and 8 bits an entry, in whole words."""
    counters = both(packed, vector, refill="active", dma_width_bits=32)
    config = accelsim.load_machine("eie", **SMALL)
    job = make_job(config, packed, vector)
    entries = np.diff(job.image.pointers[:, 0], axis=1).sum(axis=0)[np.flatnonzero(job.activations)]
    bits = 2 * 16 * 4 + 8 * entries
    assert counters.refill_bits == bits.sum()
    assert counters.refill_bursts == counters.refill_cycles == (-(-bits // 32)).sum()
    assert counters.refill_bits < both(packed, vector, dma_width_bits=32).refill_bits


def test_no_active_column_no_refill(packed, vector):
    counters = both(packed, 0 * vector, refill="active", dram="ddr3-1600")
    assert (counters.refill_bits, counters.refill_cycles, counters.dram_rows) == (0, 0, 0)


@pytest.mark.parametrize("part", ["ddr3-1600", "lpddr4-3200", "hbm2"])
@pytest.mark.parametrize("refill", ["all", "active"])
def test_bytes_are_bursts(packed, vector, part, refill):
    """What is asked for lies in the bursts that come, each with less than a burst too much."""
    counters = both(packed, vector, dram=part, refill=refill, dma_width_bits=4096)
    size, asked = load_part(part).burst_bits, 0
    config = accelsim.load_machine("eie", **SMALL, dram=part, refill=refill)
    refills = Refills(config, make_job(config, packed, vector), None)
    for number in range(counters.passes):
        requests = refills.requests(number)
        asked += len(requests.first)
        addresses = list(requests.addresses())
        assert addresses == sorted(set(addresses))
    assert 0 <= counters.refill_bursts * size - counters.refill_bits < asked * size
    energy = accelsim.simulate(config, packed, vector).energy
    assert energy.events_pj[DRAM] > counters.refill_bits * 3


def test_a_long_refill_waits_for_refreshes(packed):
    """One segment of 2.6 million bits: 26 us of DDR3, three refreshes; by the closed form."""
    layer = accelsim.load_layer("random:1024x700:density=0.5:activations=0.1")
    config = accelsim.load_machine(
        "eie", n_pe=64, spmat_kb=8, pointer_kb=1, capacity="stream", dram="ddr3-1600",
        dma_width_bits=4096)
    counters = accelsim.simulate(config, accelsim.compress(layer), layer.activations).timed
    assert counters.dram_refreshes >= 1
    part = load_part("ddr3-1600")
    peak = counters.refill_bursts * part.burst_bits / 8e3 / part.peak_gb_per_s * 800
    assert peak < counters.dma_cycles < peak / 0.94


def test_the_longer_of_port_and_dram(packed, vector):
    """A port of one bit a cycle is slower than any DRAM; one of 4,096 bits quicker."""
    narrow = both(packed, vector, dram="hbm2", dma_width_bits=1)
    assert narrow.dma_cycles == narrow.refill_bursts * load_part("hbm2").burst_bits
    quick = both(packed, vector, dram="hbm2", dma_width_bits=4096)
    twice = both(packed, vector, dram="hbm2", dma_width_bits=4096, clock_mhz=1600.0)
    assert quick.dma_cycles < narrow.dma_cycles
    assert 2 * quick.dma_cycles - quick.passes <= twice.dma_cycles <= 2 * quick.dma_cycles


def test_dram_is_priced_by_its_part(packed, vector):
    """Without a part Horowitz's word; with one its bursts, rows, standby and refreshes."""
    config = accelsim.load_machine("eie", **SMALL, dram="hbm2")
    result = accelsim.simulate(config, packed, vector)
    counters, part = result.timed, load_part("hbm2")
    time_us = counters.cycles / 800
    standby = 48.0 * time_us + (66.0 - 48.0) * counters.dma_cycles / 800
    want = (counters.refill_bursts * 512 * 3.48 + counters.dram_rows * 1818 + standby * 1e3
            + time_us / 3.9 * 1.2 * (250 - 55) * 260)
    assert part.energies.idle_mw == pytest.approx(48.0)
    assert result.energy.events_pj[DRAM] == pytest.approx(want)
    assert sum(result.energy.causes_pj.values()) == pytest.approx(result.energy.total_pj)


def test_a_resident_layer_has_no_dram(packed, vector):
    config = accelsim.load_machine("eie", capacity="stream", dram="hbm2", refill_overlap=True)
    result = accelsim.simulate(config, packed, vector)
    assert result.timed.dma_cycles == 0
    assert DRAM not in result.energy.events_pj


def test_overlap_is_seen_cycle_by_cycle(packed, vector):
    """Beside the phases of a pass the DMA counts down; it begins where the refill phase ends."""
    config = accelsim.load_machine("eie", **SMALL, refill_overlap=True, dma_width_bits=64)
    seen = []

    class Watch:
        def cycle(self, t, machine):
            seen.append((machine.ccu.phase, machine.dma.left))

    counters = run(config, make_job(config, packed, vector), observer=Watch()).counters
    assert sum(left > 0 for _, left in seen) == counters.dma_cycles
    assert sum(phase == "refill" for phase, _ in seen) == counters.refill_cycles
    assert all(left > 0 for phase, left in seen if phase == "refill")
    assert any(left > 0 for phase, left in seen if phase == "compute")


@pytest.mark.parametrize(("key", "value", "told"), [
    ("dram", "ddr9", "need none, ddr3-1600, hbm2, lpddr4-3200"), ("refill", "some", "active"),
    ("refill_split", 1.0, "less than 1"), ("dram_channels", 0, "greater than or equal to 1")])
def test_bad_values_are_told(key, value, told):
    with pytest.raises(ConfigError, match=told):
        accelsim.load_machine("eie", **{key: value})


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_vectors_of_a_layer_share_refills(packed, vector, batch):
    """Outputs of each are those that it has alone; by hand what the DMA brings for all."""
    config = accelsim.load_machine("eie", **SMALL, refill_batch=batch)
    vectors = np.array([np.roll(vector, shift) for shift in range(0, 35, 5)])
    points = choose_binary_points(config, packed, vectors)
    runs = [accelsim.simulate(config, packed, vectors, engine, binary_points=points)
            for engine in ("functional", "reference", "fast")]
    alone = [accelsim.simulate(config, packed, one, binary_points=points) for one in vectors]
    for told in runs:
        assert np.array_equal(told.outputs, [one.outputs for one in alone])
    counters = runs[2].timed
    assert counters.difference(runs[1].timed) is None
    assert counters.refill_bits == alone[0].timed.refill_bits * -(-7 // batch)
    assert counters.macs.sum() == sum(one.timed.macs.sum() for one in alone)


def test_vectors_of_another_length_are_told(packed):
    with pytest.raises(InputError, match=r"need \(vectors, 160\)"):
        accelsim.simulate("eie", packed, np.ones((2, 9)))


def test_explain_tries_what_helps_a_refill(packed, vector):
    config = accelsim.load_machine("eie", **SMALL, dram="hbm2")
    job = MACHINE.job(config, packed, vector)
    found = {change.name: change for change in changes(config, packed, job,
                                                       MACHINE.finish(config, job))}
    told = [name for name in found if "refill" in name or "port" in name]
    assert told == ["refills behind the pass before them (refill_overlap = true)",
                    'active columns alone (refill = "active")', "a port of 128 bits and 2 channels"]
