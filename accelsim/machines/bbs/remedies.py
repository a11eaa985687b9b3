"""Changes that may make a run faster on the bank-balanced machine; `accelsim.inside.explain` runs
each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.patterns import bank_balanced
from accelsim.compression.permute import reordered
from accelsim.inside.explain import Change
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.explain import row_costs
from accelsim.machines.bbs.job import BbsJob
from accelsim.records import CscMatrix
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.result import RunResult


def changes(config: BbsConfig, work: Any, job: BbsJob, result: RunResult) -> Iterator[Change]:
    """Other sizes, weights balanced bank by bank, and rows in an order that evens out the PEs."""
    pruned, before, dropped = _balanced(config, work)
    if dropped:
        yield Change(f"bank-balanced pruning: no bank keeps more than the mean; {dropped:,} "
                     f"weights ({100 * dropped / before:.2f} %) fewer", work=pruned)
    if not isinstance(work, RecurrentLayer) or work.kind == "linear":  # else rows are cells
        (matrix,) = job.matrices
        order = balanced_order(row_costs(matrix).slots, config.n_pe)
        if not np.array_equal(order, np.arange(len(order))):
            yield Change(f"rows in an order balanced for {config.n_pe} PEs; results in that order",
                         work=_reordered(work, order))
    if result.timed.elementwise_cycles:
        width = 2 * config.elementwise_width
        yield Change(f"element-wise units for {width} elements a cycle (elementwise_width = "
                     f"{width})", {"elementwise_width": width})
    for key in ("n_banks", "n_pe"):
        own = getattr(config, key)
        yield Change(f"{key} = {2 * own} instead of {own}", {key: 2 * own})
        if own > 1:
            yield Change(f"{key} = {own // 2} instead of {own}", {key: own // 2})
    if config.n_pe > 1:
        yield Change(
            f"as many multipliers with fewer PEs (n_pe = {config.n_pe // 2}, n_banks = "
            f"{2 * config.n_banks})", {"n_pe": config.n_pe // 2, "n_banks": 2 * config.n_banks})
    if config.n_banks > 1:
        yield Change(
            f"as many multipliers with more PEs (n_pe = {2 * config.n_pe}, n_banks = "
            f"{config.n_banks // 2})", {"n_pe": 2 * config.n_pe, "n_banks": config.n_banks // 2})


def balanced_order(slots: npt.NDArray[np.int64], n_pe: int) -> npt.NDArray[np.int64]:
    """The row that is stored at each place, so that PEs have slots as equal as can be.

    From the costliest row to the cheapest, each goes to the PE with room and fewest slots; place
    i belongs to PE i mod n_pe. A PE's rows stay in ascending order.
    """
    n_rows = len(slots)
    room = -((np.arange(n_pe) - n_rows) // n_pe)
    load = np.zeros(n_pe, np.int64)
    owner = np.empty(n_rows, np.int64)
    for row in np.argsort(-slots, kind="stable"):
        pe = int(np.argmin(np.where(room > 0, load, np.iinfo(np.int64).max)))
        owner[row], load[pe], room[pe] = pe, load[pe] + slots[row], room[pe] - 1
    order = np.empty(n_rows, np.int64)
    for pe in range(min(n_pe, n_rows)):
        order[pe::n_pe] = np.flatnonzero(owner == pe)
    return order


def _reordered(work: Any, order: npt.NDArray[np.int64]) -> Any:
    if not isinstance(work, RecurrentLayer):
        return _with(work, reordered(_matrix(work), order))
    weights = work.matrices["Wyx"]
    return replace(work, matrices={"Wyx": _with(weights, reordered(_matrix(weights), order))},
                   biases={name: bias[order] for name, bias in work.biases.items()})


def _balanced(config: BbsConfig, work: Any) -> tuple[Any, int, int]:
    """The work under bank-balanced masks of each matrix's own density; its weights before, and
    how many fewer."""
    if isinstance(work, RecurrentLayer):
        before = {name: CscMatrix.from_dense(work.floats(name)) for name in work.matrices}
        after = _balanced_gates(config, before)
        total = sum(matrix.nnz for matrix in before.values())
        fewer = total - sum(matrix.nnz for matrix in after.values())
        return replace(work, matrices=after), total, fewer
    matrix = _matrix(work)
    kept = matrix.only(_mask(config, matrix.to_dense())[matrix.rows, matrix.columns])
    return _with(work, kept), matrix.nnz, matrix.nnz - kept.nnz


def _balanced_gates(config: BbsConfig, given: dict[str, CscMatrix]) -> dict[str, CscMatrix]:
    """Each gate's [W?x W?r] as one matrix, as the machine multiplies it (contract B6)."""
    after = {}
    for name, matrix in given.items():
        recurrent = given.get(f"{name[:2]}r") if name.endswith("x") else None
        if recurrent is not None:
            mask = _mask(config, np.hstack([matrix.to_dense(), recurrent.to_dense()]))
            own, other = np.split(mask, [matrix.shape[1]], axis=1)
            after[name] = matrix.only(own[matrix.rows, matrix.columns])
            after[f"{name[:2]}r"] = recurrent.only(other[recurrent.rows, recurrent.columns])
        elif not name.endswith("r"):
            mask = _mask(config, matrix.to_dense())
            after[name] = matrix.only(mask[matrix.rows, matrix.columns])
    return after


def _mask(config: BbsConfig, dense: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    density = np.count_nonzero(dense) / dense.size
    return bank_balanced(dense.astype(np.float64), density, config.n_banks)


def _matrix(work: Any) -> CscMatrix:
    """The stored weights of a single matrix, whatever record holds it."""
    if isinstance(work, LinearWeights):
        return work.matrix
    return work if isinstance(work, CscMatrix) else CscMatrix.from_dense(work)


def _with(work: Any, matrix: CscMatrix) -> Any:
    return replace(work, matrix=matrix) if isinstance(work, LinearWeights) else matrix
