"""Run results as plain objects and rows: what ``--json``, ``--csv`` and the tables print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from pydantic import BaseModel

from accelsim import __version__
from accelsim.records.counters import CounterSet
from accelsim.records.network_result import NetworkResult
from accelsim.records.result import RunResult
from accelsim.report.energy_summary import energy_object, energy_row

POINTS = ("weight", "input", "output")
"""Signals of a layer of one matrix, whose binary points are told by these names."""


def breakdown(counters: CounterSet) -> dict[str, float]:
    """Share of all PE-cycles in each of the machine's states; the shares add up to 1."""
    total = counters.cycles * counters.n_pe
    return {state: int(cycles.sum()) / total for state, cycles in counters.states().items()}


def layer_row(result: RunResult, energy: bool = False) -> dict[str, Any]:
    """One run as a flat row; what a machine or an engine does not tell is absent."""
    row: dict[str, Any] = {"layer": result.name, "engine": result.engine}
    counters = result.counters
    if counters is not None:
        row |= {
            "cycles": counters.cycles,
            "time_us": result.time_us,
            "theoretical_us": result.theoretical_us,
            "load_balance": result.load_balance,
        }
        if "blocked_cycles" in {counter.name for counter in counters.counted()}:
            row["blocked_cycles"] = counters.blocked_cycles
        row |= {f"{k.replace(' ', '_')}_share": v for k, v in breakdown(counters).items()}
    row |= result.operations
    if result.feasible is not None:
        row["feasible"] = result.feasible
    if energy:
        row |= energy_row(result)
    row["outputs_sha256"] = result.outputs_sha256() if result.outputs is not None else None
    return row


def run_object(
    results: Sequence[RunResult], energy: bool = False, seed: int | None = None
) -> dict[str, Any]:
    """One JSON object for one or more runs on one machine; the same for the same runs."""
    first = results[0]
    config = first.config
    layers = []
    for result in results:
        entry = layer_row(result, energy) | _points(result) | {
            "counters": result.counters.totals() if result.counters is not None else None,
            "provenance": result.provenance,
            "losses": [loss.as_dict() for loss in result.losses], **limits_object(result),
        }
        if result.slots:
            entry["slots"] = [asdict(slot) for slot in result.slots]
        if energy:
            entry["energy"] = energy_object(result)
        layers.append(entry)
    total: dict[str, Any] = {
        key: sum(r.operations[key] for r in results) for key in first.operations
    }
    timed = [r.counters for r in results if r.counters is not None]
    if len(timed) == len(results):
        whole = type(timed[0]).added(timed)
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


def limits_object(result: RunResult | NetworkResult) -> dict[str, Any]:
    """Whether the machine can be built, and what keeps it from that; nothing where it does not
    say."""
    if result.limits is None:
        return {}
    return {"feasible": result.feasible, "limits": [limit.as_dict() for limit in result.limits]}


def _points(result: RunResult) -> dict[str, Any]:
    """Binary points: three of a layer, else those of every signal."""
    if set(result.frac_bits) == set(POINTS):
        return {"binary_points": {f"{s}_frac_bits": result.frac_bits[s] for s in POINTS}}
    return {"frac_bits": dict(result.frac_bits)}
