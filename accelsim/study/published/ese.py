"""ESE's main table (FPGA 2017), from `accelsim.study.published_ese`."""

from __future__ import annotations

from accelsim.study.published.comparison import Published
from accelsim.study.published.facts import grids
from accelsim.study.published_ese import published_ese


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
    notes = tuple(f"{row.matrix}: {row.explanation}." for row in rows)
    table = grid.beside("A time step of the LSTM, 32 voice vectors", "matrix", ours)
    return Published("ese", "ESE main table: time a matrix", (table,), notes)
