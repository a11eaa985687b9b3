"""The README's tables of sparsity patterns: headings, and the rows of ``accelsim patterns``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accelsim.machines import EseConfig, load_as
from accelsim.papers.pattern_rows import balance_rows, machine_rows, tradeoff_rows
from accelsim.workload.recurrent_folder import load_recurrent_folder

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]
Row = Mapping[str, Any]

BALANCE_LABELS = {
    "unstructured": "magnitude alone",
    "load_balanced": "load balance of weights",
    "load_balanced, entries": "load balance of stored entries",
}


def load_balance_table() -> Table:
    """The published LSTM's sizes: with and without load-balance-aware pruning, by queue depth."""
    rows: dict[str, list[Row]] = {}
    for row in balance_rows(_ese()).rows:
        rows.setdefault(row["pattern"], []).append(row)
    depths = [row["act_queue_depth"] for row in next(iter(rows.values()))]
    head = ("pruned by", "weights kept", "entries, max/mean PE", f"queue {depths[0]}",
            *map(str, depths[1:]))
    return head, [
        (BALANCE_LABELS[label], _percent(found[0]["kept"]),
         f"{found[0]['entries_max_over_mean']:.3f}", *(f"{row['step_us']:.1f}" for row in found))
        for label, found in rows.items()
    ]


def tradeoff_table(folder: str, *densities: str) -> Table:
    """A real network under every pattern: error, decisions, time, load balance, energy, size."""
    chosen = [float(text) for text in densities]
    found = tradeoff_rows(_ese(), load_recurrent_folder(folder), *([chosen] if chosen else ()))
    head = ("weights", "pattern", "kept %", "error", "agree %", "ESE: us", "balance", "nJ", "Kbit",
            "EIE: us", "balance", "nJ", "Kbit", "bbs: us", "Kbit")
    return head, [
        (row["weights"], row["pattern"], f"{100 * row['kept']:.1f}", f"{row['error']:.3f}",
         f"{100 * row['agree']:.1f}", f"{row['step_us']:.1f}", f"{row['load_balance']:.2f}",
         f"{row['energy_nj']:,.0f}", _kbit(row["stream_bits"]), f"{row['eie_us']:.2f}",
         f"{row['eie_balance']:.2f}", f"{row['eie_energy_nj']:,.0f}", _kbit(row["eie_bits"]),
         f"{row['bbs_step_us']:.2f}", _kbit(row["csb_bits"]))
        for row in found.rows
    ]


def machines_table(file: str, layer: str) -> Table:
    """One matrix under every pattern: cycles, load balance and size on each machine."""
    head = ("pattern", "kept %", "EIE: cycles", "balance", "Kbit", "Huffman", "ESE: cycles",
            "balance", "Kbit", "Huffman", "bbs: cycles", "CSB Kbit", "N:M Kbit")
    return head, [
        (row["pattern"], f"{100 * row['kept']:.1f}", f"{row['eie_cycles']:,}",
         f"{row['eie_balance']:.2f}", _kbit(row["eie_bits"]), _kbit(row["eie_huffman_bits"]),
         f"{row['ese_cycles']:,}", f"{row['ese_balance']:.2f}", _kbit(row["ese_bits"]),
         _kbit(row["ese_huffman_bits"]), f"{row['bbs_cycles']:,}", _kbit(row["csb_bits"]),
         _kbit(row["n_m_bits"]))
        for row in machine_rows(_ese(), file, layer).rows
    ]


def _ese() -> EseConfig:
    return load_as(EseConfig, "ese")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _kbit(bits: int | None) -> str:
    return "" if bits is None else f"{bits / 1024:,.0f}"
