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
    WidthOption,
    config_from,
    console,
    print_json,
    table,
)
from accelsim.cli.frontend import DensityOption, SeedOption
from accelsim.cli.graphs import (
    CountOption,
    GraphAsked,
    explained_network,
    graph_or_cells,
    prepared_node,
)
from accelsim.cli.limits import limit_lines, sized_lines
from accelsim.cli.network_options import (
    FitOption,
    ImageOption,
    LoweringOption,
    NetworkOption,
    WinogradOption,
)
from accelsim.cli.works import (
    AloneOption,
    DrawOption,
    FixedPointOption,
    InputsOption,
    OneLayerOption,
    PatternOption,
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
    image: ImageOption = None,
    fit: FitOption = False,
    network: NetworkOption = None,
    lowering: LoweringOption = None,
    winograd: WinogradOption = None,
    count: CountOption = 1,
    activation_density: DrawOption = None,
    density: DensityOption = None,
    pattern: PatternOption = None,
    seed: SeedOption = 1,
    picture: Annotated[
        Path, typer.Option("--picture", "-o", help="Where the picture goes: svg, pdf or png.")
    ] = Path("accelsim-explain.svg"),
    width: WidthOption = "page",
    as_json: JsonOption = False,
) -> None:
    """Where the cycles went, PE by PE; who is to blame; what would help, by running it.

    Of a network layer by layer, with what is left to the host; -l explains one layer of it.
    """
    from accelsim.inside.explain import explain as work_out
    from accelsim.machines import machine_of
    from accelsim.report.explain_plots import explanation
    from accelsim.report.note import run_note
    from accelsim.report.paper import width_of
    from accelsim.report.plots_style import picture_kind, save
    from accelsim.report.summary import limits_object

    picture_kind(picture)  # refused before the work is done
    inches = width_of(width)
    config = config_from(machine, settings)
    asked = graph_or_cells(
        config, source, network, layer, image, inputs, count, fit, lowering, alone, density, seed,
        activation_density, inputs_fixed_point, winograd, pattern)
    if asked is not None and asked.layer is None:
        _explain_network(config, asked, picture, inches, as_json)
        return
    ready: Any = prepared_node(config, asked) if asked is not None else prepared(
        config, source, layer, inputs, activation_density, density, seed,
        fixed_point=inputs_fixed_point, alone=alone, pattern=pattern)
    config, job = ready.config, ready.job()
    found = work_out(machine_of(config), config, ready.work, job)
    note = run_note(config, ready.work, job, "explained", seed)
    save(explanation(found, width=inches), picture, note)
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
    for line in filter(None, dict.fromkeys((ready.behind, ready.note))):
        out.print(line, markup=False)
    out.print(f"picture: {picture}")


def _explain_network(
    config: Any, asked: GraphAsked, picture: Path, inches: float, as_json: bool
) -> None:
    from accelsim.report.network_views import network_picture, network_tables
    from accelsim.report.plots_style import save
    from accelsim.report.summary import limits_object

    found = explained_network(config, asked)
    ran: Any = found.result.config  # its sizes are settled
    values = " ".join(f"{key}={value}" for key, value in ran.model_dump().items())
    save(network_picture(found, width=inches), picture,
         f"accelsim {__version__}, {found.result.name}, explained, seed {asked.seed}, {values}")
    if as_json:
        print_json(found.as_dict() | {
            "accelsim": __version__, "config": ran.model_dump(), "seed": asked.seed,
            **limits_object(found.result)})
        return
    out = console()
    for title, columns, rows in network_tables(found):
        out.print(table(title, columns, rows))
    out.print(f"{found.finding}.", markup=False)
    for line in (*sized_lines(config, ran), *limit_lines([found.result.limits])):
        out.print(line, markup=False)
    for note in found.result.notes:
        out.print(note, markup=False)
    out.print(f"picture: {picture}")


def explain_views(found: Explanation) -> list[Any]:
    """The finding's tables: all PEs, the machine's own, the remedies."""
    from accelsim.report.explain_tables import explanation_tables

    return [
        table(title, columns, [["-" if value is None else value for value in row] for row in rows])
        for title, columns, rows in explanation_tables(found)
    ]
