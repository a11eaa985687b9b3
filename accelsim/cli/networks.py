"""``accelsim simulate`` of a whole network: photos in, classes, times and energies out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.cli.common import console, print_csv, print_json, progress, table
from accelsim.cli.graphs import as_network
from accelsim.cli.limits import limit_lines, sized_lines
from accelsim.cli.losses import tell
from accelsim.cli.views import energy_views

if TYPE_CHECKING:
    from accelsim.compression import Recipe
    from accelsim.lowering.ways import Lowering
    from accelsim.records.network_result import NetworkResult

def simulate_graph(
    config: Any, source: str, network: str | None, layer: str | None, engine: str,
    photos: list[Path], inputs: Path | None, count: int, fit: bool, lowering: Lowering,
    recipe: Callable[[], Recipe], seed: int, energy: bool, as_json: bool, as_csv: bool,
    float_error: bool = False,
) -> None:
    """Compress what is not compressed, calibrate on the images, run, and show.

    The recipe is asked for once it is known that the machine takes the network's layers. With a
    ``layer`` the network ends there, and its result is shown alone. Without images a drawn
    network's layers run on inputs of their own.
    """
    from accelsim.compression.network import calibrated_network
    from accelsim.errors import InputError
    from accelsim.machines import machine_of
    from accelsim.machines.network_alone import brings_inputs, run_alone
    from accelsim.machines.network_run import run_network
    from accelsim.report.network_error import network_errors
    from accelsim.report.network_summary import network_object, network_rows
    from accelsim.sources import network_inputs, open_network
    from accelsim.sources.networks import check_takes, with_count

    opened = open_network(source, network, seed, inputs)
    check_takes(config, opened)
    if layer is not None:
        opened = opened.up_to(layer)
    machine = machine_of(config)
    errors: dict[str, dict[str, float]] = {}
    if not photos and inputs is None and brings_inputs(opened):
        if float_error:
            raise InputError(f"{source}: drawn layers run on inputs of their own, which say "
                             f"nothing of a network's error; give --image or --inputs")
        if layer is not None:
            opened = as_network(opened, opened.nodes[-1])
        start = time.perf_counter()
        with progress("simulating", len(opened.nodes)) as advance:
            result = run_alone(machine, config, opened, recipe(), engine, lowering,
                               lambda node: advance())
    else:
        images = network_inputs(opened, photos, inputs, count, fit)
        packed = calibrated_network(with_count(opened, inputs, count), recipe(), images)
        start = time.perf_counter()
        with progress("simulating", len(packed.nodes)) as advance:
            result = run_network(machine, config, packed, images, engine, lowering,
                                 lambda node: advance())
    wall_s = time.perf_counter() - start
    if layer is not None:
        result = replace(result, layers={layer: result.layers[layer]})
    if float_error:
        errors = network_errors(opened, packed, images, result)
    tell(loss for own in result.layers.values() for loss in own.losses)
    if as_json:
        print_json(network_object(result, energy, seed)
                   | ({"float_error": errors} if float_error else {}))
    elif as_csv:
        print_csv([row if "tried" not in row else row | {
            "tried": "; ".join(f"{way}: {told}" for way, told in row["tried"].items())}
            for row in (own | errors.get(name, {}) for name, own in zip(
                result.layers, network_rows(result, energy), strict=True))])
    else:
        _show(result, energy, wall_s, config, errors)


def _ways(result: NetworkResult) -> list[str]:
    """The lowerings that were tried for some layer."""
    return list(dict.fromkeys(way for own in result.layers.values() for way in own.tried))


def _show(result: NetworkResult, energy: bool, wall_s: float, asked: Any,
          errors: dict[str, dict[str, float]]) -> None:
    from accelsim.report.network_error import error_rows
    from accelsim.report.network_summary import classes, host_rows, network_rows

    out = console()
    timed = all(own.counters is not None for own in result.layers.values())
    rows = [(row["layer"], row["lowering"], row["vectors"], *(
        (row["cycles"], row["time_us"], f"{100 * row['load_balance']:.1f} %",
         f"{row['share_percent']:.1f} %") if timed else ()), row["macs"])
        for row in network_rows(result)]
    heads = ("cycles", "time us", "load balance", "share") if timed else ()
    config = result.config
    out.print(table(f"{result.name} on {config.machine}, {config.n_pe} PEs, engine {result.engine}",
                    ("layer", "lowering", "vectors", *heads, "macs"), rows))
    if tried := [(name, *(own.tried.get(way, "") for way in _ways(result)), own.lowering)
                 for name, own in result.layers.items() if own.tried]:
        out.print(table("Lowerings tried, cycles", ("layer", *_ways(result), "taken"), tried))
    if errors:
        out.print(table("Results beside 64-bit float, RMS of the difference over RMS",
                        ("layer", "weights as named", "weights as they ran",
                         "largest difference from the latter"), error_rows(errors)))
    out.print(table("On the host, not timed", ("node", "kind", "operations", "bytes"),
                    [tuple(row.values()) for row in host_rows(result)]))
    for line in (*sized_lines(asked, result.config), *limit_lines([result.limits])):
        out.print(line, markup=False)
    for number, largest in enumerate(classes(result) if result.values.size else ()):
        told = ", ".join(f"{place} ({value:.4g})" for place, value in largest)
        out.print(f"image {number}: largest results {told}", markup=False)
    if timed:
        balance = f"load balance {100 * result.load_balance:.1f} %"
        out.print(f"{result.n_images} image(s): {result.cycles:,} cycles, "
                  f"{result.time_us / 1000:,.3f} ms, {balance}")
        if energy:
            report = result.energy
            for view in energy_views(list(result.layers.values())):
                out.print(view)
            out.print(f"energy of the array: {report.total_uj:,.1f} uJ, {report.power_w:.3f} W")
            for note in report.notes:
                out.print(f"note: {note}", markup=False)
    for note in result.notes:
        out.print(f"note: {note}", markup=False)
    out.print(f"simulated in {wall_s:.2f} s")
