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
from accelsim.machines.bbs.machine import MACHINE
from accelsim.records import CscMatrix
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import RecurrentLayer
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
    machine: Machine, config: BbsConfig, work: Any, job: Any, result: RunResult, rows: int = 5
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
    costs = {name: row_costs(own, config.n_banks) for name, own in matrices(config, work).items()}
    order = np.lexsort((np.arange(config.n_pe), -counters.slots))
    return Details(
        worst=order,
        tables=(_multipliers(config, counters, order[:5]), _rows(config, costs, rows)),
        bound=_bound(config, counters),
    )


def matrices(config: BbsConfig, work: Any) -> dict[str, CscMatrix]:
    """The integer matrices that the machine multiplies: of a recurrent layer each gate's
    [W?x W?r] as one (contract B6)."""
    if not isinstance(work, RecurrentLayer):
        linear = work if isinstance(work, LinearWeights) else LinearWeights.from_floats(
            work, config.weight_bits)
        return {linear.name: linear.matrix}
    found: dict[str, Any] = {}
    for name in work.matrices:
        if name.endswith("r"):
            continue
        recurrent = f"{name[:2]}r"
        floats = work.floats(name)
        if name.endswith("x") and recurrent in work.matrices:
            name = f"{name} {recurrent}"
            floats = np.hstack([floats, work.floats(recurrent)])
        found[name] = LinearWeights.from_floats(floats, config.weight_bits, name).matrix
    return found


def row_costs(matrix: CscMatrix, n_banks: int) -> RowCosts:
    """Bank by bank, how many weights each row has; column j is in bank j div ceil(columns / banks).
    """
    n_rows, n_columns = matrix.shape
    width = -(-n_columns // n_banks)
    place = matrix.rows.astype(np.int64) * n_banks + matrix.columns // width
    banks = np.bincount(place, minlength=n_rows * n_banks).reshape(n_rows, n_banks)
    return RowCosts(banks.sum(axis=1), np.maximum(banks.max(axis=1), 1), banks.argmax(axis=1))


def _bound(config: BbsConfig, counters: BbsCounters) -> str:
    used = counters.macs.sum() / max(int(counters.slots.sum()) * config.n_banks, 1)
    text = largest_loss(counters.states())
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
