"""Results as tables for a terminal; a row a layer, whatever the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accelsim.cli.common import table

if TYPE_CHECKING:
    from accelsim.records.result import RunResult


def result_views(results: list[RunResult]) -> list[Any]:
    """Cycles, time and operations; where the cycles went; the slots of a run that has some."""
    from accelsim.report.summary import layer_row

    rows: list[tuple[Any, ...]] = []
    timed = results[0].counters is not None
    for result in results:
        row = layer_row(result)
        times = (row["cycles"], row["time_us"], row["theoretical_us"],
                 f"{100 * row['load_balance']:.1f} %") if timed else ()
        rows.append((row["layer"], *times, *(row.get(key, "-") for key in _OPERATIONS)))
    heads = ("cycles", "time us", "theoretical us", "load balance") if timed else ()
    config = results[0].config
    title = f"{config.machine}, {config.n_pe} PEs, engine {results[0].engine}"
    views = [table(title, ("layer", *heads, *_OPERATIONS), rows)]
    if timed:
        views.append(breakdown_view(results))
    return views


_OPERATIONS = ("entries", "padding", "macs", "saturations")


def breakdown_view(results: list[RunResult]) -> Any:
    """Where the PE-cycles went, a row a layer, in percent."""
    from accelsim.report.summary import breakdown

    rows = []
    shares = [breakdown(result.timed) for result in results]
    states = list(dict.fromkeys(state for own in shares for state in own))
    counted = {f.name for result in results for f in result.timed.counted()}
    blocks = "blocked_cycles" in counted
    for result, own in zip(results, shares, strict=True):
        blocked = (f"{100 * result.timed.blocked_cycles / result.cycles:.1f}",) if blocks else ()
        rows.append((result.name, *(f"{100 * own[state]:.1f}" for state in states), *blocked))
    columns = ("layer", *states, *(("CCU blocked",) if blocks else ()))
    return table("Where the cycles went (% of PE-cycles)", columns, rows)


def energy_views(results: list[RunResult]) -> list[Any]:
    """Energy by module, by cause, and what follows from it; a row a layer."""
    from accelsim.report.energy_summary import cause_rows, module_rows, rate_rows

    views = []
    for title, made in (("Energy by module, nJ", module_rows(results)),
                        ("Energy by cause, % ", cause_rows(results)),
                        ("Power and rates", rate_rows(results))):
        columns, rows = made
        views.append(table(title, columns, rows))
    return views
