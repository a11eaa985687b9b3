"""ESE's main table (FPGA 2017), from `accelsim.papers.ese_times`."""

from __future__ import annotations

from accelsim.papers.comparison import Cell, Comparison, Published
from accelsim.papers.ese_times import published_ese, spread_over_seeds
from accelsim.papers.facts import grids

LIMIT = 0.05
"""Share of the published real time that a matrix may be off (the grid's tolerance)."""


def ese(seed: int = 1) -> Published:
    """Times of the nine matrices and of a whole step, beside the published ones."""
    rows = published_ese(seed=seed)
    ours = {
        row.matrix: {
            "theoretical": row.theoretical_us, "real": row.real_us, "throughput": row.gops,
            "equivalent_throughput": row.equivalent_gops,
        }
        for row in rows
    }
    grid = grids()["ese"]
    spreads = spread_over_seeds(seed)
    notes = tuple(f"{row.matrix}: {row.explanation}." for row in rows) + tuple(
        f"{s.matrix}: {count} of {len(s.real_us)} seeds lie outside {LIMIT:.0%}, so a single seed "
        f"may; the mean is {s.mean_us / s.published_us:.3f} of the published time, single seeds "
        f"{min(s.real_us) / s.published_us:.3f} to {max(s.real_us) / s.published_us:.3f}."
        for s in spreads
        if (count := s.outside(LIMIT))
    )
    table = grid.beside("A time step of the LSTM, 32 voice vectors", "matrix", ours)
    return Published("ese", "ESE main table: time a matrix", (table, _over_seeds(seed)), notes)


def _over_seeds(seed: int) -> Comparison:
    """Mean of the real times over seeds of the random weights; the extremes are not judged."""
    grid = grids()["ese"]
    cells = []
    for spread in spread_over_seeds(seed):
        row = spread.matrix
        cells += [
            Cell(row, "mean", "us", spread.mean_us, spread.published_us,
                 grid.tolerance(row, "real"), grid.tag),
            Cell(row, "lowest", "us", min(spread.real_us)),
            Cell(row, "highest", "us", max(spread.real_us)),
        ]
    last = seed + len(spread_over_seeds(seed)[0].real_us) - 1
    title = f"Real time over seeds {seed} to {last} of the random weights"
    return Comparison(title, "matrix", grid.source, tuple(cells))
