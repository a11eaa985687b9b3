"""``accelsim recurrent`` and ``accelsim patterns``: LSTMs on ESE."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accelsim import __version__
from accelsim.cli.common import (
    CsvOption,
    JsonOption,
    SetOption,
    config_as,
    console,
    print_csv,
    print_json,
    progress,
    table,
)
from accelsim.cli.frontend import SeedOption

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from accelsim.machines import EseConfig
    from accelsim.records.recurrent import RecurrentLayer
    from accelsim.records.result import RunResult

SourceArgument = Annotated[
    str, typer.Argument(help="'ese', the published LSTM with synthetic weights, or a folder like "
                             "traces/silero-lstm.")
]
EseOption = Annotated[
    str, typer.Option("--machine", "-m", help="A published machine (ese) or a TOML file.")
]


def recurrent(
    source: SourceArgument = "ese",
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
    machine: EseOption = "ese",
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
    from accelsim.machines import EseConfig
    from accelsim.papers.recurrent_runs import run_and_compare

    config = config_as(EseConfig, machine, settings)
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
        out.print(f"energy of events at 45 nm, without leakage and clock: "
                  f"{priced.events_total_pj * 1e-3 / len(inputs):,.1f} nJ a step, "
                  f"{100 * priced.dram_share:.1f} % of it DRAM")
    out.print(table("Outputs against 64-bit float, the same weights unquantised", (
        "step", "RMS error", "largest error", "relative"), [
        (e.step, f"{e.rms:.2e}", f"{e.largest:.2e}", f"{100 * e.relative:.3f} %")
        for e in run.some_errors()]))
    points = ", ".join(f"{name} {bits}" for name, bits in run.result.frac_bits.items())
    out.print(f"fraction bits of each signal, of {config.activation_bits}: {points}")
    out.print(f"{layer.name}: weights {origin}; simulated in {run.wall_s:.2f} s")


def _opened(
    config: EseConfig, source: str, pattern: str | None, density: float,
    steps: int | None, channels: int | None, seed: int,
) -> tuple[RecurrentLayer, npt.NDArray[np.float64], str]:
    """Layer, inputs and where the weights are from."""
    from accelsim.errors import InputError
    from accelsim.papers.recurrent_runs import chosen_layer
    from accelsim.workload.published_lstm import ese_layer, ese_utterance
    from accelsim.workload.recurrent_folder import load_recurrent_folder

    if source == "ese":
        if pattern not in (None, "unstructured", "load_balanced"):
            raise InputError(f"--pattern {pattern}: the published LSTM has its published kept "
                             f"weights, load_balanced or unstructured")
        layer = ese_layer(seed, balanced=pattern != "unstructured")
        return layer, ese_utterance(steps or 10, channels or config.n_channels, seed), "synthetic"
    network = load_recurrent_folder(source)
    n_steps, n_channels = network.inputs.shape[:2]
    for option, wanted, there in (("--steps", steps, n_steps), ("--channels", channels,
                                                                n_channels)):
        if wanted is not None and wanted > there:
            raise InputError(f"{option} {wanted}: {source} holds {there}")
    layer, origin = chosen_layer(network, config, pattern, density)
    return layer, network.inputs[: steps or n_steps, : channels or n_channels], origin


def _views(config: EseConfig, result: RunResult, shape: tuple[int, ...]) -> list[Any]:
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
    return table(f"Energy of events of an ASIC at 45 nm, without leakage and clock; {notes}",
                 ("module", "nJ a step", "nJ a step and channel", "share"), rows)


def patterns(
    source: Annotated[
        str, typer.Argument(help="'ese', the published LSTM with synthetic weights; a folder like "
                                 "traces/silero-lstm; or a layer file with dense weights.")
    ] = "ese",
    layer: Annotated[
        str | None, typer.Option("--layer", "-l", help="Which layer of a file.")
    ] = None,
    density: Annotated[
        list[float] | None, typer.Option(help="Densities to prune to; repeatable.")
    ] = None,
    depth: Annotated[
        list[int] | None, typer.Option(min=1, help="Queue depths for 'ese'; repeatable.")
    ] = None,
    machine: EseOption = "ese",
    settings: SetOption = None,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Sparsity patterns side by side: a real network's error, cycles, energy and size; for the
    published LSTM load balance and time over queue depths; for a layer of a file cycles and size
    on EIE, ESE and the bank-balanced machine."""
    from accelsim.errors import InputError
    from accelsim.machines import EseConfig

    config = config_as(EseConfig, machine, settings)
    if source == "ese":
        rows = _load_balance(config, density or [0.112], depth or [1, 2, 4, 8, 16, 32], seed)
    elif depth:
        raise InputError("--depth: a folder's network runs at the machine's own depth; "
                         "give --set act_queue_depth=N")
    elif Path(source).is_file():
        rows = _machines(config, source, layer, density or [0.125])
    else:
        rows = _tradeoff(config, source, density)
    if as_json:
        print_json({"accelsim": __version__, "config": config.model_dump(), "seed": seed,
                    "source": source, "rows": rows})
    elif as_csv:
        print_csv(rows)
    else:
        for view in _pattern_views(source, rows):
            console().print(view)


