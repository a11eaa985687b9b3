"""An explanation as tables: the same ones for the terminal and for pages."""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.inside.explain import Explanation

View = tuple[str, Sequence[str], list[tuple[object, ...]]]
"""Title, headings, rows; None stands for a figure that is not there."""


def explanation_tables(found: Explanation) -> list[View]:
    """States with the worst PEs, the machine's own tables, and what would help."""
    views = [_states(found)]
    for own in found.tables:
        rows = [tuple(row.get(key) for key in own.columns) for row in own.rows]
        views.append((own.title, tuple(own.columns.values()), rows))
    if found.remedies:
        views.append(_remedies(found))
    return views


def _states(found: Explanation) -> View:
    worst, cycles = found.worst_pes(), found.result.cycles
    rows: list[tuple[object, ...]] = [
        (state, round(100 * share, 2), round(share * cycles, 1),
         *(int(found.states[state][pe]) for pe in worst))
        for state, share in found.shares().items() if share
    ]
    return (
        f"{found.result.name}: where {cycles:,} cycles of {found.result.timed.n_pe} PEs went, "
        f"and the PEs to look at first",
        ("state", "% of PE-cycles", "cycles a PE", *(f"PE {pe}" for pe in worst)), rows,
    )


def _remedies(found: Explanation) -> View:
    problems = any(remedy.problem for remedy in found.remedies)
    rows: list[tuple[object, ...]] = []
    for remedy in found.remedies:
        saved = found.saved(remedy)
        percent = None if saved is None else round(100 * saved / found.result.cycles, 2)
        rows.append((remedy.name, remedy.cycles, saved, percent,
                     *((remedy.problem or "",) if problems else ())))
    return ("What would help (each was run)",
            ("change", "cycles", "saved", "%", *(("why not",) if problems else ())), rows)
