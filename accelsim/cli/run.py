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
    runnable,
    table,
)
from accelsim.cli.frontend import (
    BiasOption,
    DensityOption,
    InitOption,
    LayerOption,
    SeedOption,
    TableBitsOption,
    TableOption,
    TableRowsOption,
    ThresholdOption,
    make_recipe,
)
from accelsim.cli.graphs import graph_pattern, refuse_convolutions
from accelsim.cli.limits import limit_lines, sized_lines
from accelsim.cli.losses import tell
from accelsim.cli.network_options import (
    FitOption,
    FloatErrorOption,
    ImageOption,
    LoweringOption,
    NetworkOption,
    WinogradOption,
)
from accelsim.cli.networks import simulate_graph
from accelsim.cli.views import energy_views, result_views
from accelsim.cli.works import FixedPointOption, PatternOption, WorkArgument, opened_work
from accelsim.machines import DEFAULT_MACHINE

if TYPE_CHECKING:
    from accelsim.records.result import RunResult

EngineOption = Annotated[
    str | None,
    typer.Option("--engine", "-e", help="fast, reference (SimPy) or functional (no time); the "
                                        "quickest that tells time if absent."),
]


def simulate(
    source: WorkArgument,
    layer: LayerOption = None,
    machine: MachineOption = DEFAULT_MACHINE,
    settings: SetOption = None,
    engine: EngineOption = None,
    inputs: Annotated[
        Path | None, typer.Option(help="Input vectors: npy, npz or safetensors; of a recurrent "
                                       "layer its sequence, (steps, inputs) or (steps, channels, "
                                       "inputs), with 'lengths' beside it in an npz, or a wav.")
    ] = None,
    inputs_fixed_point: FixedPointOption = False,
    image: ImageOption = None,
    fit: FitOption = False,
    network: NetworkOption = None,
    lowering: LoweringOption = None,
    float_error_asked: FloatErrorOption = False,
    count: Annotated[int, typer.Option(min=1, help="How many of the input vectors to run.")] = 1,
    activation_density: Annotated[
        float | None, typer.Option(help="Draw one input vector of this density instead.")
    ] = None,
    density: DensityOption = None,
    threshold: ThresholdOption = None,
    pattern: PatternOption = None,
    weight_bits: Annotated[
        int | None, typer.Option(help="Bits of a code; the machine's if absent.")
    ] = None,
    init: InitOption = "linear",
    code_table: TableOption = None,
    table_bits: TableBitsOption = None,
    table_rows: TableRowsOption = None,
    bias: BiasOption = "auto",
    winograd: WinogradOption = None,
    seed: SeedOption = 1,
    energy: Annotated[
        bool, typer.Option("--energy", help="Price the counters: energy, power and area.")
    ] = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Run layers cycle by cycle: cycles, time, load balance, where the cycles went."""
    from accelsim.errors import InputError
    from accelsim.lowering.ways import parse_lowering
    from accelsim.network import simulate_network
    from accelsim.report.float_error import float_error, float_error_line
    from accelsim.report.summary import layer_row, run_object
    from accelsim.sources import means_cells, names_network
    from accelsim.sources.networks import network_place

    config = config_from(machine, settings)
    engine = runnable(config, engine)
    tables: dict[str, Any] = {
        "table": code_table, "table_bits": table_bits, "table_rows": table_rows}
    place, at = network_place(source)
    if not means_cells(config, source, layer) and names_network(place, network, layer):
        chosen = [*([] if at is None else [at]), *(layer or ())]
        if len(chosen) > 1:
            raise InputError(f"{source}: a network runs whole or up to one layer; give one -l")
        kept, more = graph_pattern(pattern, density, config.n_pe)
        simulate_graph(
            config, place, network, chosen[0] if chosen else None, engine, image or [], inputs,
            count, fit, parse_lowering(lowering),
            lambda: make_recipe(kept, threshold, weight_bits or config.weight_bits,
                                config.index_bits, init, bias=bias, winograd=winograd,
                                index=getattr(config, "index", "zero_runs"), **more, **tables),
            seed, energy, as_json, as_csv, float_error_asked)
        return
    if float_error_asked:
        raise InputError(f"{source}: --float-error is of a network; the errors of a recurrent "
                         f"layer are told without it")
    if image or fit:
        raise InputError(f"{source}: no graph that reads photos; name one (--network), or give "
                         f"vectors (--inputs)")
    refuse_convolutions(source, lowering, winograd)
    opened = opened_work(
        config, source, layer, inputs, activation_density, seed, count, inputs_fixed_point,
        density=density, threshold=threshold, init=init, bias=bias, pattern=pattern, **tables,
        **({} if weight_bits is None else {"weight_bits": weight_bits}),
    )
    start = time.perf_counter()
    runs, options = list(opened.runs()), list(opened.options())
    each: list[list[RunResult]] = []
    with progress("simulating", len(runs)) as advance:
        for vector, own in zip(runs, options, strict=True):
            each += simulate_network(
                config, opened.layers, vector, engine, fixed_point=opened.fixed_point, **own)
            advance()
    wall_s = time.perf_counter() - start
    results = [result for run in each for result in run]
    tell(loss for result in results for loss in result.losses)
    error = None
    if opened.floats is not None and opened.is_sequence:
        error = float_error(opened.floats, opened.layers, runs, options, each)
    if as_json:
        print_json(run_object(results, energy, seed) | (
            {} if error is None else {"float_error": error}))
    elif as_csv:
        print_csv([layer_row(result, energy) for result in results])
    else:
        _show(results, wall_s, "\n".join(filter(None, (
            None if error is None else float_error_line(error), opened.note))))
        for line in sized_lines(config, results[0].config):
            console().print(line, markup=False)
        if energy:
            for view in energy_views(results):
                console().print(view)
            for note in dict.fromkeys(note for r in results for note in r.energy.notes):
                console().print(f"note: {note}", markup=False)


def _show(results: list[RunResult], wall_s: float, note: str) -> None:
    out = console()
    for view in result_views(results):
        out.print(view)
    for line in limit_lines(result.limits for result in results):
        out.print(line, markup=False)
    if note:
        out.print(note, markup=False)
    out.print(f"simulated in {wall_s:.2f} s")


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
    machine: MachineOption = DEFAULT_MACHINE,
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
