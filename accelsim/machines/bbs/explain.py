"""What the bank-balanced machine says of a run beyond its counters: how well the multipliers are
used, and which rows cost most because their banks are not balanced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.inside.explain import Details, Table, largest_loss
from accelsim.machines.base import Machine
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.counters import BbsCounters
from accelsim.machines.bbs.job import BbsJob
from accelsim.machines.bbs.machine import MACHINE
from accelsim.machines.bbs.stages import BankedMatrix
from accelsim.records.result import RunResult

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RowCosts:
    """Slots of each row of a matrix (contract B2).

    Attributes
    ----------
    weights, slots : (n_rows,) weights of a row, and of its fullest bank, at least 1
    fullest_bank : (n_rows,) which one
    """

    weights: IntArray
    slots: IntArray
    fullest_bank: IntArray


def details(
    machine: Machine, config: BbsConfig, work: Any, job: BbsJob, result: RunResult, rows: int = 5
) -> Details:
    """Use of the multipliers PE by PE, and the costliest rows.

    A variant whose fast telling is another cuts its rows in another way: nothing is added to its
    counters then.

    Parameters
    ----------
    rows : how many of the costliest rows to name
    """
    if machine.tellings.get("fast") != MACHINE.tellings["fast"]:
        return Details()
    counters: BbsCounters = result.timed
    states = _states(counters)
    costs = {matrix.name: row_costs(matrix) for matrix in job.matrices}
    order = np.lexsort((np.arange(config.n_pe), -counters.slots))
    return Details(
        states=states,
        worst=order,
        tables=(_multipliers(config, counters, order[:5]), _rows(config, costs, rows)),
        bound=_bound(config, counters, states),
    )


def row_costs(matrix: BankedMatrix) -> RowCosts:
    """Bank by bank, how many weights each row has."""
    banks = np.count_nonzero(matrix.banks, axis=2)
    return RowCosts(banks.sum(axis=1), np.maximum(banks.max(axis=1), 1), banks.argmax(axis=1))


def _states(counters: BbsCounters) -> dict[str, IntArray]:
    """The counters' states, "overhead" cut into element-wise work alone and the pipeline's."""
    states = counters.states()
    del states["overhead"]
    return states | {
        "element-wise": np.full(counters.n_pe, counters.elementwise_cycles),
        "start, drain": np.full(counters.n_pe, counters.start_cycles + counters.drain_cycles),
    }


def _bound(
    config: BbsConfig, counters: BbsCounters, states: Mapping[str, IntArray]
) -> str:
    used = counters.macs.sum() / max(int(counters.slots.sum()) * config.n_banks, 1)
    text = largest_loss(states)
    return f"{text}; in their slots {100 * used:.1f} % of the multipliers have a weight"


def _multipliers(config: BbsConfig, counters: BbsCounters, worst: IntArray) -> Table:
    return Table(
        "worst_multipliers", f"PEs with most slots, {config.n_banks} multipliers each",
        {"pe": "PE", "rows": "rows", "slots": "slots", "macs": "weights",
         "filler": "slots of multipliers without", "filler_percent": "%"},
        [{"pe": int(pe), "rows": int(counters.rows[pe]), "slots": int(counters.slots[pe]),
          "macs": int(counters.macs[pe]), "filler": int(counters.filler_macs[pe]),
          "filler_percent": round(
              float(100 * counters.filler_macs[pe] / max(counters.slots[pe] * config.n_banks, 1)),
              2)}
         for pe in worst],
    )


def _rows(config: BbsConfig, costs: Mapping[str, RowCosts], count: int) -> Table:
    rows: list[dict[str, Any]] = []
    for name, own in costs.items():
        lost = own.slots - own.weights / config.n_banks
        for row in np.argsort(-lost, kind="stable")[:count]:
            rows.append({
                "matrix": name, "row": int(row), "pe": int(row % config.n_pe),
                "weights": int(own.weights[row]), "fullest_bank": int(own.fullest_bank[row]),
                "slots": int(own.slots[row]),
                "mean_slots": float(own.weights[row] / config.n_banks), "lost": float(lost[row]),
            })
    rows.sort(key=lambda row: -row["lost"])
    return Table(
        "worst_rows", "Costliest rows",
        {"matrix": "matrix", "row": "row", "pe": "PE", "weights": "weights",
         "fullest_bank": "fullest bank", "slots": "its slots", "mean_slots": "mean of its banks",
         "lost": "slots lost"}, rows[:count],
    )
