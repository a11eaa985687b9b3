"""``accelsim explain``: why a run took its cycles, and what would help."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accelsim import __version__
from accelsim.cli.common import (
    JsonOption,
    MachineOption,
    SetOption,
    config_from,
    console,
    print_json,
    table,
)
from accelsim.cli.frontend import DensityOption, SeedOption
from accelsim.cli.limits import limit_lines
from accelsim.cli.works import (
    AloneOption,
    DrawOption,
    FixedPointOption,
    InputsOption,
    OneLayerOption,
    WorkArgument,
    prepared,
)
from accelsim.machines import DEFAULT_MACHINE

if TYPE_CHECKING:
    from accelsim.inside.explain import Explanation


def explain(
    source: WorkArgument,
    layer: OneLayerOption = None,
    alone: AloneOption = False,
    machine: MachineOption = DEFAULT_MACHINE,
    settings: SetOption = None,
    inputs: InputsOption = None,
    inputs_fixed_point: FixedPointOption = False,
    activation_density: DrawOption = None,
    density: DensityOption = None,
    seed: SeedOption = 1,
    picture: Annotated[
        Path, typer.Option("--picture", "-o", help="Where the picture goes: svg, pdf or png.")
    ] = Path("accelsim-explain.svg"),
    as_json: JsonOption = False,
) -> None:
    """Where the cycles went, PE by PE; who is to blame; what would help, by running it."""
    from accelsim.inside.explain import explain as work_out
    from accelsim.machines import machine_of
    from accelsim.report.explain_plots import explanation
    from accelsim.report.note import run_note
    from accelsim.report.plots_style import picture_kind, save
    from accelsim.report.summary import limits_object

    picture_kind(picture)  # refused before the work is done
    config = config_from(machine, settings)
    ready = prepared(config, source, layer, inputs, activation_density, density, seed,
                     fixed_point=inputs_fixed_point, alone=alone)
    config, job = ready.config, ready.job()
    found = work_out(machine_of(config), config, ready.work, job)
    note = run_note(config, ready.work, job, "explained", seed)
    save(explanation(found), picture, note)
    if as_json:
        print_json(found.as_dict() | {
            "accelsim": __version__, "config": config.model_dump(), "seed": seed,
            "run_before": ready.before, "layer_sha256": ready.work.digest(),
            "provenance": dict(found.result.provenance), **limits_object(found.result),
        })
        return
    out = console()
    for view in explain_views(found):
        out.print(view)
    out.print(found.finding)
    for line in limit_lines([found.result.limits]):
        out.print(line, markup=False)
    if ready.behind:
        out.print(ready.behind, markup=False)
    out.print(f"picture: {picture}")


def explain_views(found: Explanation) -> list[Any]:
    """The finding's tables: all PEs, the machine's own, the remedies."""
    from accelsim.report.explain_tables import explanation_tables

    return [
        table(title, columns, [["-" if value is None else value for value in row] for row in rows])
        for title, columns, rows in explanation_tables(found)
    ]
