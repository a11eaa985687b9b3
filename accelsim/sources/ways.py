"""Which layers run so that one of them can be looked at: it alone, or those before it first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.errors import InputError, UnsupportedError, nearest, printable
from accelsim.records.lineage import check_sequence
from accelsim.sources.cells import cells_before
from accelsim.sources.inputs import load_inputs
from accelsim.sources.listings import listing
from accelsim.sources.works import as_layers, is_store
from accelsim.workload.named import named
from accelsim.workload.networks import is_chain

_MAX_LISTED = 12


@dataclass(frozen=True)
class Reach:
    """What to open, and which of it is meant.

    Attributes
    ----------
    names : layers to open, as `accelsim.sources.open_work` takes them; None for all
    index : of the layer among those
    """

    names: list[str] | None = None
    index: int = 0


def reach(
    source: str, layer: str | None, inputs: Path | None = None, alone: bool = False,
    config: Any = None,
) -> Reach:
    """The way to one layer of a place.

    Where the layers of a place can run one after the other, those before the layer run first,
    unless ``alone``, or unless the inputs are as wide as the layer's and not as the first one's.
    Anywhere else the layer is run alone.

    Parameters
    ----------
    layer : None is the first
    inputs : a file of input vectors
    config : of the machine, which decides whether a file means its recurrent layers

    Raises
    ------
    InputError, FormatError
        If there is no such layer, or neither width fits.
    """
    place = named(source)
    cells = None if config is None else cells_before(config, source, layer, inputs, alone)
    if cells is not None:
        return Reach(*cells)
    found = listing(source, count=False).layers
    names = [one.name for one in found]
    if place.path is None or place.kind == "eie-simulator" or place.layer is not None:
        if layer not in (None, *names):
            raise InputError(f"{source}: no layer '{layer}'{nearest(str(layer), names)}")
        return Reach()
    if place.kind == "recurrent folder":
        return Reach(None if layer is None else [layer])
    widths_fit = is_chain([one.shape for one in found])
    if layer is None:
        if not widths_fit and not alone:
            raise InputError(f"{source}: its layers do not follow each other; choose one with -l: "
                             f"{_some(names)}")
        return Reach(names[:1] if alone else None)
    at = next((i for i, one in enumerate(found) if layer == one.name),
              next((i for i, one in enumerate(found) if layer in one.aliases), None))
    if at is None:
        raise InputError(f"{source}: no layer '{layer}'{nearest(layer, names)}")
    chosen, first = found[at], found[0]
    if at == 0 and widths_fit:
        return Reach(names[:1] if alone or not _is_network(source, place.path) else None)
    by_itself = alone or not widths_fit or not _is_network(source, place.path)
    if not by_itself and inputs is not None:
        vectors = load_inputs(inputs, first.n_inputs, chosen.n_inputs)
        by_itself = vectors.shape[1] != first.n_inputs
    return Reach([chosen.name]) if by_itself else Reach(None, at)


def _is_network(source: str, path: Path) -> bool:
    """Whether the layers of a file run one after the other, in the order in which it lists them.

    A file that `accelsim compress` wrote keeps the order of what it was made of.
    """
    if is_store(path):
        return True
    try:
        check_sequence(as_layers(source))
    except (InputError, UnsupportedError):
        return False
    return True


def _some(names: list[str]) -> str:
    """The first few names on one line."""
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return ", ".join(map(printable, names[:_MAX_LISTED])) + more
