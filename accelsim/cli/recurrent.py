"""``accelsim recurrent``: an LSTM on ESE."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accelsim import __version__
from accelsim.cli.common import (
    JsonOption,
    SetOption,
    config_as,
    console,
    print_json,
    table,
)
from accelsim.cli.frontend import LayerOption, SeedOption
from accelsim.cli.limits import limit_lines
from accelsim.papers.names import RECURRENT_MACHINE, SYNTHETIC_LSTM

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from accelsim.papers.recurrent_runs import ComparedRun
    from accelsim.records.result import RunResult

SourceArgument = Annotated[
    str, typer.Argument(help="'ese', the published LSTM with synthetic weights; a folder like "
                             "traces/silero-lstm; a file of LSTMs or GRUs (ONNX, npz, "
                             "safetensors), with :LAYER or without; or a shape "
                             "(random:lstm:1024x153:density=0.1).")
]
SequenceOption = Annotated[
    Path | None, typer.Option("--inputs", help="The sequence of a file's layers: npy, npz or "
                                               "safetensors, (steps, inputs) or (steps, channels, "
                                               "inputs), with 'lengths' beside it; or a wav. "
                                               "Drawn if absent.")
]
KindOption = Annotated[
    str, typer.Option("--machine", "-m", help="A published machine (ese) or a TOML file.")
]


def recurrent(
    source: SourceArgument = SYNTHETIC_LSTM,
    layer: LayerOption = None,
    inputs: SequenceOption = None,
    pattern: Annotated[
        str | None, typer.Option(help="unstructured, load_balanced, bank_balanced, block, n_m, "
                                      "row or channel; a folder's dense network if absent.")
    ] = None,
    density: Annotated[float, typer.Option(help="Share of the weights that stays.")] = 0.112,
    codebook_bits: Annotated[
        int | None, typer.Option(help="Let each matrix share 2**bits - 1 values (k-means) before "
                                      "the machine stores them.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Time steps; a folder's all, else 10.")
    ] = None,
    channels: Annotated[
        int | None, typer.Option(min=1, help="Voice vectors at once; what there is if absent.")
    ] = None,
    machine: KindOption = RECURRENT_MACHINE,
    settings: SetOption = None,
    engine: Annotated[
        str, typer.Option("--engine", "-e", help="fast, reference (SimPy) or functional (no "
                                                 "time).")
    ] = "fast",
    seed: SeedOption = 1,
    energy: Annotated[
        bool, typer.Option("--energy", help="Energy of every module, and what is left out.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run an LSTM on ESE: cycles of every slot, energy, error against float step by step."""
    from accelsim.compression import Recipe, compress_recurrent
    from accelsim.papers.recurrent_runs import run_sequence
    from accelsim.papers.recurrent_works import opened

    config = config_as(RECURRENT_MACHINE, machine, settings)
    work = opened(config, source, layer, inputs, pattern, density, steps, channels, seed)
    layers, origin = work.layers, work.origin
    if codebook_bits is not None:
        layers = [compress_recurrent(own, Recipe(weight_bits=codebook_bits)) for own in layers]
        origin += f"; {codebook_bits}-bit codebooks"
    runs = run_sequence(config, layers, work.given, engine)
    if as_json:
        told = [run.as_dict() for run in runs]
        print_json({"accelsim": __version__, "config": config.model_dump(), "seed": seed,
                    "source": source, "weights": origin,
                    **(told[0] if len(told) == 1 else {"layers": told})})
        return
    for run in runs:
        _show(config, run, work.given.inputs, energy)
    for note in work.notes:
        console().print(note, markup=False)
    console().print(f"{', '.join(own.name for own in layers)}: weights {origin}; simulated in "
                    f"{sum(run.wall_s for run in runs):.2f} s")


def _show(
    config: Any, run: ComparedRun, inputs: npt.NDArray[np.float64], energy: bool
) -> None:
    """One layer's tables."""
    out = console()
    for view in _views(config, run.result, inputs.shape):
        out.print(view)
    if run.result.counters is not None:
        if energy:
            out.print(_energy_view(run.result, inputs.shape))
        priced = run.result.energy
        out.print(f"energy of events at {priced.node_nm:g} nm, without leakage and clock: "
                  f"{priced.events_total_pj * 1e-3 / len(inputs):,.1f} nJ a step, "
                  f"{100 * priced.dram_share:.1f} % of it DRAM")
    out.print(table("Outputs against 64-bit float, the same weights unquantised", (
        "step", "RMS error", "largest error", "relative"), [
        (e.step, f"{e.rms:.2e}", f"{e.largest:.2e}", f"{100 * e.relative:.3f} %")
        for e in run.some_errors()]))
    for line in limit_lines([run.result.limits]):
        out.print(line, markup=False)
    points = ", ".join(f"{name} {bits}" for name, bits in run.result.frac_bits.items())
    out.print(f"fraction bits of each signal, of {config.activation_bits}: {points}")


def _views(config: Any, result: RunResult, shape: tuple[int, ...]) -> list[Any]:
    if result.counters is None:
        return [table(f"{result.name}, engine {result.engine}", ("operation", "count"),
                      list(result.operations.items()))]
    n_steps = shape[0]
    shown = max(n_steps - 2, 0)
    slots = [
        (slot.name, slot.spmv or "", slot.cycles, f"{slot.cycles / config.clock_mhz:.2f}")
        for slot in result.slots if slot.step == shown
    ]
    step = sum(slot.cycles for slot in result.slots if slot.step == shown)
    counts = result.timed.totals()
    rows: list[tuple[str, object]] = [
        ("cycles", counts["cycles"]), ("time us", result.time_us),
        (f"time of step {shown} us", step / config.clock_mhz),
        ("entries", counts["issued_entries"]), ("of which padding", counts["padding_entries"]),
        ("cycles blocked by full queues", counts["blocked_cycles"]),
        ("cycles waiting for weights", counts["fetch_wait_cycles"]),
        ("DDR words of weights", counts["weight_words"]), ("macs", counts["macs"]),
        ("saturations", counts["saturations"] + counts["elementwise_saturations"]),
    ]
    title = f"{result.name}: {n_steps} steps, {shape[1]} channels, engine {result.engine}"
    return [table(title, ("figure", "value"), rows),
            table(f"Slots of step {shown}", ("slot", "matrix", "cycles", "us"), slots)]


def _energy_view(result: RunResult, shape: tuple[int, ...]) -> Any:
    priced = result.energy
    n_steps, n_channels = shape[:2]
    rows: list[tuple[str, object, object, str]] = [
        (name, picojoules * 1e-3 / n_steps, picojoules * 1e-3 / n_steps / n_channels,
         f"{100 * picojoules / priced.events_total_pj:.1f} %")
        for name, picojoules in (*priced.events_pj.items(), ("total", priced.events_total_pj))
    ]
    notes = "; ".join(priced.notes)
    return table(f"Energy of events of an ASIC at {priced.node_nm:g} nm, without leakage and "
                 f"clock; {notes}",
                 ("module", "nJ a step", "nJ a step and channel", "share"), rows)
