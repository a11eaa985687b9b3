"""Tables of searches and of trained number systems, from what scripts in ``traces`` measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from statistics import mean
from typing import Any

from accelsim.files import read_utf8

Table = tuple[Sequence[str], list[tuple[str, ...]]]

MNIST_PUBLISHED = (
    ("float32", 99.41), ("TWN", 99.35), ("GXNOR", 99.32), ("BWN", 99.05), ("BWN", 98.82),
    ("BNN", 98.60),
)
"""Right answers on MNIST in percent, of larger networks, as the lecture slides print them."""


def codesign_table(path: str) -> Table:
    """A row a search: what it costs, how often it errs, what its proxy predicted.

    Parameters
    ----------
    path : of what ``traces/compare_codesign.py`` wrote
    """
    kept = json.loads(read_utf8(path))
    rows: list[tuple[str, ...]] = []
    for search in dict.fromkeys(row["search"] for row in kept["rows"]):
        own = [row for row in kept["rows"] if row["search"] == search]
        exact = mean(row["energy_uj"] for row in own)
        predicted = ""
        if own[0]["predicted_uj"] is not None:
            errors = [100 * (row["predicted_uj"] / row["exact_uj"] - 1) for row in own]
            predicted = (f"{mean(row['predicted_uj'] for row in own):.3f} for "
                         f"{mean(row['exact_uj'] for row in own):.3f} ({mean(errors):+.0f} %)")
        rows.append((
            search, f"{exact:.4f}", f"{mean(row['time_us'] for row in own):.3f}",
            f"{mean(row['size_kb'] for row in own):.1f}",
            f"{mean(row['weights'] for row in own):,.0f}",
            _spread(row["held_out_wrong_percent"] for row in own),
            _spread(row["test_wrong_percent"] for row in own), predicted))
    return ("search", "uJ", "us", "KB", "weights", "held-out error %", "test error %",
            "predicted uJ"), rows


def trained_table(path: str) -> Table:
    """A row a number system: errors without and with training.

    Parameters
    ----------
    path : of what ``traces/train_number_systems.py`` wrote
    """
    kept = json.loads(read_utf8(path))
    ways = ("post_training", "straight_through", "inq_partition", "ttq_scales")
    rows = []
    for table, bits in dict.fromkeys((row["table"], row["bits"]) for row in kept["rows"]):
        own = [row | {"straight_through": row.get("straight_through", row.get("trained_on"))}
               for row in kept["rows"] if (row["table"], row["bits"]) == (table, bits)]
        rows.append((table, str(bits), *(
            _spread(row[way] for row in own) if own[0].get(way) is not None else ""
            for way in ways)))
    return ("table", "bits", "post-training", "straight through", "INQ's partition",
            "TTQ's scales"), rows


def mnist_table() -> Table:
    """The published row of MNIST, as errors."""
    return tuple(name for name, _ in MNIST_PUBLISHED), [
        tuple(f"{100 - right:.2f} %" for _, right in MNIST_PUBLISHED)]


def _spread(values: Iterable[float]) -> str:
    """The mean, and the smallest and the largest where there are several."""
    found: list[Any] = sorted(values)
    told = f"{mean(found):.2f}"
    return told if len(found) == 1 else f"{told} ({found[0]:.2f} to {found[-1]:.2f})"
