"""``accelsim trace``: what each unit does, cycle by cycle."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.cli.common import MachineOption, SetOption, config_from, written
from accelsim.cli.frontend import DensityOption, SeedOption
from accelsim.cli.graphs import CountOption, graph_or_cells, prepared_node
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

_LOADS = "ramulator"


def trace(
    source: WorkArgument,
    layer: OneLayerOption = None,
    alone: AloneOption = False,
    first: Annotated[int, typer.Option("--from", min=0, help="First cycle.")] = 0,
    last: Annotated[
        int | None, typer.Option("--to", min=0, help="Last cycle; 2,000 cycles if absent.")
    ] = None,
    pes: Annotated[
        str, typer.Option("--pe", help="PEs to show, like 0-7,12; those of a second channel "
                                       "follow those of the first.")
    ] = "0-7",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; text goes to the terminal without."),
    ] = None,
    kind: Annotated[
        str, typer.Option("--format", "-f", help="vcd (GTKWave, Surfer), perfetto "
                                                 "(ui.perfetto.dev) or text; ramulator: what the "
                                                 "whole run loads from DRAM, for Ramulator 2.")
    ] = "vcd",
    machine: MachineOption = DEFAULT_MACHINE,
    settings: SetOption = None,
    inputs: InputsOption = None,
    inputs_fixed_point: FixedPointOption = False,
    image: ImageOption = None,
    fit: FitOption = False,
    network: NetworkOption = None,
    lowering: LoweringOption = None,
    winograd: WinogradOption = None,
    vector: Annotated[
        int | None, typer.Option("--vector", min=0, help="Which vector of the layer: a pixel of a "
                                                         "convolution's outputs, image after "
                                                         "image; the first if absent.")
    ] = None,
    count: CountOption = 1,
    activation_density: DrawOption = None,
    density: DensityOption = None,
    pattern: PatternOption = None,
    seed: SeedOption = 1,
) -> None:
    """Show a window of a run cycle by cycle: waveforms, tracks or text.

    On EIE only the window is simulated in detail: the state at its start comes from the fast
    engine. Other machines run from their start.
    """
    from accelsim.errors import InputError
    from accelsim.files import atomic_file, is_plain
    from accelsim.inside.trace import BINARY, FORMATS
    from accelsim.machines.trace import n_pes, trace_writer, watch
    from accelsim.report.note import run_note

    if kind not in (*FORMATS, _LOADS):
        raise InputError(f"--format {kind}: need one of {', '.join((*FORMATS, _LOADS))}")
    if output is None and kind != "text":
        raise InputError(f"--format {kind} needs a file; give one with -o")
    config = config_from(machine, settings)
    asked = graph_or_cells(
        config, source, network, layer, image, inputs, count, fit, lowering, alone, density, seed,
        activation_density, inputs_fixed_point, winograd, pattern)
    if asked is not None and asked.layer is None:
        raise InputError(f"{asked.source}: a trace is of one vector of one layer; name the layer "
                         f"with -l and the vector with --vector")
    ready: Any = prepared_node(config, asked) if asked is not None else prepared(
        config, source, layer, inputs, activation_density, density, seed,
        fixed_point=inputs_fixed_point, alone=alone, vector=vector or 0, pattern=pattern)
    job = ready.job() if asked is None else ready.vector_job(vector or 0)
    config = ready.config
    if kind == _LOADS:
        _write_loads(output, config, job)
        return
    which = "" if vector is None else f"vector {vector}, "
    chosen = pe_numbers(pes, n_pes(config, job))
    until = first + 1999 if last is None else last
    note = run_note(config, ready.work, job, f"{which}cycles {first} to {until}", seed)
    where: Any = nullcontext(sys.stdout)
    if output is not None:
        where = atomic_file(output, binary=kind in BINARY)
    with where as file, trace_writer(kind, file, config, job, chosen, note) as writer:
        shown = watch(config, job, first, until, writer)
    if output is not None:
        written(output, f": {ready.work.name}, {which}cycles {first:,} to {first + shown - 1:,}, "
                        f"{len(chosen)} of {n_pes(config, job)} PEs")
        for line in filter(None, dict.fromkeys((ready.behind, ready.note))):
            typer.echo(line, err=not is_plain(output))


def _write_loads(output: Path | None, config: Any, job: Any) -> None:
    from accelsim.dram.trace import write_loads
    from accelsim.files import atomic_file
    from accelsim.machines.trace import requests

    asked = requests(config, job)
    assert output is not None  # asked for above
    with atomic_file(output) as file:
        count = write_loads(file, asked)
    written(output, f": {job.name}, {count:,} loads")


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
