"""``accelsim trace`` and ``accelsim explain``: what each unit does, and why."""

from __future__ import annotations

import sys
from contextlib import nullcontext
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
from accelsim.cli.frontend import DensityOption, SeedOption, make_recipe

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from accelsim.inside.explain import Explanation
    from accelsim.machines import EieConfig
    from accelsim.records import CompressedLayer

SourceArgument = Annotated[
    str, typer.Argument(help="A published layer (alex-7), a layer file, a file from `accelsim "
                             "compress`, or an EIE-simulator folder.")
]
OneLayerOption = Annotated[
    str | None,
    typer.Option("--layer", "-l", help="A layer of the network; those before it run first. "
                                       "The first if absent."),
]
InputsOption = Annotated[
    Path | None, typer.Option(help="Input vectors (npy, npz, safetensors); the first is run.")
]
DrawOption = Annotated[
    float | None, typer.Option(help="Draw an input vector of this density instead.")
]


def trace(
    source: SourceArgument,
    layer: OneLayerOption = None,
    first: Annotated[int, typer.Option("--from", min=0, help="First cycle.")] = 0,
    last: Annotated[
        int | None, typer.Option("--to", min=0, help="Last cycle; 2,000 cycles if absent.")
    ] = None,
    pes: Annotated[str, typer.Option("--pe", help="PEs to show, like 0-7,12.")] = "0-7",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; text goes to the terminal without."),
    ] = None,
    kind: Annotated[
        str, typer.Option("--format", "-f", help="vcd (GTKWave, Surfer), perfetto "
                                                 "(ui.perfetto.dev) or text.")
    ] = "vcd",
    machine: MachineOption = "eie",
    settings: SetOption = None,
    inputs: InputsOption = None,
    activation_density: DrawOption = None,
    density: DensityOption = None,
    seed: SeedOption = 1,
) -> None:
    """Show a window of a run cycle by cycle: waveforms, tracks or text.

    Only the window is simulated in detail: the state at its start comes from the fast engine.
    """
    from accelsim.errors import InputError
    from accelsim.files import atomic_file
    from accelsim.inside.trace import BINARY, FORMATS, trace_writer
    from accelsim.machines.eie.replay import replay
    from accelsim.network import job_of_layer
    from accelsim.report.note import run_note

    if kind not in FORMATS:
        raise InputError(f"--format {kind}: need one of {', '.join(FORMATS)}")
    if output is None and kind != "text":
        raise InputError(f"--format {kind} needs a file; give one with -o")
    config = config_from(machine, settings)
    chosen = pe_numbers(pes, config.n_pe)
    layers, index, vector = prepared(
        config, source, layer, inputs, activation_density, density, seed
    )
    job, _ = job_of_layer(config, layers, vector, index)
    until = first + 1999 if last is None else last
    note = run_note(config, layers[index], job, f"cycles {first} to {until}", seed)
    where: Any = nullcontext(sys.stdout)
    if output is not None:
        where = atomic_file(output, binary=kind in BINARY)
    with where as file, trace_writer(kind, file, config, job, chosen, note) as writer:
        shown = replay(config, job, first, until, writer)
    if output is not None:
        typer.echo(f"written: {output} ({output.stat().st_size:,} bytes): {layers[index].name}, "
                   f"cycles {first:,} to {first + shown - 1:,}, {len(chosen)} of {config.n_pe} PEs")


def explain(
    source: SourceArgument,
    layer: OneLayerOption = None,
    machine: MachineOption = "eie",
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
    from accelsim.inside.explain import explain as work_out
    from accelsim.machines import machine_of
    from accelsim.network import job_of_layer
    from accelsim.report.explain_plots import explanation
    from accelsim.report.note import run_note
    from accelsim.report.plots_style import save

    config = config_from(machine, settings)
    layers, index, vector = prepared(
        config, source, layer, inputs, activation_density, density, seed
    )
    job, _ = job_of_layer(config, layers, vector, index)
    found = work_out(machine_of(config), config, layers[index], job)
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
    out.print(found.finding)
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
    machine: MachineOption = "eie",
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
        from accelsim.inside.explain import explain as work_out
        from accelsim.machines import machine_of
        from accelsim.network import job_of_layer, simulate_network
        from accelsim.report.summary import run_object

        config = config_from(machine, settings)
        layers, index, vector = prepared(
            config, sources[0], layer, inputs, activation_density, density, seed,
            whole=layer is None,
        )
        run = run_object(simulate_network(config, layers, vector)[0], seed=seed)
        first = 0 if layer is None else index
        explained = [
            work_out(machine_of(config), config, layers[at],
                     job_of_layer(config, layers, vector, at)[0])
            for at in range(first, index + 1)
        ]
        text = run_page([Run.model_validate(run)], explained)
    else:
        raise InputError("give files from `accelsim simulate --json`, or one layer or network")
    write_atomically(output, text)
    typer.echo(f"written: {output} ({output.stat().st_size:,} bytes)")


def explain_views(found: Explanation) -> list[Any]:
    """The finding's tables: all PEs, the machine's own, the remedies."""
    from accelsim.report.explain_tables import explanation_tables

    return [
        table(title, columns, [["-" if value is None else value for value in row] for row in rows])
        for title, columns, rows in explanation_tables(found)
    ]


def pe_numbers(text: str, n_pe: int) -> list[int]:
    """``"0-7,12"`` to numbers; a range may end behind the last PE, a single number may not."""
    from accelsim.errors import InputError

    found: set[int] = set()
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if not (low.isdecimal() and (high.isdecimal() or not dash)):
            raise InputError(f"--pe {text}: need numbers and ranges, for instance 0-7,12")
        if int(low) >= n_pe or int(high or low) < int(low):
            raise InputError(f"--pe {text}: the machine has PEs 0 to {n_pe - 1}")
        found |= set(range(int(low), min(int(high or low), n_pe - 1) + 1))
    return sorted(found)


def prepared(
    config: EieConfig, source: str, layer: str | None, inputs: Path | None,
    activation_density: float | None, density: float | None, seed: int, whole: bool = False,
) -> tuple[list[CompressedLayer], int, npt.NDArray[np.generic]]:
    """Layers from the first to the chosen one (``whole``: the last), its index, an input vector."""
    from accelsim.errors import InputError, nearest
    from accelsim.network import calibrated
    from accelsim.sources import load_inputs, open_source

    recipe = make_recipe(density, None, config.weight_bits, config.index_bits, "linear")
    opened = open_source(source, None, seed, recipe)
    names = [packed.name for packed in opened.layers]
    if layer is not None and layer not in names:
        raise InputError(f"{source}: no layer '{layer}'{nearest(layer, names)}")
    index = names.index(layer) if layer is not None else whole * (len(names) - 1)
    if inputs is not None:
        vectors = load_inputs(inputs, opened.layers[0].n_inputs)
    elif activation_density is not None:
        vectors = opened.with_inputs(activation_density, seed).required_inputs()
    else:
        vectors = opened.required_inputs()
    layers = opened.layers[: index + 1]
    if any(packed.output_max_abs is None for packed in layers):
        layers = calibrated(layers, vectors[:1])
    return layers, index, vectors[0]
