"""Run results as plain objects and rows: what ``--json``, ``--csv`` and the tables print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

from accelsim import __version__
from accelsim.machines.eie.counters import Counters, add_counters
from accelsim.records.result import RunResult
from accelsim.report.energy_summary import energy_object, energy_row

BREAKDOWN = ("useful", "padding", "empty columns", "hazard", "starved", "overhead")
"""Where PE-cycles go, in the order in which tables and pictures show them."""


def breakdown(counters: Counters) -> dict[str, float]:
    """Share of all PE-cycles in each state; the shares add up to 1.

    ``overhead`` is start, refill, load, drain and store phases.
    """
    cycles = {
        "useful": int(counters.macs.sum()),
        "padding": int(counters.padding_entries.sum()),
        "empty columns": int(counters.empty_column_cycles.sum()),
        "hazard": int(counters.hazard_stall_cycles.sum()),
        "starved": int(counters.starved_cycles.sum()),
        "overhead": (counters.cycles - counters.compute_cycles) * counters.n_pe,
    }
    total = counters.cycles * counters.n_pe
    return {state: cycles[state] / total for state in BREAKDOWN}


def layer_row(result: RunResult, energy: bool = False) -> dict[str, Any]:
    """One run as a flat row; times are absent where the engine tells none."""
    row: dict[str, Any] = {"layer": result.name, "engine": result.engine}
    counters = result.counters
    if counters is not None:
        row |= {
            "cycles": counters.cycles,
            "time_us": result.time_us,
            "theoretical_us": result.theoretical_us,
            "load_balance": result.load_balance,
            "blocked_cycles": counters.blocked_cycles,
        }
        row |= {f"{k.replace(' ', '_')}_share": v for k, v in breakdown(counters).items()}
    row |= result.operations
    if energy:
        row |= energy_row(result)
    row["outputs_sha256"] = result.outputs_sha256() if result.outputs is not None else None
    return row


def run_object(
    results: Sequence[RunResult], energy: bool = False, seed: int | None = None
) -> dict[str, Any]:
    """One JSON object for one or more layers run on one machine; the same for the same run."""
    first = results[0]
    config = first.config
    layers = []
    for result in results:
        points = result.binary_points
        entry = layer_row(result, energy) | {
            "binary_points": {
                "weight_frac_bits": points.weight_frac_bits,
                "input_frac_bits": points.input_frac_bits,
                "output_frac_bits": points.output_frac_bits,
            },
            "counters": result.counters.totals() if result.counters is not None else None,
            "provenance": result.provenance,
        }
        if energy:
            entry["energy"] = energy_object(result)
        layers.append(entry)
    total: dict[str, Any] = {
        key: sum(r.operations[key] for r in results) for key in first.operations
    }
    timed = [r.counters for r in results if r.counters is not None]
    if len(timed) == len(results):
        whole = add_counters(timed)
        total |= {
            "cycles": whole.cycles,
            "time_us": sum(r.time_us for r in results),
            "theoretical_us": sum(r.theoretical_us for r in results),
            "load_balance": float(
                np.divide(
                    sum(r.theoretical_us for r in results), sum(r.time_us for r in results)
                )
            ),
            "counters": whole.totals(),
        }
    return {
        "accelsim": __version__,
        "machine": getattr(config, "machine", "unknown"),
        "engine": first.engine,
        "config": config.model_dump() if isinstance(config, BaseModel) else {},
        "seed": seed,
        "layers": layers,
        "total": total,
    }
