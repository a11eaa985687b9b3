"""Which designs are worth a look: those that no other design beats in every respect."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.study.designs import Design, read_designs
from accelsim.study.query import Condition, Results


def pareto_mask(costs: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Rows that no other row dominates: at most as large everywhere and smaller somewhere.

    Equal rows do not dominate each other; all of them stay.

    Parameters
    ----------
    costs : (n, n_objectives), smaller is better
    """
    matrix = np.asarray(costs, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] < 1:
        raise InputError(f"costs have shape {matrix.shape}; need (designs, objectives)")
    keep = np.zeros(len(matrix), dtype=bool)
    front = np.empty((0, matrix.shape[1]))
    # In lexicographic order a row can be dominated by rows before it alone.
    for index in np.lexsort(matrix.T[::-1]):
        row = matrix[index]
        below = (front <= row).all(axis=1)
        if not (below & (front < row).any(axis=1)).any():
            keep[index] = True
            front = np.vstack([front, row])
    return keep


def pareto_front(
    results: Results,
    minimise: Sequence[str] = (),
    maximise: Sequence[str] = (),
    conditions: Sequence[Condition] = (),
) -> tuple[list[Design], int, int]:
    """The designs on the front, best in the first objective first.

    Returns
    -------
    designs of the front, number of designs compared, number left out because a layer is missing
    or failed

    Raises
    ------
    InputError
        If there is no objective, or one twice or unknown; or nothing is complete.
    ConfigError
        If a condition names an unknown column.
    """
    names = [*minimise, *maximise]
    if not names:
        raise InputError("name at least one metric with --min or --max, for instance --min time_us")
    if len(set(names)) < len(names):
        raise InputError("an objective is named twice; each metric goes into --min or --max once")
    designs, left_out = read_designs(results, names, conditions)
    if not designs:
        raise InputError(f"{results.path}: no design has finished on every selected layer; "
                         f"run the sweep to its end, or select layers with --where workload=NAME")
    sign = np.array([1.0] * len(minimise) + [-1.0] * len(maximise))
    costs = np.array([[d.metrics[name] for name in names] for d in designs]) * sign
    on_front = np.flatnonzero(pareto_mask(costs))
    order = on_front[np.lexsort(costs[on_front].T[::-1])]
    return [designs[i] for i in order], len(designs), left_out
