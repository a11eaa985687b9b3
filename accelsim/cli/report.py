"""``accelsim report``: runs as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accelsim.cli.common import MachineOption, SetOption, config_from, written
from accelsim.cli.frontend import DensityOption, SeedOption
from accelsim.cli.works import (
    AloneOption,
    DrawOption,
    FixedPointOption,
    InputsOption,
    OneLayerOption,
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
    activation_density: DrawOption = None,
    density: DensityOption = None,
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
    behind = ""
    if len(files) == len(sources):
        text = run_page([read_run(Path(source)) for source in files])
    elif len(sources) == 1:
        from accelsim.inside.explain import explain as work_out
        from accelsim.machines import machine_of
        from accelsim.network import simulate_network
        from accelsim.report.summary import run_object

        config = config_from(machine, settings)
        ready = prepared(
            config, sources[0], layer, inputs, activation_density, density, seed,
            whole=layer is None, fixed_point=inputs_fixed_point, alone=alone,
        )
        config = ready.config
        results = simulate_network(
            config, ready.layers, ready.inputs, fixed_point=ready.fixed_point)[0]
        run = run_object(results, energy, seed)
        first = 0 if layer is None else ready.index
        explained = [
            work_out(machine_of(config), config, ready.layers[at], ready.job(at))
            for at in range(first, ready.index + 1)
        ]
        text = run_page([Run.model_validate(run)], explained)
        behind = ready.behind if layer is not None else ""
    else:
        raise InputError("give files from `accelsim simulate --json`, or one layer or network")
    write_atomically(output, text)
    written(output)
    if behind:
        typer.echo(behind, err=not is_plain(output))
