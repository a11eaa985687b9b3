"""``accelsim simulate`` and ``accelsim accuracy``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accelsim import __version__
from accelsim.cli.common import (
    CsvOption,
    JsonOption,
    MachineOption,
    SetOption,
    config_from,
    console,
    print_csv,
    print_json,
    progress,
    table,
)
from accelsim.cli.frontend import (
    DensityOption,
    InitOption,
    LayerOption,
    SeedOption,
    ThresholdOption,
    make_recipe,
)

if TYPE_CHECKING:
    from accelsim.records.result import RunResult

EngineOption = Annotated[
    str, typer.Option("--engine", "-e", help="fast, reference (SimPy) or functional (no time).")
]


def simulate(
    source: Annotated[str, typer.Argument(help="A published layer (alex-7), a layer file, a file "
                                               "from `accelsim compress`, or an EIE-simulator "
                                               "folder.")],
    layer: LayerOption = None,
    machine: MachineOption = "eie",
    settings: SetOption = None,
    engine: EngineOption = "fast",
    inputs: Annotated[
        Path | None, typer.Option(help="Input vectors: npy, npz or safetensors.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many of the input vectors to run.")] = 1,
    activation_density: Annotated[
        float | None, typer.Option(help="Draw one input vector of this density instead.")
    ] = None,
    density: DensityOption = None,
    threshold: ThresholdOption = None,
    weight_bits: Annotated[
        int | None, typer.Option(help="Bits of a code; the machine's if absent.")
    ] = None,
    init: InitOption = "linear",
    seed: SeedOption = 1,
    energy: Annotated[
        bool, typer.Option("--energy", help="Price the counters: energy, power and area.")
    ] = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Run layers cycle by cycle: cycles, time, load balance, where the cycles went."""
    from accelsim.machines import machine_of
    from accelsim.network import calibrated, simulate_network
    from accelsim.report.summary import layer_row, run_object
    from accelsim.sources import load_inputs, open_source

    config = config_from(machine, settings)
    machine_of(config).check_engine(engine)
    recipe = make_recipe(
        density, threshold, config.weight_bits if weight_bits is None else weight_bits,
        config.index_bits, init,
    )
    opened = open_source(source, layer, seed, recipe)
    if inputs is not None:
        vectors = load_inputs(inputs, opened.layers[0].n_inputs)[:count]
    elif activation_density is not None:
        vectors = opened.with_inputs(activation_density, seed).required_inputs()
    else:
        vectors = opened.required_inputs()[:count]
    layers = opened.layers
    if any(packed.output_max_abs is None for packed in layers):
        layers = calibrated(layers, vectors)
    start = time.perf_counter()
    results: list[RunResult] = []
    with progress("simulating", len(vectors)) as advance:
        for vector in vectors:
            results += simulate_network(config, layers, vector, engine)[0]
            advance()
    wall_s = time.perf_counter() - start
    if as_json:
        print_json(run_object(results, energy, seed))
    elif as_csv:
        print_csv([layer_row(result, energy) for result in results])
    else:
        _show(results, wall_s)
        if energy:
            for view in energy_views(results):
                console().print(view)


def _show(results: list[RunResult], wall_s: float) -> None:
    from accelsim.report.summary import layer_row

    rows: list[tuple[Any, ...]] = []
    timed = results[0].counters is not None
    for result in results:
        row = layer_row(result)
        times = (row["cycles"], row["time_us"], row["theoretical_us"],
                 f"{100 * row['load_balance']:.1f} %") if timed else ()
        rows.append((row["layer"], *times, row["entries"], row["padding"], row["macs"],
                     row["saturations"]))
    heads = ("cycles", "time us", "theoretical us", "load balance") if timed else ()
    out = console()
    config = results[0].config
    title = f"{getattr(config, 'machine', '')}, {config.n_pe} PEs, engine {results[0].engine}"
    out.print(table(title, ("layer", *heads, "entries", "padding", "macs", "saturations"), rows))
    if timed:
        out.print(breakdown_view(results))
    out.print(f"simulated in {wall_s:.2f} s")


def breakdown_view(results: list[RunResult]) -> Any:
    """Where the PE-cycles went, a row a layer, in percent."""
    from accelsim.report.summary import breakdown, layer_row

    shares = [breakdown(result.timed) for result in results]
    states = list(dict.fromkeys(state for share in shares for state in share))
    rows = [[result.name, *(f"{100 * share.get(state, 0.0):.1f}" for state in states)]
            for result, share in zip(results, shares, strict=True)]
    columns = ["layer", *states]
    blocked = [layer_row(result).get("blocked_cycles") for result in results]
    if all(cycles is not None for cycles in blocked):
        columns.append("CCU blocked")
        for row, result in zip(rows, results, strict=True):
            row.append(f"{100 * result.timed.blocked_cycles / result.cycles:.1f}")
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


def accuracy(
    network: Annotated[str, typer.Argument(help="A network file, or one from `accelsim "
                                                "compress`.")] = (
        "traces/lenet-300-100/pruned.safetensors"
    ),
    digits: Annotated[
        Path, typer.Option(help="Images and labels to classify.")
    ] = Path("traces/lenet-300-100/digits.safetensors"),
    bits: Annotated[
        list[int] | None, typer.Option(help="Fixed-point widths to try; repeatable.")
    ] = None,
    machine: MachineOption = "eie",
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accuracy of a whole network in 32-bit float and in fixed point of several widths."""
    from accelsim.network import accuracy as measure
    from accelsim.network import calibrated
    from accelsim.sources import open_source
    from accelsim.workload import load_digits

    config = config_from(machine, settings)
    images, labels = load_digits(digits)
    layers = calibrated(open_source(network).layers, images)
    found: list[tuple[str, float]] = [("32-bit float", measure(None, layers, images, labels))]
    widths = bits or [16, 8]
    with progress("measuring", len(widths)) as advance:
        for width in widths:
            narrow = config_from(
                machine,
                [*(settings or []), f"activation_bits={width}", f"weight_value_bits={width}",
                 f"accumulator_bits={width}"],
            )
            found.append((f"{width}-bit fixed", measure(narrow, layers, images, labels)))
            advance()
    if as_json:
        print_json({"accelsim": __version__, "config": config.model_dump(),
                    "network": network, "inputs": len(labels), "machine": config.machine,
                    "accuracy": dict(found)})
        return
    rows = [(name, f"{100 * a:.2f} %", f"{100 * (found[0][1] - a):+.2f}") for name, a in found]
    console().print(table(f"Accuracy on {len(labels):,} inputs", ("arithmetic", "accuracy",
                                                                 "loss, points"), rows))
