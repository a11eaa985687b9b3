"""Two tellings of DRAM and an oracle that shares no code with them, on drawn parts and lists; and
what no command may break, read off the controller clock by clock."""

import random
from dataclasses import replace

import numpy as np
import pytest

from accelsim.dram import Reading, Requests, load_part, part_names
from accelsim.dram.controller import DramController
from accelsim.dram.rows import burst_ends, read_requests
from tests.dram.oracle import commands, read_bursts


def drawn_part(rng):
    times = {"rcd": 9, "rp": 9, "cl": 9, "ras": 30, "rtp": 9, "rrd": 9, "faw": 40}
    return replace(
        load_part("ddr3-1600"), banks=rng.randint(1, 5), row_bytes=64 * rng.randint(1, 6),
        ccd_clocks=rng.randint(4, 7), refi_clocks=rng.randint(61, 250),
        rfc_clocks=rng.randint(1, 60),
        **{f"{name}_clocks": rng.randint(1, most) for name, most in times.items()})


def drawn_requests(rng):
    """Runs that follow each other, with gaps, or scattered; some touch the same row again."""
    runs, at = [], 0
    for _ in range(rng.randint(0, 12)):
        at = at + rng.randint(0, 20) if rng.random() < 0.7 else rng.randint(0, 100)
        runs.append((at, rng.randint(1, 12)))
        at += runs[-1][1]
    first, count = np.array(runs, np.int64).reshape(-1, 2).T
    return Requests(first, count, 0)


@pytest.mark.parametrize("seed", range(300))
def test_tellings_agree(seed):
    rng = random.Random(seed)
    part, requests = drawn_part(rng), drawn_requests(rng)
    want = Reading(*read_bursts(part, 1, list(requests.addresses())))
    assert DramController(part, requests).run() == want
    assert read_requests(part, requests) == want
    ends = commands(part, list(range(30)))[0]
    stream = DramController(part, Requests(np.zeros(1, np.int64), np.full(1, 30), 0))
    stream.run()
    assert stream.ends == burst_ends(part, 30).tolist() == ends


class Watched(DramController):
    """Notes when each command comes."""

    def __init__(self, part, requests):
        super().__init__(part, requests)
        self.opened, self.read, self.refreshed = [], [], []

    def clock(self):
        opened, refreshes, read = len(self._activates), self.refreshes, self._last_read
        super().clock()
        now = self.now - 1
        self.opened += [now] * (len(self._activates) - opened)
        self.refreshed += [now] * (self.refreshes - refreshes)
        self.read += [now] if self._last_read != read else []


@pytest.mark.parametrize("name", part_names())
def test_no_command_comes_too_early(name):
    """Scattered columns on a real part, against the data sheet's gaps."""
    part = load_part(name)
    rng = random.Random(name)
    first = np.sort(np.array(rng.sample(range(40_000), 600), np.int64))
    watched = Watched(part, Requests(first, np.ones(600, np.int64), 0))
    watched.run()
    rows = [row for row, _ in watched._visits]
    opened = np.array(watched.opened)
    assert len(opened) == len(rows)
    assert len(watched.read) == 600
    assert np.diff(opened).min() >= part.rrd_clocks
    assert (opened[4:] - opened[:-4]).min() >= part.faw_clocks
    assert np.diff(watched.read).min() >= part.ccd_clocks
    ends = np.cumsum([count for _, count in watched._visits])
    for i, (row, open_at) in enumerate(zip(rows, watched.opened, strict=True)):
        begin, end = watched.read[int(ends[i - 1]) if i else 0], watched.read[int(ends[i]) - 1]
        assert begin >= open_at + part.rcd_clocks
        again = next((t for r, t in zip(rows[i + 1 :], watched.opened[i + 1 :], strict=True)
                      if r % part.banks == row % part.banks), None)
        closed = max(open_at + part.ras_clocks, end + part.rtp_clocks) + part.rp_clocks
        assert again is None or again >= closed
    for number, at in enumerate(watched.refreshed, 1):
        assert at >= number * part.refi_clocks
        assert not any(at - part.rp_clocks < t < at + part.rfc_clocks for t in watched.opened)


def test_a_row_by_hand():
    """Two bursts of one DDR3 row: open, 11, read, 4, read, 11 and 4 until the data are there."""
    part = load_part("ddr3-1600")
    requests = Requests(np.array([5]), np.array([2]), 0)
    assert read_requests(part, requests) == Reading(11 + 4 + 11 + 4, 1, 0)


def test_rows_of_one_bank_by_hand():
    """Rows 0 and 8 are both in bank 0: 28 until the first may close, 11 until it may open again."""
    part = load_part("ddr3-1600")
    requests = Requests(np.array([0, 8 * part.bursts_a_row]), np.array([1, 1]), 0)
    assert read_requests(part, requests).clocks == 28 + 11 + 11 + 11 + 4
    others = Requests(np.array([0, part.bursts_a_row]), np.array([1, 1]), 0)
    assert read_requests(part, others).clocks == 5 + 11 + 11 + 4  # tRRD apart


def test_refreshes_by_hand():
    """A stream of a little more than 7.8 us: it stops at a row's end, all banks close, 260 ns."""
    part = load_part("ddr3-1600")
    rows = part.refi_clocks // (part.bursts_a_row * 4) + 9
    stream = Requests(np.array([0]), np.array([rows * part.bursts_a_row]), 0)
    without = replace(part, refi_clocks=1 << 30)
    lost = read_requests(part, stream).clocks - read_requests(without, stream).clocks
    assert read_requests(part, stream).refreshes == 1
    # From the last read before to the first behind: close, open, and what would have been 4 clocks.
    assert lost == part.rtp_clocks + part.rp_clocks + part.rfc_clocks + part.rcd_clocks - 4
