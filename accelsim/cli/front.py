"""``accelsim pareto``: designs that no other beats and that can be built."""

from __future__ import annotations

import sys

from accelsim.cli.common import CsvOption, console, print_csv, table
from accelsim.cli.study import (
    AllOption,
    MaxOption,
    MinOption,
    StoreArgument,
    WhereOption,
    conditions,
)


def pareto(
    store: StoreArgument,
    minimise: MinOption = None,
    maximise: MaxOption = None,
    where: WhereOption = None,
    infeasible: AllOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Designs that no other beats and that can be built; metrics of several layers are combined."""
    from accelsim.study import Results, fronts

    with Results(store) as found:
        front = fronts(found, minimise or (), maximise or (), conditions(where), infeasible)
        varying = found.varying()
    keys = [] if as_csv else varying
    rows = [
        {**({key: design.settings.get(key) for key in keys or design.settings}), **design.metrics,
         **({"cannot be built": ", ".join(limit.what for limit in design.limits or ())}
            if infeasible else {})}
        for design in front.designs
    ]
    say_left_out(front.reasons, len(front.infeasible), front.unknown, infeasible)
    if as_csv:
        print_csv(rows)
        return
    left_out = front.unfinished
    unfinished = f", {left_out:,} unfinished ones left out" if left_out else ""
    title = (f"{len(front.designs):,} of {len(front.every):,} designs are on the front{unfinished}")
    console().print(table(title, list(rows[0]), [list(row.values()) for row in rows],
                          keep=list(front.designs[0].metrics)))


def say_left_out(
    reasons: dict[str, int], infeasible: int, unknown: int, compared: bool, verb: str = "compares"
) -> None:
    """On standard error: designs that cannot be built, and why; those that do not say."""
    why = ", ".join(f"{what} {count:,}" for what, count in reasons.items())
    if infeasible and compared:
        sys.stderr.write(f"accelsim: {infeasible:,} of the designs cannot be built: {why}\n")
    elif infeasible:
        sys.stderr.write(f"accelsim: {infeasible:,} designs left out that cannot be built: {why}; "
                         f"--all {verb} them too\n")
    if unknown:
        sys.stderr.write(f"accelsim: {unknown:,} designs do not say whether they can be built: "
                         f"their machine states no limits, or an earlier version stored them\n")
