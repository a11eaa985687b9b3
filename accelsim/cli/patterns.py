"""``accelsim patterns``: sparsity patterns side by side."""

from __future__ import annotations

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
from accelsim.cli.recurrent import KindOption, SequenceOption
from accelsim.papers.names import RECURRENT_MACHINE, SYNTHETIC_LSTM

if TYPE_CHECKING:
    from accelsim.papers.pattern_rows import PatternRows
    from accelsim.papers.user_network import UserNetwork

USER_DENSITIES = [0.5, 0.25, 0.125]
"""Of a network of the user's own."""


def patterns(
    source: Annotated[
        str, typer.Argument(help="'ese', the published LSTM with synthetic weights; a folder like "
                                 "traces/silero-lstm; a file of LSTMs or GRUs, a published LSTM; "
                                 "a layer file with dense weights; or a shape "
                                 "(random:1024x1024, random:lstm:128x64).")
    ] = SYNTHETIC_LSTM,
    layer: Annotated[
        str | None, typer.Option("--layer", "-l", help="Which layer of a file.")
    ] = None,
    inputs: SequenceOption = None,
    density: Annotated[
        list[float] | None, typer.Option(help="Densities to prune to; repeatable.")
    ] = None,
    depth: Annotated[
        list[int] | None, typer.Option(min=1, help="Queue depths for 'ese'; repeatable.")
    ] = None,
    machine: KindOption = RECURRENT_MACHINE,
    settings: SetOption = None,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Sparsity patterns side by side: a real network's error, cycles, energy and size; for the
    published LSTM load balance and time over queue depths; for an LSTM or a GRU of a file the same
    figures on the user's own sequence; for a layer of a file cycles and size on EIE, ESE and the
    bank-balanced machine."""
    from accelsim.errors import InputError
    from accelsim.papers.pattern_rows import MACHINE_DENSITIES, machine_rows
    from accelsim.papers.user_network import user_network
    from accelsim.workload.named import named

    notes: tuple[str, ...] = ()
    config = config_as(RECURRENT_MACHINE, machine, settings)
    if source == SYNTHETIC_LSTM:
        found = _load_balance(config, density, depth, seed)
    elif depth:
        raise InputError("--depth: a folder's network runs at the machine's own depth; "
                         "give --set act_queue_depth=N")
    elif named(source).kind == "recurrent folder":
        if inputs is not None:
            raise InputError(f"{source}: --inputs is for files of recurrent layers; a folder has "
                             f"its own")
        found = _tradeoff(config, source, density)
    elif (own := user_network(config, source, layer, inputs, seed)) is not None:
        found, notes = _user(config, own, density), own.notes
    else:
        if inputs is not None:
            raise InputError(f"{source}: --inputs is for recurrent layers; leave it out")
        found = machine_rows(config, source, layer, density or MACHINE_DENSITIES)
    rows = found.rows
    if as_json:
        print_json({"accelsim": __version__, "config": config.model_dump(), "seed": seed,
                    "source": source, "rows": rows, "notes": list(notes)})
    elif as_csv:
        print_csv(rows)
    else:
        for view in _pattern_views(source, found):
            console().print(view)
        for note in notes:
            console().print(note, markup=False)


def _pattern_views(source: str, found: PatternRows) -> list[Any]:
    """One table; where a row tells of several machines, one's columns and then the others'."""
    rows = found.rows
    told = {machine: [key for key in keys if any(row[key] is not None for row in rows)]
            for machine, keys in found.columns.items()}
    common, first = told.pop("", []), told.pop(RECURRENT_MACHINE, [])
    others = [key for key in rows[0] if any(key in keys for keys in told.values())]
    return [
        table(title, [key.replace("_", " ") for key in common + part],
              [["-" if row[key] is None else row[key] for key in common + part] for row in rows])
        for title, part in ((f"Patterns: {source}, on ESE", first),
                            (f"Patterns: {source}, on EIE and the bank-balanced machine", others))
        if part
    ]


def _tradeoff(config: Any, source: str, densities: list[float] | None) -> PatternRows:
    from accelsim.papers.pattern_rows import tradeoff_rows, tradeoff_steps
    from accelsim.papers.tradeoff import DENSITIES
    from accelsim.workload.recurrent_folder import load_recurrent_folder

    network, chosen = load_recurrent_folder(source), densities or DENSITIES
    with progress("running each pattern", tradeoff_steps(config, network, chosen)) as advance:
        return tradeoff_rows(config, network, chosen, advance)


def _user(config: Any, network: UserNetwork, densities: list[float] | None) -> PatternRows:
    from accelsim.papers.pattern_rows import tradeoff_steps, user_rows

    chosen = densities or USER_DENSITIES
    with progress("running each pattern", tradeoff_steps(config, network, chosen)) as advance:
        return user_rows(config, network, chosen, advance)


def _load_balance(
    config: Any, densities: list[float] | None, depths: list[int] | None, seed: int
) -> PatternRows:
    from accelsim.papers.pattern_rows import (
        BALANCE_DENSITIES,
        BALANCE_DEPTHS,
        balance_rows,
        balance_steps,
    )

    chosen = densities or BALANCE_DENSITIES
    with progress("pruning and running", balance_steps(chosen)) as advance:
        return balance_rows(config, chosen, depths or BALANCE_DEPTHS, seed, advance)
