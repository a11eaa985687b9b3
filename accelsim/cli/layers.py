"""``accelsim layers``: what can be named, and what of a file is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accelsim.cli.common import JsonOption, console, print_json, table
from accelsim.cli.network_options import NetworkOption
from accelsim.cli.wording import as_options

if TYPE_CHECKING:
    from accelsim.sources import Listed, ListedCell, ListedNode, NetworkListing
    from accelsim.workload import Skipped


def layers(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[WORK]", help="A layer file, a file from `accelsim compress`, a "
                                              "recurrent or EIE-simulator folder, a shape "
                                              "(random:96x64:density=0.5), one layer of these "
                                              "behind a colon; or a network: its name, a graph "
                                              "(TOML), a .net file. The published layers if "
                                              "absent."),
    ] = None,
    network: NetworkOption = None,
    input_shape: Annotated[
        str | None,
        typer.Option(metavar="3x224x224", help="Of one image, where an ONNX model leaves it open."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the layers that can be named: the published ones, or those of a file or folder.

    Weights of the file that are not taken as a layer are listed with the reason. Of a network all
    nodes are listed, with the work of one image.
    """
    from accelsim.errors import InputError, UnsupportedError
    from accelsim.sources import Listing, listing, names_network, network_listing, published
    from accelsim.workload import network_names

    if source is None and network is not None:
        raise InputError(f"--network {network}: says whose layers a file's arrays are; name the "
                         f"file, or leave --network out: accelsim layers {network}")
    whole = None
    shape = None if input_shape is None else _shape(input_shape)
    if shape is not None and (source is None or not names_network(source, network)):
        raise InputError(f"--input-shape {input_shape}: is for an ONNX model with convolutions "
                         f"that leaves the shape of its images open; leave it out")
    if source is not None and names_network(source, network):
        try:
            nodes = network_listing(source, network, shape)
        except (InputError, UnsupportedError) as problem:
            if Path(source).suffix.lower() != ".onnx":
                raise
            # Its layers are there all the same.
            whole = as_options(f"As a network: {problem}").replace("--inputs of one",
                                                                   "--input-shape")
        else:
            _show_network(source, nodes, as_json)
            return
    found = Listing(published()) if source is None else listing(source)
    rows = [layer_row(layer) for layer in found.layers]
    if as_json:
        print_json({"source": str(source or "published"), "ordered": found.ordered,
                    "layers": rows, "skipped": skipped_rows(found.skipped),
                    "recurrent": [asdict(cell) for cell in found.recurrent],
                    **({} if whole is None else {"network_refused": whole})})
        return
    out = console()
    title = "Published layers (EIE Table III; ESE)" if source is None else f"Layers of {source}"
    if rows:
        columns = [key for key in rows[0] if any(row[key] is not None for row in rows)]
        out.print(table(title, columns, [[_cell(row[key]) for key in columns] for row in rows]))
    elif not found.recurrent:
        out.print(f"{source}: no layer; need 2-D arrays of numbers, or ONNX nodes with constant "
                  f"weights", markup=False)
    if found.recurrent:
        out.print(cells_view(str(source), found.recurrent))
    if source is None:
        out.print(f"Networks: {', '.join(network_names())}; accelsim layers NAME lists one")
    if not found.ordered and len(rows) > 1:
        out.print("The file does not say in which order they follow each other; -l NAME -l NAME "
                  "does.")
    if found.skipped:
        out.print(skipped_view(found.skipped))
    if whole is not None:
        out.print(whole, markup=False)


def _shape(text: str) -> tuple[int, ...]:
    from accelsim.errors import InputError

    numbers = text.replace(",", "x").split("x")
    if not all(number.isdecimal() and int(number) > 0 for number in numbers):
        raise InputError(f"--input-shape {text}: need the sizes of one image's axes, as 3x224x224")
    return tuple(int(number) for number in numbers)


def cells_view(source: str, cells: Sequence[ListedCell]) -> Any:
    """Recurrent layers as a table; those of one sequence follow each other."""
    from accelsim.errors import printable
    from accelsim.machines.registry import takers
    from accelsim.records.recurrent import RecurrentLayer

    several = len({cell.module for cell in cells}) > 1
    head = ("layer", "kind", "inputs", "cells", "outputs", "bias",
            *(("sequence of",) if several else ()))
    return table(
        f"Recurrent layers of {source}, for -m {' or '.join(takers(RecurrentLayer))}", head,
        [(printable(c.name), c.kind, c.n_inputs, c.n_cells, c.n_outputs, c.has_bias,
          *((printable(c.module),) if several else ())) for c in cells])


def layer_row(layer: Listed) -> dict[str, Any]:
    """A layer as ``--json`` has it."""
    from accelsim.errors import printable

    return {
        "layer": printable(layer.name), "outputs": layer.n_outputs, "inputs": layer.n_inputs,
        "kind": layer.kind, "bias": layer.has_bias, "non-zeros": layer.non_zeros,
        "weight density": layer.weight_density, "activation density": layer.activation_density,
        "kernel": None if layer.geometry is None else _product(layer.geometry.kernel),
        "geometry": None if layer.geometry is None else layer.geometry.told,
    }


def node_row(node: ListedNode, macs: int) -> dict[str, Any]:
    """A node of a network as ``--json`` has it; ``macs`` are those of all nodes."""
    from accelsim.errors import printable

    on_host = node.weights is None
    return {
        "node": printable(node.name), "kind": node.kind,
        "weights": None if node.weights is None else list(node.weights),
        "geometry": None if node.geometry is None else node.geometry.told,
        "outputs": list(node.outputs), "positions": node.positions,
        "macs": None if on_host else node.macs,
        "share_percent": None if on_host else 100 * node.macs / macs,
        "operations": node.operations, "non-zeros": node.non_zeros,
        "weight density": node.weight_density,
    }


def _show_network(source: str, found: NetworkListing, as_json: bool) -> None:
    rows = [node_row(node, found.macs) for node in found.nodes]
    if as_json:
        print_json({"source": source, "network": found.name, "input": list(found.input_shape),
                    "nodes": rows, "macs": found.macs, "weights": found.n_weights})
        return
    shown = [row | {what: _product(row[what]) for what in ("weights", "outputs")}
             | {"share_percent": None if row["share_percent"] is None
                else f"{row['share_percent']:.1f} %"} for row in rows]
    columns = [key for key in shown[0] if any(row[key] not in (None, "") for row in shown)]
    heads = [{"share_percent": "share", "operations": "host operations"}.get(key, key)
             for key in columns]
    out = console()
    out.print(table(f"{found.name}, an image of {_product(found.input_shape)}", heads,
                    [[_cell(row[key]) for key in columns] for row in shown]))
    out.print(f"{found.macs:,} multiply-accumulates an image, those with a zero counted; "
              f"{found.n_weights:,} weights, biases not counted")


def _product(sides: Sequence[int] | None) -> str | None:
    return None if sides is None else " x ".join(map(str, sides))


def skipped_rows(skipped: Sequence[Skipped]) -> list[dict[str, Any]]:
    """Weights that are not taken, as ``--json`` has them."""
    return [asdict(one) for one in skipped]


def skipped_view(skipped: Sequence[Skipped]) -> Any:
    """The same as a table."""
    return table("Not taken", ("name", "kind", "shape", "reason"), [
        (one.name, one.kind, " x ".join(map(str, one.shape)), one.reason) for one in skipped])


def _cell(value: object) -> object:
    return "-" if value in (None, "") else value
