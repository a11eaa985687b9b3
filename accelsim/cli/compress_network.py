"""``accelsim compress`` of a whole network: graph, codes, points, lowerings in one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from accelsim import __version__
from accelsim.cli.common import console, print_csv, print_json, progress, table, written
from accelsim.cli.compression_view import compression_view
from accelsim.cli.losses import loss_rows, tell

if TYPE_CHECKING:
    from accelsim.compression import Recipe
    from accelsim.compression.table import CompressionTable
    from accelsim.lowering.ways import Lowering
    from accelsim.records.network import Network


@dataclass(frozen=True)
class CompressAsked:
    """What the command line says.

    Attributes
    ----------
    layers : that are named; a network is kept whole
    calibrate : ``max``, ``percentile`` or ``kl:BITS``
    """

    source: str
    network: str | None
    layers: Sequence[str] | None
    recipe: Recipe
    photos: Sequence[Path]
    inputs: Path | None
    count: int
    fit: bool
    calibrate: str
    lowering: Lowering
    seed: int
    order: str
    output: Path | None
    as_json: bool
    as_csv: bool


def compress_graph(asked: CompressAsked) -> None:
    """Compress every layer, calibrate on the images that are given, write, show."""
    from accelsim.compression.store import save_compressed
    from accelsim.compression.table import compression_table
    from accelsim.errors import InputError
    from accelsim.machines.network_run import lowerings
    from accelsim.sources import open_network

    if asked.layers:
        raise InputError(f"{asked.source}: a network is kept whole; leave -l out, or name a file "
                         f"of layers without --network")
    opened = open_network(asked.source, asked.network, asked.seed, asked.inputs)
    packed = _packed(opened, asked)
    if asked.lowering is not None:
        chosen = lowerings(packed, asked.lowering)
        convolutions = {n.name for n in packed.nodes if hasattr(n.work, "geometry")}
        packed = replace(packed, lowerings={
            name: way for name, way in chosen.items() if name in convolutions})
    matrices = [_matrix(work) for work in packed.layers]
    lost = [loss for layer in matrices for loss in layer.losses]
    tell(lost)
    counted = compression_table(matrices, cast(Any, asked.order))
    if asked.output is not None:
        save_compressed(asked.output, packed)
    rows = kept_rows(packed)
    if asked.as_json:
        print_json({"accelsim": __version__, "network": packed.name, "seed": asked.seed,
                    "recipe": asdict(asked.recipe),
                    "layer_sha256": [work.digest() for work in packed.layers],
                    "layers": [row.as_dict() | more for row, more in zip(
                        counted.rows, rows, strict=True)],
                    "total": counted.total.as_dict(), "losses": loss_rows(lost),
                    "output": str(asked.output) if asked.output else None})
    elif asked.as_csv:
        print_csv([row.as_dict() for row in (*counted.rows, counted.total)])
    else:
        _show(packed, counted, rows, asked.output)


def _packed(opened: Network, asked: CompressAsked) -> Network:
    """Compressed and calibrated; what holds codes already keeps them."""
    from accelsim.compression import Recipe
    from accelsim.compression.network import calibrate_network, compress_graph
    from accelsim.errors import InputError
    from accelsim.records import CompressedConv, CompressedLayer
    from accelsim.sources import network_inputs

    if asked.recipe != Recipe() and all(
            isinstance(layer, CompressedLayer | CompressedConv) for layer in opened.layers):
        raise InputError(f"{asked.source}: holds codes already, which stay as they are; leave the "
                         f"settings of the compression out")
    method, _, bits = asked.calibrate.partition(":")
    width = int(bits) if bits.isdecimal() else 16
    if (bits and not bits.isdecimal()) or not 2 <= width <= 32 or (method == "kl") != bool(bits):
        raise InputError(f"--calibrate {asked.calibrate}: need max, percentile or kl:BITS, for "
                         f"instance kl:8")
    with progress(f"compressing {len(opened.layers)} layers", len(opened.layers)) as advance:
        packed = compress_graph(opened, asked.recipe, on_layer=advance)
    if not asked.photos and asked.inputs is None:
        return packed
    images = network_inputs(opened, asked.photos, asked.inputs, asked.count, asked.fit)
    return calibrate_network(packed, images, method, bits=width)


def _matrix(work: Any) -> Any:
    return work.layer if hasattr(work, "geometry") else work


def kept_rows(packed: Network) -> list[dict[str, Any]]:
    """What the file keeps of each layer beside its codes."""
    rows = []
    for node in packed.nodes:
        if node.on_host:
            continue
        layer = _matrix(node.work)
        rows.append({
            "layer": node.name,
            "bias": "column" if layer.has_bias else "accumulator" if layer.biased else "none",
            "input_max_abs": layer.input_max_abs, "output_max_abs": layer.output_max_abs,
            "lowering": packed.lowerings.get(node.name),
            "winograd": getattr(node.work, "winograd", None) is not None,
        })
    return rows


def _show(packed: Network, counted: CompressionTable, rows: list[dict[str, Any]],
          output: Path | None) -> None:
    out = console()
    out.print(compression_view(counted))
    heads = ("layer", "bias", "largest input", "largest sum", "lowering", "Winograd weights")
    out.print(table(f"{packed.name}: {len(packed.nodes)} nodes, {len(packed.layers)} of them on "
                    f"the array", heads, [
        (row["layer"], row["bias"], _number(row["input_max_abs"]), _number(row["output_max_abs"]),
         row["lowering"] or "", "yes" if row["winograd"] else "") for row in rows]))
    if output is not None:
        written(output)


def _number(value: float | None) -> str:
    return "not calibrated" if value is None else f"{value:.4g}"


def with_settings(
    layers: Mapping[str, Mapping[str, Any]], texts: Sequence[str] | None
) -> dict[str, dict[str, Any]]:
    """A recipe's settings of single layers with those of ``LAYER:KEY=VALUE`` texts.

    Raises
    ------
    InputError
        If a text is no such thing.
    """
    from accelsim.errors import InputError
    from accelsim.machines import parse_setting

    found = {name: dict(own) for name, own in layers.items()}
    for text in texts or ():
        place, _, value = text.partition("=")
        name, _, key = place.rpartition(":")
        if not name or not key or not value:
            raise InputError(f"--layer-set {text}: need LAYER:KEY=VALUE, for instance "
                             f"conv2:density=0.3")
        found.setdefault(name, {})[key] = parse_setting(f"{key}={value}")[1]
    return found
