"""Numbers that studies keep of ESE alone."""

from __future__ import annotations

from accelsim.records.metric import FinishedPoint, Metric


def fetch_wait_share(point: FinishedPoint) -> float:
    """Of all cycles."""
    return float(point.counters.fetch_wait_cycles / point.counters.cycles)


def dram_mbit(point: FinishedPoint) -> float:
    """Weights, pointers, vectors and tables read, and results written."""
    c = point.counters
    words = c.weight_words + c.pointer_words + c.vector_words + c.table_words + c.result_words
    return float(words * point.config.ddr_word_bits / 1e6)


METRICS = (
    Metric("fetch_wait_share", "cycles in which the next column had not arrived", "mean",
           fetch_wait_share, after="relative_error"),
    Metric("dram_mbit", "10^6 bits read from and written to DRAM", "sum", dram_mbit,
           after="relative_error"),
)
