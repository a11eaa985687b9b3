"""``accelsim codesign``: a network and a budget to a design, the simulator in the loop."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from accelsim import __version__
from accelsim.cli.codesign_view import as_object, as_rows, show, write_weights
from accelsim.cli.common import (
    CsvOption,
    JsonOption,
    MachineOption,
    SetOption,
    config_from,
    console,
    print_csv,
    print_json,
)
from accelsim.cli.network_options import NetworkOption
from accelsim.cli.study import DaskOption, JobsOption, cores
from accelsim.errors import InputError, nearest
from accelsim.machines import DEFAULT_MACHINE

if TYPE_CHECKING:
    from accelsim.study.codesign.rounds import Plan
    from accelsim.study.codesign.runner import Step

DIGITS = Path("traces/lenet-300-100/digits.safetensors")
TABLES = ("kmeans@4", "kmeans@3", "kmeans@2")
PARTS = ("codes", "index", "rows")


def codesign(
    source: Annotated[str, typer.Argument(metavar="NETWORK", help="A file of a network's layers, "
                                                                  "before compression.")],
    budget: Annotated[
        list[str] | None,
        typer.Option("--budget", metavar="KEY=NUMBER",
                     help="What an image may cost: energy_uj, time_us, cycles; size_kb, bits, "
                          "area_mm2. The first drives the search; repeatable."),
    ] = None,
    network: NetworkOption = None,
    search: Annotated[
        Literal["greedy", "energy", "nsga2", "uniform", "given"],
        typer.Option(help="NetAdapt's rounds, layers by energy, Optuna, or a baseline."),
    ] = "greedy",
    guide: Annotated[
        Literal["exact", "table", "macs", "weights"],
        typer.Option(help="What greedy looks at: the machine, or a proxy to compare with."),
    ] = "exact",
    data: Annotated[
        Path | None, typer.Option(help="Labelled digits to tune with; a sixth is held out.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="Without --data: inputs whose decisions are to be kept; "
                                       "none are the package's digits.")
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="Labelled digits that are looked at once, at the end.")
    ] = None,
    tables: Annotated[
        list[str] | None,
        typer.Option("--table", metavar="NAME@BITS", help="Code tables that a layer may have, from "
                                                          "where it starts to the narrowest."),
    ] = None,
    fixed: Annotated[
        list[str] | None,
        typer.Option("--fixed", metavar="WHAT",
                     help="What stays as it is: codes, index (width of runs), rows (their order); "
                          "repeatable."),
    ] = None,
    axes: Annotated[
        list[str] | None,
        typer.Option("--axis", metavar="KEY=A,B,C", help="Values of the machine that may be "
                                                         "chosen, in order; repeatable."),
    ] = None,
    densities: Annotated[
        str | None, typer.Option(metavar="LAYER=SHARE,...", help="Of the search 'given'.")
    ] = None,
    max_error: Annotated[
        float | None, typer.Option(metavar="PERCENT", help="Of held-out images, at most.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="From the uncut network to the budget.")] = 12,
    steps: Annotated[int, typer.Option(min=0, help="Batches that tune a candidate.")] = 100,
    final_steps: Annotated[int, typer.Option(min=0, help="Batches at the end.")] = 1000,
    trials: Annotated[int, typer.Option(min=1, help="Designs of nsga2.")] = 100,
    timed: Annotated[int, typer.Option(min=1, help="Images run cycle by cycle.")] = 10,
    judged: Annotated[int, typer.Option(min=1, help="Images a candidate is judged by.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Of batches and of nsga2.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="RESULTS",
                     help="The results file; made, or resumed. Without it nothing is kept."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option("--write", help="Write the found weights (safetensors).")
    ] = None,
    machine: MachineOption = DEFAULT_MACHINE,
    settings: SetOption = None,
    jobs: JobsOption = None,
    dask: DaskOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Search densities, code tables, widths and the machine for a budget, simulated whole."""
    # One thread a process, before NumPy is loaded: products round by the number of threads, and
    # more of them only wait for each other here.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from accelsim.shipped import located
    from accelsim.study.codesign import Budget, Setting
    from accelsim.study.codesign import codesign as run
    from accelsim.study.codesign.rounds import Plan

    limits = Budget.parse(budget or ())
    config = config_from(machine, settings)
    setting = Setting(
        source, network, tuple(config.model_dump().items()),
        tuple(_table(text) for text in tables or TABLES), getattr(config, "index_bits", 4),
        tuple(_axis(config, text) for text in axes or ()),
        _free(fixed or ()),
        None if data is None else str(located(data)),
        None if data is not None else str(located(images or DIGITS)), timed, judged, seed)
    plan = Plan(search, rounds, steps, final_steps, guide=guide, densities=_densities(densities))
    try:
        with _progress(plan, trials) as (on_step, on_round):
            found = run(setting, limits, plan, store=output, jobs=jobs or cores(), dask=dask,
                        trials=trials, max_error=max_error,
                        test=None if test is None else str(located(test)),
                        on_step=on_step, on_round=on_round)
    except KeyboardInterrupt:
        resume = "run the same command again to resume" if output else "-o keeps what is done"
        sys.stderr.write(f"accelsim: interrupted; {resume}\n")
        raise typer.Exit(130) from None
    if data is None and images is None:
        sys.stderr.write(f"accelsim: judged by the decisions on {DIGITS}; --images or --data FILE "
                         f"takes inputs of yours\n")
    if weights is not None:
        write_weights(weights, found, setting, limits)
    if as_json:
        print_json({"accelsim": __version__, "network": source, "budget": dict(limits.limits),
                    "search": search, "guide": guide, "seed": seed, **as_object(found)})
    elif as_csv:
        print_csv(as_rows(found))
    else:
        show(console(), found, limits, setting)


