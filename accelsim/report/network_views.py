"""A network's explanation as tables, as a picture, and as sections of a page."""

from __future__ import annotations

from matplotlib.figure import Figure

from accelsim.inside.network import NetworkExplanation
from accelsim.report import html
from accelsim.report.explain_plots import COLOURS
from accelsim.report.explain_tables import View
from accelsim.report.network_summary import host_rows
from accelsim.report.plots_style import label, new_axes, plain


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


def network_picture(found: NetworkExplanation) -> Figure:
    """A bar a layer: cycles of an average PE, state on state."""
    names = list(found.layers)
    figure, axes = new_axes("", "", "", (max(6.4, 0.45 * len(names) + 3.5), 4.0))
    bottom = [0.0] * len(names)
    for index, state in enumerate(found.states()):
        heights = [own.shares().get(state, 0.0) * own.result.cycles
                   for own in found.layers.values()]
        if any(heights):
            axes.bar(range(len(names)), heights, bottom=bottom, label=plain(state),
                     color=COLOURS[index % len(COLOURS)], width=0.8)
            bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
    axes.set_xticks(range(len(names)), [plain(name) for name in names], fontsize="x-small",
                    rotation=45, ha="right")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize="small")
    label(axes, f"{found.result.name}: where the cycles of an average PE went", "layer", "cycles")
    return figure


def network_section(found: NetworkExplanation) -> str:
    """Of a page: finding, bars, tables, and what a reader has to know."""
    parts = [html.paragraph(f"{found.finding}."),
             html.picture(network_picture(found), f"{found.result.name}: cycles of each layer by "
                                                  f"what an average PE did in them")]
    for title, columns, rows in network_tables(found):
        parts += [html.heading(title), html.table(columns, rows)]
    parts += [html.paragraph(note) for note in found.result.notes]
    return html.section(f"{found.result.name}: layer by layer", *parts)
