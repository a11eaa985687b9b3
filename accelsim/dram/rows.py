"""How long DRAM takes, as a recurrence over its open rows: the fast telling of README.md."""

from __future__ import annotations

import numpy as np

from accelsim.dram import kernels
from accelsim.dram.part import DramPart
from accelsim.dram.requests import IntArray, Reading, Requests


def read_requests(part: DramPart, requests: Requests) -> Reading:
    """What reading a list takes."""
    return _read(part, requests, np.empty(0, np.int64))


def burst_ends(part: DramPart, bursts: int) -> IntArray:
    """(bursts,) clocks from the start until the data of each burst of a stream are there."""
    ends = np.empty(bursts, np.int64)
    _read(part, Requests(np.zeros(1, np.int64), np.full(1, bursts), 0), ends)
    return ends


def read_lists(part: DramPart, starts: IntArray, first: IntArray, count: IntArray) -> IntArray:
    """(3, lists) clocks, rows and refreshes of many lists, each with all banks closed at its start.

    Parameters
    ----------
    starts : (lists + 1,) int64: list i has the runs ``starts[i]`` to ``starts[i + 1]`` of ``first``
        and ``count``, as in `Requests`
    """
    told = np.empty((3, len(starts) - 1), np.int64)
    kernels.read_lists(starts, first, count, part.bursts_a_row, _times(part),
                       np.empty(part.banks, np.int64), np.empty(4, np.int64), told)
    return told


def _read(part: DramPart, requests: Requests, ends: IntArray) -> Reading:
    clocks, rows, refreshes = kernels.read_rows(
        requests.first, requests.count, part.bursts_a_row, _times(part),
        np.empty(part.banks, np.int64), np.empty(4, np.int64), ends)
    return Reading(int(clocks), int(rows), int(refreshes))


def _times(part: DramPart) -> tuple[int, ...]:
    return (part.rcd_clocks, part.rp_clocks, part.cl_clocks + part.data_clocks, part.ras_clocks,
            part.rtp_clocks, part.ccd_clocks, part.rrd_clocks, part.faw_clocks, part.refi_clocks,
            part.rfc_clocks)


def reached_gb_per_s(part: DramPart, column_bursts: int = 1 << 20, share: float = 1.0) -> float:
    """Bandwidth of about 2**20 bursts: columns of so many bursts each, of which the share is read,
    evenly spread; all of them are one stream. In 10^9 bytes."""
    columns = max(1, (1 << 20) // column_bursts)
    read = np.unique((np.arange(round(columns * share)) / share).astype(np.int64))
    requests = Requests(read * column_bursts, np.full(len(read), column_bursts), 0)
    time_us = read_requests(part, requests).clocks / part.clock_mhz
    return requests.bursts * part.burst_bits / 8e3 / time_us
