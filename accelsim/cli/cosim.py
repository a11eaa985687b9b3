"""``accelsim cosim``: the Verilog array, or one PE, against the model in every cycle."""

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
from accelsim.cli.graphs import asked_graph, prepared_node
from accelsim.cli.losses import loss_rows
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
    WorkArgument,
    prepared,
)
from accelsim.machines import DEFAULT_MACHINE

if TYPE_CHECKING:
    from accelsim.records import Loss
    from accelsim.rtl_bridge import CosimReport


def cosim(
    source: WorkArgument,
    layer: OneLayerOption = None,
    alone: AloneOption = False,
    sequence: Annotated[
        bool, typer.Option("--sequence", help="All layers of the file, up to that of -l, under one "
                                              "program, without the host between them."),
    ] = False,
    top: Annotated[
        str | None,
        typer.Option(help="Module to run: the machine's array (eie_array), or pe for one PE alone. "
                          "[default: the array]"),
    ] = None,
    pe: Annotated[int, typer.Option(min=0, help="Which one, with --top pe.")] = 0,
    sim: Annotated[str, typer.Option(help="Simulator: icarus, or verilator: a minute to "
                                        "build, then a hundred times as fast.")] = "icarus",
    rtl: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A folder of Verilog with testbenches instead of the "
                                            "project's own."),
    ] = None,
    rtl_dir: Annotated[
        list[Path] | None,
        typer.Option(help="A folder with modules of your own (pe.v, say); they go before the "
                          "project's. Repeatable."),
    ] = None,
    build_dir: Annotated[
        Path | None,
        typer.Option(help="Where compiled simulations stay for the next run. "
                          "[default: accelsim/verilog in the user's cache]"),
    ] = None,
    waveform: Annotated[
        Path | None,
        typer.Option("--waveform", "-o", help="VCD of the cycles around the first difference. "
                                              "[default: difference.vcd, in BUILD_DIR if "
                                              "that is named]"),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(help="Run nothing: write a new folder with parameters, memory images, "
                          "commands and expected trace, for another simulator."),
    ] = None,
    machine: MachineOption = DEFAULT_MACHINE,
    settings: SetOption = None,
    inputs: InputsOption = None,
    image: ImageOption = None,
    fit: FitOption = False,
    network: NetworkOption = None,
    lowering: LoweringOption = "im2col",
    winograd: WinogradOption = None,
    inputs_fixed_point: FixedPointOption = False,
    activation_density: DrawOption = None,
    density: DensityOption = None,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Run a layer on the RTL and on the model: outputs, cycles, counters, every unit's signals.

    A convolution of a network (--network, --image) runs whole, its vectors one after the other;
    so do fully connected layers with --sequence.

    The exit status is 1 if they differ.
    """
    from accelsim.errors import InputError, nearest
    from accelsim.machines import machine_of
    from accelsim.rtl_bridge import cosim as compare
    from accelsim.rtl_bridge import export as write_bench
    from accelsim.rtl_bridge.run import SIMULATORS
    from accelsim.rtl_bridge.sources import user_builds
    from accelsim.shipped import data_folder

    config = config_from(machine, settings)
    record = machine_of(config)
    verilog = record.part("rtl")
    tops = [verilog.top, *([verilog.pe.top] if verilog.pe else [])]
    for option, value, known in (("--top", top or tops[0], tops), ("--sim", sim, [*SIMULATORS])):
        if value not in known:
            raise InputError(f"{option} {value}: not known{nearest(value, known)}")
    asked = asked_graph(source, network, layer, image, inputs, 1, fit, lowering, alone, density,
                        seed, activation_density, inputs_fixed_point, winograd)
    if sequence and (asked is not None or alone or verilog.in_sequence is None):
        raise InputError(f"{source}: --sequence runs fully connected layers that follow each "
                         f"other, on a machine whose Verilog has such programs; leave it out")
    if asked is not None and asked.layer is None:
        raise InputError(f"{asked.source}: one layer is compared; name it with -l")
    ready: Any = prepared_node(config, asked) if asked is not None else prepared(
        config, source, layer, inputs, activation_density, density, seed,
        fixed_point=inputs_fixed_point, alone=alone, whole=sequence)
    config = ready.config
    job = verilog.in_sequence(config, ready.layers, ready.inputs, ready.fixed_point) \
        if sequence else ready.job()
    before, digest = [] if sequence else ready.before, ready.work.digest()
    if export is not None:
        write_bench(config, job, export)
        console().print(f"{export}: a bench for {job.name}; README.txt there says how")
        return
    report = compare(
        config, job, [*(rtl_dir or []), rtl or data_folder("rtl")],
        build_dir or user_builds(), waveform or (build_dir or Path()) / "difference.vcd",
        pe if top is not None and top != verilog.top else None, sim,
    )
    try:
        _show(config, before, digest, report, job.losses, seed, as_json)
    except BrokenPipeError:  # the verdict stands whether somebody reads on or not
        if report.equal:
            raise
    if not report.equal:
        raise typer.Exit(1)


def _show(config: Any, before: list[str], digest: str, report: CosimReport,
          losses: tuple[Loss, ...], seed: int, as_json: bool) -> None:
    from accelsim.machines import machine_of

    difference = report.trace_difference
    if as_json:
        found = {key: value for key, value in vars(report).items() if key != "trace_difference"}
        first = None if difference is None else vars(difference)
        print_json({"accelsim": __version__, "config": config.model_dump(), "seed": seed,
                    "run_before": before, "layer_sha256": digest, **found,
                    "equal": report.equal, "trace_difference": first, "losses": loss_rows(losses)})
        return
    rows = [
        ("cycles RTL / model", f"{report.cycles_rtl:,} / {report.cycles_model:,}"),
        ("outputs", "equal" if report.outputs_equal else "different"),
        ("counters", report.counter_difference or "equal"),
        ("first difference", report.told),
        ("simulator", report.sim),
        ("RTL cycles a second",
         f"{report.rtl_cycles_per_second:,.0f}, loading and trace included"),
        (f"{machine_of(config).default_engine} engine", f"{report.fast_ratio:,.0f} times as fast"),
    ]
    if report.energy_uj is not None:
        rows.append(("energy, from the RTL's counters", f"{report.energy_uj:,.3f} uJ"))
    if report.not_compared:
        rows.append(("never driven, not compared", ", ".join(report.not_compared)))
    if before:
        rows.append(("run before it", ", ".join(before)))
    if report.waveform is not None:
        rows.append(("waveform", str(report.waveform)))
    console().print(table(f"{report.name}: {report.top} against the model", ("", ""), rows))
