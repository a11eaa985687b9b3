"""A network's explanation as tables, as a picture, and as sections of a page."""

from __future__ import annotations

from matplotlib.figure import Figure

from accelsim.inside.network import NetworkExplanation
from accelsim.report import html
from accelsim.report.explain_tables import View
from accelsim.report.network_summary import host_rows
from accelsim.report.paper import PAGE, styled
from accelsim.report.plots_style import stacked


def network_tables(found: NetworkExplanation) -> list[View]:
    """Cycles and states a layer; the work of the host."""
    result, rows = found.result, found.rows()
    states = [state for state, cycles in found.states().items() if cycles]
    body: list[tuple[object, ...]] = [
        (row["layer"], row["lowering"], row["vectors"], row["cycles"],
         f"{100 * row['share']:.1f}", f"{row['cycles_a_vector']:.1f}", row["largest_loss"],
         *(f"{100 * row.get(f'{state}_share', 0.0):.1f}" for state in states)) for row in rows]
    total, whole = sum(found.states().values()), found.states()
    body.append(("network", "", sum(row["vectors"] for row in rows), result.cycles, "100.0", "", "",
                 *(f"{100 * whole[state] / total:.1f}" for state in states)))
    views: list[View] = [(
        f"{result.name}: where {result.cycles:,} cycles of {result.config.n_pe} PEs went; states "
        f"in % of PE-cycles",
        ("layer", "lowering", "vectors", "cycles", "% of all", "cycles a vector", "largest loss",
         *states), body)]
    if result.host:
        views.append(("On the host, not timed", ("node", "kind", "operations", "bytes"),
                      [tuple(row.values()) for row in host_rows(result)]))
    return views


@styled
def network_picture(found: NetworkExplanation, *, width: float = PAGE) -> Figure:
    """A bar a layer: cycles of an average PE, state on state."""
    own = found.layers.values()
    return stacked(
        f"{found.result.name}: where the cycles of an average PE went", list(found.layers),
        {state: [each.shares().get(state, 0.0) * each.result.cycles for each in own]
         for state in found.states()}, "cycles", width)


def network_section(found: NetworkExplanation) -> str:
    """Of a page: finding, bars, tables, and what a reader has to know."""
    parts = [html.paragraph(f"{found.finding}."),
             html.picture(network_picture(found), f"{found.result.name}: cycles of each layer by "
                                                  f"what an average PE did in them")]
    for title, columns, rows in network_tables(found):
        parts += [html.heading(title), html.table(columns, rows)]
    parts += [html.paragraph(note) for note in found.result.notes]
    return html.section(f"{found.result.name}: layer by layer", *parts)
