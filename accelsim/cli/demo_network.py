"""``accelsim demo lenet-5``: real digits through a compressed network of convolutions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.cli.common import console, progress, table
from accelsim.cli.compression_view import compression_view
from accelsim.cli.views import breakdown_view

if TYPE_CHECKING:
    from accelsim.records.network import Network
    from accelsim.records.network_result import NetworkResult

DIGITS = Path("traces/lenet-300-100/digits.safetensors")
INDEX_BITS = 5
"""Of the sizes, as Deep Compression's for fully connected layers."""
FUNCTIONAL_AT_ONCE = 50


def graph_of(folder: Path) -> str | None:
    """The network of the package that a folder is called after and holds the weights of."""
    from accelsim.workload import network_names

    return folder.name if folder.name in network_names() else None


def demo_network(config: Any, folder: Path, graph: str, count: int, engine: str,
                 picture: Path, errors: tuple[float, float], width: float) -> None:
    """Run digits through a folder's network, check every output, show where the cycles went.

    Parameters
    ----------
    errors : test errors in percent of the dense and of the shared network, as training found them
    width : of the picture, in inches
    """
    import numpy as np

    from accelsim.compression import compress, compression_table
    from accelsim.errors import ConservationError
    from accelsim.report.plots import cycle_breakdown, save
    from accelsim.shipped import located
    from accelsim.workload import load_digits, load_network

    own = folder / "digits.safetensors"
    digits, labels = load_digits(own if own.exists() else located(DIGITS))
    network = load_network(folder / "pruned.safetensors", network=graph)
    images = digits.reshape(-1, *network.shapes()["input"]).astype(np.float64)
    packed = compress(network, calibration=images)
    out = console()
    counted = compression_table([getattr(work, "layer", work) for work in packed.layers],
                                index_bits=INDEX_BITS)
    out.print(compression_view(counted))
    _against_published(counted.total, errors, out)

    chosen = images[:count]
    result = _run(config, packed, chosen, engine, "simulating", max(1, len(chosen) // 10))
    golden = _run(config, packed, images, "functional", "checking", FUNCTIONAL_AT_ONCE)
    for name, layer in result.layers.items():
        if not np.array_equal(np.asarray(layer.outputs),
                              np.asarray(golden.layers[name].outputs)[: len(chosen)]):
            raise ConservationError(f"{name}: {engine} and functional outputs differ")
    out.print(_layer_view(result))
    layers = list(result.layers.values())
    out.print(breakdown_view(layers))
    predicted, every = result.values.argmax(axis=1), golden.values.argmax(axis=1)
    shown = min(20, len(chosen))
    out.print(f"predicted, first {shown}: {' '.join(map(str, predicted[:shown]))}")
    out.print(f"labels,    first {shown}: {' '.join(map(str, labels[:shown]))}")
    out.print(f"accuracy: {int((predicted == labels[:len(chosen)]).sum())} of {len(chosen)} digits "
              f"cycle by cycle; {int((every == labels).sum())} of {len(labels)} in the functional "
              f"model")
    out.print(f"checked: all outputs of all {len(layers)} layers, {len(chosen)} digits, engine "
              f"{engine}, equal the functional model, bit for bit")
    figure = cycle_breakdown(layers, len(chosen), width=width)
    out.print(f"picture: {save(figure, picture)}, the mean of {len(chosen)} digits")


def _run(config: Any, network: Network, images: Any, engine: str, label: str, step: int
         ) -> NetworkResult:
    """All images, some at a time, so that progress shows."""
    from accelsim.machines import machine_of
    from accelsim.machines.network_run import run_network

    parts = [images[first:first + step] for first in range(0, len(images), step)]
    results = []
    with progress(f"{label} {len(images)} digits", len(parts)) as advance:
        for part in parts:
            results.append(run_network(machine_of(config), config, network, part, engine))
            advance()
    return results[0].with_more(results[1:])


def _against_published(total: Any, errors: tuple[float, float], out: Any) -> None:
    """Size and error beside Deep Compression's row (ICLR 2016, table 1)."""
    dense, shared = errors
    rows = [
        ("this network", f"{total.dense_bits / 8000:,.0f}", f"{total.huffman_bits / 8000:.1f}",
         f"{1 / total.huffman_rate:.1f}x", f"{dense:.2f}", f"{shared:.2f}"),
        ("Deep Compression", "1,720", "44", "39x", "0.80", "0.74"),
    ]
    columns = ("LeNet-5", "dense KB", "compressed KB", "rate", "dense error %",
               "compressed error %")
    out.print(table("Beside the published row (errors: full 10,000 test digits)", columns, rows))


def _layer_view(result: NetworkResult) -> Any:
    n, config = result.n_images, result.config
    rows = [(name, own.lowering or "vector", own.n_vectors // n, f"{own.cycles / n:,.1f}",
             f"{own.time_us / n:,.3f}", f"{100 * own.load_balance:.1f} %",
             f"{100 * own.cycles / result.cycles:.1f} %") for name, own in result.layers.items()]
    rows.append(("network", "", sum(own.n_vectors for own in result.layers.values()) // n,
                 f"{result.cycles / n:,.1f}", f"{result.time_us / n:,.3f}",
                 f"{100 * result.load_balance:.1f} %", "100.0 %"))
    title = f"{config.n_pe} PEs at {config.clock_mhz:g} MHz, mean of {n} digits"
    return table(title, ("layer", "lowering", "vectors", "cycles", "us", "load balance", "share"),
                 rows)
