"""``accelsim demo``: a real network, compressed, simulated cycle by cycle, checked, explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accelsim.cli.common import (
    MachineOption,
    SetOption,
    WidthOption,
    config_from,
    console,
    progress,
    runnable,
    table,
)
from accelsim.cli.compression_view import compression_view
from accelsim.cli.demo_network import demo_network, graph_of
from accelsim.cli.views import breakdown_view
from accelsim.machines import DEFAULT_MACHINE

if TYPE_CHECKING:

    from accelsim.records import CompressedLayer
    from accelsim.records.result import RunResult

_TRAINED = Path("traces/lenet-300-100")


def demo(
    folder: Annotated[
        Path, typer.Argument(help="Holds pruned.safetensors, digits.safetensors, results.json; or "
                                  "lenet-5, a network with convolutions.")
    ] = _TRAINED,
    count: Annotated[int, typer.Option(min=1, help="Digits to simulate cycle by cycle.")] = 50,
    machine: MachineOption = DEFAULT_MACHINE,
    settings: SetOption = None,
    engine: Annotated[
        str | None, typer.Option("--engine", "-e", help="reference or fast; if absent reference, "
                                                      "of a network with convolutions fast.")
    ] = None,
    picture: Annotated[
        Path, typer.Option("--picture", "-o", help="Where to save the picture (svg, pdf or png).")
    ] = Path("accelsim-demo.svg"),
    width: WidthOption = "page",
) -> None:
    """Run MNIST digits through a compressed LeNet on EIE and check every output bit."""
    import numpy as np

    from accelsim.compression import Recipe, compress_network
    from accelsim.compression.table import compression_table
    from accelsim.errors import ConservationError
    from accelsim.network import calibrated, network_outputs, simulate_network
    from accelsim.report.paper import width_of
    from accelsim.report.plots import cycle_breakdown, save
    from accelsim.report.plots_style import picture_kind
    from accelsim.workload import load_digits, load_network

    picture_kind(picture)  # refused before the work is done
    inches = width_of(width)
    config, folder = config_from(machine, settings), _folder(folder)
    if (graph := graph_of(folder)) is not None:
        demo_network(config, folder, graph, count, runnable(config, engine), picture,
                     recorded_errors(folder / "results.json"), inches)
        return
    engine = engine or "reference"
    images, labels = load_digits(folder / "digits.safetensors")
    network = load_network(folder / "pruned.safetensors")
    packed = calibrated(compress_network(network.layers, Recipe(index_bits=5)), images)
    out = console()
    out.print(compression_view(compression_table(packed)))
    _against_published(packed, folder, out)

    chosen = images[:count]
    runs: list[list[RunResult]] = []
    with progress(f"simulating {len(chosen)} digits", len(chosen)) as advance:
        for vector in chosen:
            runs += simulate_network(config, packed, vector, engine)
            advance()
    golden = network_outputs(config, packed, images)
    for index, chain in enumerate(runs):
        if not np.array_equal(np.asarray(chain[-1].outputs), golden[index]):
            raise ConservationError(f"digit {index}: {engine} and functional outputs differ")
    out.print(_layer_view(config, runs))
    merged = _merged(runs)
    out.print(breakdown_view(merged))
    predicted = [int(chain[-1].outputs_float.argmax()) for chain in runs]
    shown = min(20, len(runs))
    out.print(f"predicted, first {shown}: {' '.join(map(str, predicted[:shown]))}")
    out.print(f"labels,    first {shown}: {' '.join(map(str, labels[:shown]))}")
    right = sum(p == int(t) for p, t in zip(predicted, labels, strict=False))
    out.print(f"accuracy: {right} of {len(runs)} digits cycle by cycle; "
              f"{int((golden.argmax(axis=1) == labels).sum())} of {len(labels)} "
              f"in the functional model")
    out.print(f"checked: all outputs of {len(runs)} digits equal the functional model, bit for bit")
    figure = cycle_breakdown(merged, len(runs), width=inches)
    out.print(f"picture: {save(figure, picture)}, the mean of {len(runs)} digits")


def _folder(named: Path) -> Path:
    """A folder, or that of a trained network by its name."""
    from accelsim.shipped import located

    traces = located(_TRAINED.parent / named)
    return traces if len(named.parts) == 1 and traces.is_dir() else located(named)


def _against_published(packed: list[CompressedLayer], folder: Path, out: Any) -> None:
    """Size and error beside Deep Compression's row (ICLR 2016, LeNet-300-100)."""
    from accelsim.compression.table import compression_table

    total = compression_table(packed).total
    dense, shared = recorded_errors(folder / "results.json")
    rows = [
        ("this network", f"{total.dense_bits / 8000:,.0f}", f"{total.huffman_bits / 8000:.1f}",
         f"{1 / total.huffman_rate:.1f}x", f"{dense:.2f}", f"{shared:.2f}"),
        ("Deep Compression", "1,070", "27", "40x", "1.64", "1.58"),
    ]
    columns = ("LeNet-300-100", "dense KB", "compressed KB", "rate", "dense error %",
               "compressed error %")
    out.print(table("Beside the published row (errors: full 10,000 test digits)", columns, rows))


def recorded_errors(path: Path) -> tuple[float, float]:
    """Test errors in percent that training wrote down: of the dense and of the shared network.

    Raises
    ------
    InputError
        If the file is missing or holds something else.
    """
    from accelsim.errors import InputError
    from accelsim.files import read_utf8

    try:
        recorded = json.loads(read_utf8(path))
        dense, shared = (float(recorded[k]["test_error_percent"]) for k in ("dense", "shared"))
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
        raise InputError(f"{path}: needs dense.test_error_percent and shared.test_error_percent; "
                         f"traces/train_lenet_300_100.py writes it") from None
    return dense, shared


def _merged(runs: list[list[RunResult]]) -> list[RunResult]:
    """Each layer's counters added up over the digits."""
    from dataclasses import replace

    merged = []
    for chain in zip(*runs, strict=True):
        operations = {k: sum(r.operations[k] for r in chain) for k in chain[0].operations}
        counters = type(chain[0].timed).added([r.timed for r in chain])
        merged.append(replace(chain[0], counters=counters, operations=operations, outputs=None))
    return merged


def _layer_view(config: Any, runs: list[list[RunResult]]) -> Any:
    rows = []
    total_us = 0.0
    for merged in _merged(runs):
        cycles, time_us = merged.cycles / len(runs), merged.time_us / len(runs)
        total_us += time_us
        rows.append((merged.name, f"{cycles:.1f}", f"{time_us:.3f}",
                     f"{100 * merged.load_balance:.1f} %"))
    rows.append(("network", "", f"{total_us:.3f}", ""))
    title = f"{config.n_pe} PEs at {config.clock_mhz:g} MHz, mean of {len(runs)} digits"
    return table(title, ("layer", "cycles", "us", "load balance"), rows)