def _table(text: str) -> tuple[str, int]:
    from accelsim.compression.tables import table_named

    name, _, bits = text.rpartition("@")
    if not name or not bits.isdecimal() or not 2 <= int(bits) <= 8:
        raise InputError(f"--table {text}: need NAME@BITS with 2 to 8 bits, for instance kmeans@4")
    table_named(name)
    return name, int(bits)


def _free(fixed: Sequence[str]) -> tuple[str, ...]:
    for part in fixed:
        if part not in PARTS:
            raise InputError(f"--fixed {part}{nearest(part, PARTS)}")
    return tuple(part for part in PARTS if part not in fixed)


def _axis(config: Any, text: str) -> tuple[str, tuple[Any, ...]]:
    from accelsim.machines import parse_setting

    key, sign, values = text.partition("=")
    if not sign or not values:
        raise InputError(f"--axis {text}: need KEY=A,B,C, for instance n_pe=16,32,64")
    if key in ("weight_bits", "index_bits"):
        raise InputError(f"--axis {key}: is chosen layer by layer; see --table and --fixed")
    return key, tuple(parse_setting(f"{key}={value}")[1] for value in values.split(","))


def _densities(text: str | None) -> dict[str, float]:
    found = {}
    for part in text.split(",") if text else ():
        name, _, number = part.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise InputError(f"--densities {part}: need LAYER=SHARE, for instance "
                             f"fc1=0.08") from None
    return found


@contextmanager
def _progress(plan: Plan, trials: int) -> Iterator[
    tuple[Callable[[Step], None], Callable[[int, Step], None]]
]:
    """A line a round on standard error; on a terminal a bar of candidates too."""
    from accelsim.cli.common import console as make

    err = make(stderr=True)

    def on_round(number: int, step: Step) -> None:
        what = f"round {number}" if number else "tuned"
        values = step.values
        sys.stderr.write(
            f"accelsim: {what}: {values['energy_uj']:.4g} uJ, {values['time_us']:.4g} us, "
            f"{values['size_kb']:.4g} KB, {values['wrong_percent']:.3g} % wrong, "
            f"{step.ratio:.3f} of the budget\n")

    if not err.is_terminal:
        yield lambda step: None, on_round
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(SpinnerColumn(), TextColumn("{task.description}", markup=False),
                  TimeElapsedColumn(), console=err, transient=True) as bar:
        task, count = bar.add_task("measuring the uncut network"), 0

        def on_step(step: Step) -> None:
            nonlocal count
            count += 1
            bar.update(task, description=f"{count} candidates, last: {step.proposal.move} "
                                         f"{step.proposal.layer}")

        yield on_step, on_round
