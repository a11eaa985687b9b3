"""Which designs are worth a look: those that no other design beats in every respect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Front:
    """Designs that no other beats, and what was compared.

    Attributes
    ----------
    designs : on the front, best in the first objective first
    every : those that were compared
    unfinished : number of designs left out because a layer is missing or failed
    infeasible : those that cannot be built; left out, unless they were asked for
    unknown : number of designs compared whose runs do not say whether they can be built
    """

    designs: list[Design]
    every: list[Design]
    unfinished: int
    infeasible: list[Design]
    unknown: int

    @property
    def reasons(self) -> dict[str, int]:
        """Number of infeasible designs by what keeps them from being built, the most first."""
        counted = Counter(limit.what for design in self.infeasible for limit in design.limits or ())
        return dict(counted.most_common())


def pareto_front(
    results: Results,
    minimise: Sequence[str] = (),
    maximise: Sequence[str] = (),
    conditions: Sequence[Condition] = (),
    infeasible: bool = False,
) -> tuple[list[Design], int, int]:
    """The designs on the front, best in the first objective first; as `fronts`.

    Returns
    -------
    designs of the front, number of designs compared, number left out because a layer is missing
    or failed
    """
    found = fronts(results, minimise, maximise, conditions, infeasible)
    return found.designs, len(found.every), found.unfinished


def fronts(
    results: Results,
    minimise: Sequence[str] = (),
    maximise: Sequence[str] = (),
    conditions: Sequence[Condition] = (),
    infeasible: bool = False,
) -> Front:
    """The designs on the front, and which were left out.

    Parameters
    ----------
    infeasible : whether designs that cannot be built are compared too

    Raises
    ------
    InputError
        If there is no objective, or one twice or unknown; or nothing is complete, or can be built.
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
    broken = [design for design in designs if design.limits]
    if not infeasible:
        designs = [design for design in designs if not design.limits]
    if not designs:
        raise InputError(f"{results.path}: none of {len(broken):,} designs can be built "
                         f"({_told(Front([], [], 0, broken, 0).reasons)}); --all compares them all "
                         f"the same")
    sign = np.array([1.0] * len(minimise) + [-1.0] * len(maximise))
    costs = np.array([[d.metrics[name] for name in names] for d in designs]) * sign
    on_front = np.flatnonzero(pareto_mask(costs))
    order = on_front[np.lexsort(costs[on_front].T[::-1])]
    return Front([designs[i] for i in order], designs, left_out, broken,
                 sum(design.limits is None for design in designs))


def _told(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {count:,}" for what, count in reasons.items())
