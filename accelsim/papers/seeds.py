"""A published table over several seeds: the mean of ours, and its least and most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from accelsim.papers.comparison import Cell, Comparison, Published


def over_seeds(results: Sequence[Published]) -> Published:
    """One table from the same one at several seeds, the first of which gives notes.

    A cell of ours is the mean, with the least and the most beside it; verdicts are the mean's.
    """
    first = results[0]
    if len(results) == 1:
        return first
    tables = tuple(
        replace(table, cells=tuple(
            _joined(cells) for cells in zip(*(one.cells for one in same), strict=True)))
        for table, same in ((same[0], same) for same in _same(results)))
    note = f"Ours: the mean of {len(results)} seeds; the figure has least and most."
    return replace(first, tables=tables, notes=(note, *first.notes))


def _same(results: Sequence[Published]) -> list[tuple[Comparison, ...]]:
    return list(zip(*(result.tables for result in results), strict=True))


def _joined(cells: Sequence[Cell]) -> Cell:
    values = [cell.ours for cell in cells if cell.ours is not None]
    if len(values) < len(cells):
        return cells[0]
    return replace(cells[0], ours=sum(values) / len(values), low=min(values), high=max(values))
