"""Tables of searches and of trained number systems, from what scripts in ``traces`` measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from statistics import mean
from typing import Any

from accelsim.files import read_utf8
from accelsim.study.pareto import pareto_mask

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
        rows.append((
            search, f"{exact:.4f}", f"{mean(row['time_us'] for row in own):.3f}",
            f"{mean(row['size_kb'] for row in own):.1f}",
            f"{mean(row['weights'] for row in own):,.0f}",
            _spread(row["held_out_wrong_percent"] for row in own),
            _spread(row["test_wrong_percent"] for row in own), _predicted(own)))
    return ("search", "uJ", "us", "KB", "weights", "held-out error %", "test error %",
            "predicted uJ"), rows


def _predicted(own: Sequence[dict[str, Any]]) -> str:
    """What a search's proxy saw, for what the machine says; nothing where it saw the machine."""
    if own[0].get("predicted_uj") is None:
        return ""
    error = mean(100 * (row["predicted_uj"] / row["exact_uj"] - 1) for row in own)
    predicted, exact = (mean(row[key] for row in own) for key in ("predicted_uj", "exact_uj"))
    digits = 0 if exact >= 100 else 3
    return f"{predicted:,.{digits}f} for {exact:,.{digits}f} ({error:+.1f} %)"


def photos_table(path: str) -> Table:
    """A row a search that trains nothing: what it costs, and the decisions it loses.

    Parameters
    ----------
    path : of what ``traces/compare_codesign_photos.py`` wrote
    """
    rows: list[tuple[str, ...]] = [(
        row["search"], f"{row['energy_uj']:,.0f}", f"{row['time_us'] / 1000:.3f}",
        f"{row['size_kb']:.1f}", f"{row['weights']:,.0f}", f"{row['judged_lost_percent']:.1f}",
        f"{row['unseen_lost_percent']:.1f}", f"{100 * row['relative_error']:.1f}",
        _predicted([row]))
        for row in json.loads(read_utf8(path))["rows"]]
    return ("search", "uJ", "ms", "KB", "weights", "decisions lost %: judged", "unseen",
            "error of results %", "predicted uJ"), rows


def effects_table(*paths: str) -> Table:
    """Published effects of energy in the loop and of additive tables, beside ours.

    Parameters
    ----------
    paths : of what ``traces/compare_codesign.py`` wrote
    """
    rows: list[tuple[str, ...]] = [
        ("energy, magnitude over energy-aware, equal error", "AlexNet", "1.7 x", "")]
    table: list[tuple[str, ...]] = [
        ("additive table: predicted, measured", "a NetAdapt", "10 %, 31 %", "")]
    for path in paths:
        kept = json.loads(read_utf8(path))
        pairs = kept.get("equal_error", [])
        if pairs:  # a seed whose first lower budget cost errors came no lower
            ratios = _spread(row["magnitude_uj"] / row.get("energy_uj", row["magnitude_uj"])
                             for row in pairs)
            rows.append(("the same", kept["network"], "", f"{ratios} x"))
        own = [row for row in kept["rows"] if row["search"] == "additive table"]
        told = [[100 * (1 - row[what] / row["uncut_uj"]) for row in own]
                for what in ("predicted_uj", "exact_uj")]
        table.append(("energy saved: predicted, exact", kept["network"], "",
                      f"{mean(told[0]):.1f} %, {mean(told[1]):.1f} %"))
    return ("effect", "network", "published", "ours"), rows + table


def systems_table(path: str) -> Table:
    """A row a number system; a star for those on the front of error and energy.

    Parameters
    ----------
    path : of what ``accelsim tables --json`` printed
    """
    kept = json.loads(read_utf8(path))["rows"]
    best = pareto_mask([(row["error"], row["energy_nj"]) for row in kept])
    rows: list[tuple[str, ...]] = [(
        row["table"], str(row["bits"]), str(row["rows"] or "all"), row["multiplier"],
        f"{100 * row['error']:.1f}", f"{row['plain_bits'] / 8192:.1f}",
        f"{row['huffman_bits'] / 8192:.1f}", f"{row['cycles']:,.0f}",
        f"{row['energy_nj'] / 1000:,.3f}", f"{row['decoder_nand2']:,.0f}",
        f"{row['arith_nand2']:,.0f}", f"{row['arith_mm2']:.3f}", "*" if on_front else "")
        for row, on_front in zip(kept, best, strict=True)]
    return ("table", "bits", "rows", "datapath", "lost %", "KB", "Huffman KB", "cycles", "uJ",
            "decoder NAND2", "arithmetic NAND2", "arithmetic mm2", "front"), rows


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
