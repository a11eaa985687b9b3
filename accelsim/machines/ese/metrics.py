"""Numbers that studies keep of ESE alone."""

from __future__ import annotations

import numpy as np

from accelsim.records.metric import FinishedPoint, Metric


def relative_error(point: FinishedPoint) -> float:
    """RMS of the difference over RMS of what was wanted."""
    wanted = np.asarray(point.wanted)
    difference = point.result.outputs_float - wanted
    scale = float(np.sqrt(np.mean(wanted**2))) or 1.0
    return float(np.sqrt(np.mean(difference**2))) / scale


def fetch_wait_share(point: FinishedPoint) -> float:
    """Of all cycles."""
    return float(point.counters.fetch_wait_cycles / point.counters.cycles)


def dram_mbit(point: FinishedPoint) -> float:
    """Weights, pointers, vectors and tables read, and results written."""
    c = point.counters
    words = c.weight_words + c.pointer_words + c.vector_words + c.table_words + c.result_words
    return float(words * point.config.ddr_word_bits / 1e6)


def time_us_a_channel(point: FinishedPoint) -> float:
    """Of one sequence where every channel has one."""
    return float(point.result.time_us / point.config.n_channels)


METRICS = (
    Metric("relative_error", "outputs against the uncompressed layer in float, by RMS", "mean",
           relative_error, after="area_mm2"),
    Metric("fetch_wait_share", "cycles in which the next column had not arrived", "mean",
           fetch_wait_share, after="area_mm2"),
    Metric("time_us_a_channel", "time over n_channels: of one sequence where each has one", "sum",
           time_us_a_channel, after="area_mm2"),
    Metric("dram_mbit", "10^6 bits read from and written to DRAM", "sum", dram_mbit,
           after="area_mm2"),
)
