"""``accelsim layers``: what can be named, and what of a file is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accelsim.cli.common import JsonOption, console, print_json, table

if TYPE_CHECKING:
    from accelsim.sources import Listed
    from accelsim.workload import Skipped


def layers(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[WORK]", help="A layer file, a file from `accelsim compress`, a "
                                              "recurrent or EIE-simulator folder, a shape "
                                              "(random:96x64:density=0.5), one layer of these "
                                              "behind a colon. The published layers if absent."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the layers that can be named: the published ones, or those of a file or folder.

    Weights of the file that are not taken as a layer are listed with the reason.
    """
    from accelsim.sources import Listing, listing, published

    found = Listing(published()) if source is None else listing(source)
    rows = [layer_row(layer) for layer in found.layers]
    if as_json:
        print_json({"source": str(source or "published"), "ordered": found.ordered,
                    "layers": rows, "skipped": skipped_rows(found.skipped)})
        return
    out = console()
    title = "Published layers (EIE Table III; ESE)" if source is None else f"Layers of {source}"
    if rows:
        columns = [key for key in rows[0] if any(row[key] is not None for row in rows)]
        out.print(table(title, columns, [[_cell(row[key]) for key in columns] for row in rows]))
    else:
        out.print(f"{source}: no layer; need 2-D arrays of numbers, or ONNX nodes with constant "
                  f"weights", markup=False)
    if not found.ordered and len(rows) > 1:
        out.print("The file does not say in which order they follow each other; -l NAME -l NAME "
                  "does.")
    if found.skipped:
        out.print(skipped_view(found.skipped))


def layer_row(layer: Listed) -> dict[str, Any]:
    """A layer as ``--json`` has it."""
    from accelsim.errors import printable

    return {
        "layer": printable(layer.name), "outputs": layer.n_outputs, "inputs": layer.n_inputs,
        "kind": layer.kind, "bias": layer.has_bias, "non-zeros": layer.non_zeros,
        "weight density": layer.weight_density, "activation density": layer.activation_density,
    }


def skipped_rows(skipped: Sequence[Skipped]) -> list[dict[str, Any]]:
    """Weights that are not taken, as ``--json`` has them."""
    return [asdict(one) for one in skipped]


def skipped_view(skipped: Sequence[Skipped]) -> Any:
    """The same as a table."""
    return table("Not taken", ("name", "kind", "shape", "reason"), [
        (one.name, one.kind, " x ".join(map(str, one.shape)), one.reason) for one in skipped])


def _cell(value: object) -> object:
    return "-" if value is None else value
