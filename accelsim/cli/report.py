"""``accelsim report``: runs as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.cli.common import MachineOption, SetOption, config_from, written
from accelsim.cli.frontend import DensityOption, SeedOption
from accelsim.cli.graphs import (
    CountOption,
    GraphAsked,
    explained_network,
    graph_or_cells,
    prepared_node,
)
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
    prepared,
)
from accelsim.machines import DEFAULT_MACHINE


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
    energy: Annotated[
        bool, typer.Option("--energy", help="Price a layer or network that is run here; files "
                                            "have what their own runs priced.")
    ] = False,
) -> None:
    """Write one HTML page: tables, pictures, configuration, provenance; it opens offline."""
    from accelsim.errors import InputError
    from accelsim.files import is_plain, write_atomically
    from accelsim.report.run_report import Run, read_run, run_page

    files = [source for source in sources if source.lower().endswith(".json")]
    asked = None if files or len(sources) != 1 else graph_or_cells(
        config_from(machine, settings), sources[0], network, layer, image, inputs, count, fit,
        lowering, alone, density, seed, activation_density, inputs_fixed_point, winograd, pattern)
    behind = ""
    if asked is not None:
        text, behind = _of_graph(config_from(machine, settings), asked)
    elif len(files) == len(sources):
        text = run_page([read_run(Path(source)) for source in files])
    elif len(sources) == 1:
        from accelsim.inside.explain import explain as work_out
        from accelsim.machines import machine_of
        from accelsim.network import simulate_network
        from accelsim.report.summary import run_object

        config = config_from(machine, settings)
        ready = prepared(
            config, sources[0], layer, inputs, activation_density, density, seed,
            whole=layer is None, fixed_point=inputs_fixed_point, alone=alone, pattern=pattern,
        )
        config = ready.config
        results = simulate_network(
            config, ready.layers, ready.inputs, fixed_point=ready.fixed_point,
            **ready.options)[0]
        run = run_object(results, energy, seed)
        first = 0 if layer is None else ready.index
        explained = [
            work_out(machine_of(config), config, ready.layers[at], ready.job(at))
            for at in range(first, ready.index + 1)
        ]
        text = run_page([Run.model_validate(run)], explained)
        behind = "\n".join(filter(None, (ready.behind if layer is not None else "", ready.note)))
    else:
        raise InputError("give files from `accelsim simulate --json`, or one layer or network")
    write_atomically(output, text)
    written(output)
    if behind:
        typer.echo(behind, err=not is_plain(output))


def _of_graph(config: Any, asked: GraphAsked) -> tuple[str, str]:
    """The page of a network, or of one of its layers explained, and how that got its inputs."""
    from accelsim.inside.explain import explain as work_out
    from accelsim.machines import machine_of
    from accelsim.report.network_summary import network_object
    from accelsim.report.network_views import network_section
    from accelsim.report.run_report import Run, run_page
    from accelsim.report.summary import run_object

    if asked.layer is None:
        found = explained_network(config, asked)
        run = network_object(found.result, True, asked.seed)
        return run_page([Run.model_validate(run)], more=[network_section(found)]), ""
    ready = prepared_node(config, asked)
    config = ready.config
    explained = work_out(machine_of(config), config, ready.work, ready.job())
    run = run_object([explained.result], energy=True, seed=asked.seed)
    return run_page([Run.model_validate(run)], [explained]), ready.behind
