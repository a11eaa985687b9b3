"""``accelsim patterns``: sparsity patterns side by side."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

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
from accelsim.cli.recurrent import KindOption
from accelsim.papers.names import RECURRENT_MACHINE, SYNTHETIC_LSTM


def patterns(
    source: Annotated[
        str, typer.Argument(help="'ese', the published LSTM with synthetic weights; a folder like "
                                 "traces/silero-lstm; or a layer file with dense weights.")
    ] = SYNTHETIC_LSTM,
    layer: Annotated[
        str | None, typer.Option("--layer", "-l", help="Which layer of a file.")
    ] = None,
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
    published LSTM load balance and time over queue depths; for a layer of a file cycles and size
    on EIE, ESE and the bank-balanced machine."""
    from accelsim.errors import InputError

    config = config_as(RECURRENT_MACHINE, machine, settings)
    if source == SYNTHETIC_LSTM:
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


def _tradeoff(config: Any, source: str, densities: list[float] | None
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
    config: Any, source: str, name: str | None, densities: list[float]
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


def _load_balance(config: Any, densities: list[float], depths: list[int], seed: int
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
