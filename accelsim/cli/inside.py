"""``accelsim explain`` and ``accelsim report``: why a run took its cycles."""

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
from accelsim.cli.works import DrawOption, InputsOption, OneLayerOption, WorkArgument, prepared
from accelsim.machines import DEFAULT_MACHINE

if TYPE_CHECKING:

    from accelsim.machines.eie.explain import Explanation

def explain(
    source: WorkArgument,
    layer: OneLayerOption = None,
    machine: MachineOption = DEFAULT_MACHINE,
    settings: SetOption = None,
    inputs: InputsOption = None,
    activation_density: DrawOption = None,
    density: DensityOption = None,
    seed: SeedOption = 1,
    picture: Annotated[
        Path, typer.Option("--picture", "-o", help="Where the picture goes: svg, pdf or png.")
    ] = Path("accelsim-explain.svg"),
    as_json: JsonOption = False,
) -> None:
    """Where the cycles went, PE by PE; who is to blame; what would help, by running it."""
    from accelsim.machines.eie.explain import explain as work_out
    from accelsim.network import job_of_layer
    from accelsim.report.explain_plots import explanation
    from accelsim.report.note import run_note
    from accelsim.report.plots_style import save

    config = config_from(machine, settings)
    ready = prepared(config, source, layer, inputs, activation_density, density, seed)
    layers, index = ready.layers, ready.index
    job, points = job_of_layer(config, layers, ready.inputs, index)
    found = work_out(config, layers[index], job, points)
    note = run_note(config, layers[index], job, "explained", seed)
    save(explanation(found), picture, note)
    if as_json:
        print_json(found.as_dict() | {
            "accelsim": __version__, "config": config.model_dump(), "seed": seed,
            "layer_sha256": layers[index].digest(), "provenance": dict(found.result.provenance),
        })
        return
    out = console()
    for view in explain_views(found):
        out.print(view)
    out.print(f"picture: {picture}")


def report(
    sources: Annotated[
        list[str],
        typer.Argument(help="Files from `accelsim simulate --json`; or one layer or network, "
                            "which is then run and explained."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The page to write.")
    ] = Path("accelsim-report.html"),
    layer: OneLayerOption = None,
    machine: MachineOption = DEFAULT_MACHINE,
    settings: SetOption = None,
    inputs: InputsOption = None,
    activation_density: DrawOption = None,
    density: DensityOption = None,
    seed: SeedOption = 1,
) -> None:
    """Write one HTML page: tables, pictures, configuration, provenance; it opens offline."""
    from accelsim.errors import InputError
    from accelsim.files import write_atomically
    from accelsim.report.run_report import Run, read_run, run_page

    files = [source for source in sources if source.lower().endswith(".json")]
    if len(files) == len(sources):
        text = run_page([read_run(Path(source)) for source in files])
    elif len(sources) == 1:
        from accelsim.machines.eie.explain import explain as work_out
        from accelsim.network import job_of_layer, simulate_network
        from accelsim.report.summary import run_object

        config = config_from(machine, settings)
        ready = prepared(
            config, sources[0], layer, inputs, activation_density, density, seed,
            whole=layer is None,
        )
        layers, index, vector = ready.layers, ready.index, ready.inputs
        run = run_object(simulate_network(config, layers, vector)[0], seed=seed)
        first = 0 if layer is None else index
        explained = [
            work_out(config, layers[at], *job_of_layer(config, layers, vector, at))
            for at in range(first, index + 1)
        ]
        text = run_page([Run.model_validate(run)], explained)
    else:
        raise InputError("give files from `accelsim simulate --json`, or one layer or network")
    write_atomically(output, text)
    typer.echo(f"written: {output} ({output.stat().st_size:,} bytes)")


def explain_views(found: Explanation) -> list[Any]:
    """Four tables: all PEs, the worst PEs, the worst columns, the remedies."""
    n_pe, cycles = found.result.timed.n_pe, found.result.cycles
    worst = found.worst_pes()
    states = [
        (state, f"{100 * share:.2f}", f"{share * cycles:,.1f}",
         *(f"{int(found.states[state][pe]):,}" for pe in worst))
        for state, share in found.shares().items() if share
    ]
    columns = [
        (c.column, c.cycle, c.heaviest_pe, c.slots, f"{c.mean_slots:.2f}", f"{c.lost:.2f}")
        for c in found.columns
    ]
    remedies = []
    problems = any(remedy.problem for remedy in found.remedies)
    for remedy in found.remedies:
        saved = found.saved(remedy)
        told = ["-", "-", "-"] if saved is None else [
            f"{remedy.cycles:,}", f"{saved:,}", f"{100 * saved / cycles:+.2f}"]
        remedies.append([remedy.name, *told, *([remedy.problem or ""] if problems else [])])
    heads = ["change", "cycles", "saved", "%", *(["why not"] if problems else [])]
    blamed = [(pe, int(found.blamed[pe]), f"{found.blamed[pe] / n_pe:,.1f}",
               int(found.result.timed.issued_entries[pe]),
               int(found.result.timed.blocking_cycles[pe])) for pe in worst]
    return [
        table(f"{found.result.name}: where {cycles:,} cycles of {n_pe} PEs went",
              ("state", "% of PE-cycles", "cycles a PE", *(f"PE {pe}" for pe in worst)), states),
        table("PEs whose full queue starved others", (
            "PE", "PE-cycles starved", "cycles a PE", "its entries", "cycles full while blocked",
        ), blamed),
        table("Costliest columns", ("column", "broadcast in cycle", "heaviest PE", "its slots",
                                    "mean slots", "cycles lost"), columns),
        table("What would help (each was run)", heads, remedies),
    ]
