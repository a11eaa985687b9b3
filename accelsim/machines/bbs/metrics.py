"""Numbers that studies keep of the bank-balanced machine alone."""

from __future__ import annotations

from accelsim.records.metric import FinishedPoint, Metric


def filler_share(point: FinishedPoint) -> float:
    """Of the multipliers' slots that took something; a run without any slot has no filler."""
    filler = int(point.counters.filler_macs.sum())
    taken = filler + int(point.counters.macs.sum())
    return filler / taken if taken else 0.0


METRICS = (
    Metric("filler_share", "multiplier slots that took filler in place of a weight", "mean",
           filler_share),
)