def _pattern_views(source: str, rows: list[dict[str, Any]]) -> list[Any]:
    """One table; where a row tells of several machines, ESE's and then the others'."""
    names = ("pattern", "weights", "kept", "act_queue_depth")
    common = [key for key in rows[0] if key in names]
    told = [key for key in rows[0] if key not in common
            and any(row[key] is not None for row in rows)]
    others = [key for key in told if key.startswith(("eie_", "bbs_", "csb_", "n_m_"))]
    on_ese = [key for key in told if key not in others]
    return [
        table(title, [key.replace("_", " ") for key in common + part],
              [["-" if row[key] is None else row[key] for key in common + part] for row in rows])
        for title, part in ((f"Patterns: {source}, on ESE", on_ese),
                            (f"Patterns: {source}, on EIE and the bank-balanced machine", others))
        if part
    ]


def _tradeoff(config: EseConfig, source: str, densities: list[float] | None
              ) -> list[dict[str, Any]]:
    from accelsim.machines import EieConfig, load_as
    from accelsim.papers.tradeoff import DENSITIES, bank_machine, tradeoff, variants
    from accelsim.workload.recurrent_folder import load_recurrent_folder

    network = load_recurrent_folder(source)
    machines = load_as(EieConfig, "eie"), config, bank_machine(network)
    chosen = densities or DENSITIES
    total = sum(1 for _ in variants(network, config, chosen))
    with progress("running each pattern", total) as advance:
        return [row.as_dict() for row in tradeoff(machines, network, chosen, on_row=advance)]


def _machines(
    config: EseConfig, source: str, name: str | None, densities: list[float]
) -> list[dict[str, Any]]:
    from accelsim.errors import InputError
    from accelsim.machines import BbsConfig, EieConfig, load_as
    from accelsim.papers.pattern_machines import compare_machines, usual_patterns
    from accelsim.records import CscMatrix
    from accelsim.workload import load_layer

    opened = load_layer(source, name)
    if isinstance(opened.weights, CscMatrix):
        raise InputError(f"{source}: {opened.name} is stored sparse; patterns prune dense weights")
    eie = load_as(EieConfig, "eie", capacity="ignore")
    bbs = load_as(BbsConfig, "bbs")
    ese = config.model_copy(update={"capacity": "ignore"})
    rows: list[dict[str, Any]] = []
    for density in densities:
        chosen = usual_patterns(density, eie, bbs)
        rows += [asdict(row) for row in compare_machines((eie, ese, bbs), opened.weights, chosen)]
    return rows


def _load_balance(config: EseConfig, densities: list[float], depths: list[int], seed: int
                  ) -> list[dict[str, Any]]:
    from accelsim.papers.patterns import compare_patterns
    from accelsim.papers.tradeoff import balance_variants
    from accelsim.workload.published_lstm import dense_ese_layer

    layer = dense_ese_layer(seed)
    # One PE of an unbalanced matrix may need more than the published buffers hold.
    roomy = config.model_copy(update={"capacity": "ignore"})
    rows: list[dict[str, Any]] = []
    with progress("pruning and running", 3 * len(densities)) as advance:
        for density in densities:
            for label, pattern, parameters in balance_variants(density, config):
                found = compare_patterns(roomy, layer, {pattern: parameters}, depths)
                rows += [{**asdict(row), "pattern": label} for row in found]
                advance()
    return rows
