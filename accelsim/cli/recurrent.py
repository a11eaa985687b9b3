"""``accelsim recurrent``: an LSTM on ESE."""

from __future__ import annotations

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
from accelsim.cli.frontend import SeedOption
from accelsim.cli.limits import limit_lines
from accelsim.papers.names import RECURRENT_MACHINE, SYNTHETIC_LSTM

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from accelsim.records.recurrent import RecurrentLayer
    from accelsim.records.result import RunResult

SourceArgument = Annotated[
    str, typer.Argument(help="'ese', the published LSTM with synthetic weights; a folder like "
                             "traces/silero-lstm; or a shape (random:lstm:1024x153:density=0.1).")
]
KindOption = Annotated[
    str, typer.Option("--machine", "-m", help="A published machine (ese) or a TOML file.")
]


def recurrent(
    source: SourceArgument = SYNTHETIC_LSTM,
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
    from accelsim.papers.recurrent_runs import run_and_compare

    config = config_as(RECURRENT_MACHINE, machine, settings)
    layer, inputs, origin = _opened(config, source, pattern, density, steps, channels, seed)
    if codebook_bits is not None:
        layer = compress_recurrent(layer, Recipe(weight_bits=codebook_bits))
        origin += f"; {codebook_bits}-bit codebooks"
    run = run_and_compare(config, layer, inputs, engine)
    if as_json:
        print_json({"accelsim": __version__, "config": config.model_dump(), "seed": seed,
                    "source": source, "weights": origin, **run.as_dict()})
        return
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
    out.print(f"{layer.name}: weights {origin}; simulated in {run.wall_s:.2f} s")


def _opened(
    config: Any, source: str, pattern: str | None, density: float,
    steps: int | None, channels: int | None, seed: int,
) -> tuple[RecurrentLayer, npt.NDArray[np.float64], str]:
    """Layer, inputs and where the weights are from."""
    from accelsim.errors import InputError
    from accelsim.papers.recurrent_runs import chosen_layer
    from accelsim.workload.drawn import PREFIX, parse_drawn
    from accelsim.workload.published_lstm import ese_layer, ese_utterance
    from accelsim.workload.recurrent_folder import load_recurrent_folder

    if source == SYNTHETIC_LSTM:
        if pattern not in (None, "unstructured", "load_balanced"):
            raise InputError(f"--pattern {pattern}: the published LSTM has its published kept "
                             f"weights, load_balanced or unstructured")
        layer = ese_layer(seed, balanced=pattern != "unstructured")
        return layer, ese_utterance(steps or 10, channels or config.n_channels, seed), "synthetic"
    drawn = parse_drawn(source) if source.startswith(PREFIX) else None
    if drawn is not None and drawn.is_recurrent:
        if (pattern, steps, channels) != (None, None, None):
            raise InputError(f"{source}: says its density, steps and channels itself; leave out "
                             f"--pattern, --steps and --channels")
        return *drawn.recurrent(seed), "synthetic"
    network = load_recurrent_folder(source)
    n_steps, n_channels = network.inputs.shape[:2]
    for option, wanted, there in (("--steps", steps, n_steps), ("--channels", channels,
                                                                n_channels)):
        if wanted is not None and wanted > there:
            raise InputError(f"{option} {wanted}: {source} holds {there}")
    layer, origin = chosen_layer(network, config, pattern, density)
    return layer, network.inputs[: steps or n_steps, : channels or n_channels], origin


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
