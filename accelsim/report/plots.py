"""One function a figure: records in, a matplotlib Figure out, at the size at which it is printed.

============================  ====================================================================
``cycle_breakdown``           where each layer's PE-cycles went
``speedup``, ``efficiency``   against the number of PEs
``queue_depth``               load balance against the activation queue's depth
``line_width_energy``         reads, energy a read and their product against the SRAM line
``energy_breakdown``          where each layer's energy went
``accuracy_energy``           accuracy against energy, a point a design
``roofline``                  bounds of compute, SRAM and DRAM
``pareto_scatter``            all designs and their front
``pe_load_heatmap``           entries of each PE
``storage_breakdown``         what the bits of an encoding hold
``side_by_side``              published values beside ours
``save``                      svg, pdf or png
============================  ====================================================================

Every function takes ``width`` in inches: `COLUMN` (3.4), `PAGE` (7) or any other. There is no
title inside (``figure.suptitle(figure.get_label())`` draws one), the legend is below, and colours
are those of `accelsim.report.meanings`.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from accelsim.records.result import RunResult
from accelsim.report.meanings import HATCHES, OKABE_ITO
from accelsim.report.paper import COLUMN, PAGE, styled
from accelsim.report.plots_bars import side_by_side, storage_breakdown
from accelsim.report.plots_designs import pe_load_heatmap, roofline
from accelsim.report.plots_energy import accuracy_energy, energy_breakdown, line_width_energy
from accelsim.report.plots_pareto import pareto_scatter
from accelsim.report.plots_scaling import efficiency, queue_depth, speedup
from accelsim.report.plots_style import save, stacked
from accelsim.report.summary import breakdown

__all__ = [
    "COLUMN", "HATCHES", "OKABE_ITO", "PAGE", "accuracy_energy", "cycle_breakdown", "efficiency",
    "energy_breakdown", "line_width_energy", "pareto_scatter", "pe_load_heatmap", "queue_depth",
    "roofline", "save", "side_by_side", "speedup", "storage_breakdown",
]


@styled
def cycle_breakdown(
    results: Sequence[RunResult], n_inputs: int = 1, *, width: float = PAGE
) -> Figure:
    """Where each layer's PE-cycles went, stacked to its cycle count.

    Parameters
    ----------
    n_inputs : inputs that each result's counters are the sum of; cycles are those of their mean
    """
    of = f", mean of {n_inputs:,} inputs" if n_inputs > 1 else ""
    shares = [breakdown(result.timed) for result in results]
    states = dict.fromkeys(state for share in shares for state in share)
    return stacked(
        "Where the cycles of an average PE went", [result.name for result in results],
        {state: [share.get(state, 0.0) * r.cycles / n_inputs
                 for share, r in zip(shares, results, strict=True)] for state in states},
        f"cycles{of}", width,
    )
