"""The papers' tables and figures beside ours: ``accelsim published NAME``.

======================  ===========================================================================
``reproduce``           one of `NAMES`, worked out and compared
``facts.grids``         the published numbers, package data with source and tag
``comparison``          the records: cells, tolerances, verdicts
======================  ===========================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from accelsim.errors import InputError, nearest
from accelsim.papers.comparison import Cell, Comparison, Published, Tolerance

NAMES: dict[str, str] = {
    "eie-table2": "eie_table2:eie_table2",
    "eie-table3": "eie_table3:eie_table3",
    "eie-table4": "eie_table4:eie_table4",
    "eie-table5": "eie_table5:eie_table5",
    "eie-fig6": "eie_speedups:eie_fig6",
    "eie-fig7": "eie_speedups:eie_fig7",
    "eie-fig8": "eie_queue:eie_fig8",
    "eie-fig9": "eie_width:eie_fig9",
    "eie-fig11": "eie_scaling:eie_fig11",
    "eie-fig12": "eie_scaling:eie_fig12",
    "eie-fig13": "eie_scaling:eie_fig13",
    "deep-compression": "deep_compression:deep_compression",
    "ese": "ese:ese",
    "networks": "networks:networks",
    "inq": "inq:inq",
}
"""Name to ``module:function``; every function takes a ``seed``."""


def reproduce(name: str, seed: int = 1) -> Published:
    """One published table or figure, from nothing but the package.

    Parameters
    ----------
    seed : of the synthetic layers

    Raises
    ------
    InputError
        If there is no table of that name.
    """
    if name not in NAMES:
        raise InputError(f"no published table '{name}'{nearest(name, NAMES)}")
    module, _, function = NAMES[name].partition(":")
    work_out: Callable[[int], Published] = getattr(
        import_module(f"accelsim.papers.{module}"), function
    )
    return work_out(seed)


__all__ = ["NAMES", "Cell", "Comparison", "Published", "Tolerance", "reproduce"]
