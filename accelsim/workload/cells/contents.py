"""What a file holds of recurrent layers, and picking some of them by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, nearest, printable
from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload.entries import Skipped, fault

Floats = npt.NDArray[np.floating[Any]]
_MAX_LISTED = 12


@dataclass(frozen=True)
class RecurrentEntry:
    """One direction of one layer, known by its shapes alone.

    Attributes
    ----------
    name : unique in the file; ``NODE`` or ``MODULE.l0``, with ``.forward`` and ``.reverse`` where
        there are both directions
    kind : "lstm" or "gru"
    n_inputs, n_cells, n_outputs : outputs are those of the projection where there is one
    parts : what else it has, in words: "peepholes", "projection", "reset after"
    module : layers of one module follow each other; so do ONNX nodes that read one another
    beside : reads what the entry before it reads
    load : reads the arrays and makes the `RecurrentLayer`
    notes : what is assumed of it because the file does not say it
    arrays : its names in a file of arrays
    """

    name: str
    kind: str
    n_inputs: int
    n_cells: int
    n_outputs: int
    has_bias: bool
    module: str
    load: Callable[[], RecurrentLayer]
    parts: tuple[str, ...] = ()
    reverse: bool = False
    beside: bool = False
    notes: tuple[str, ...] = ()
    arrays: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """Its kind with what else there is to say."""
        return ", ".join((self.kind, *self.parts, *(["reverse"] if self.reverse else [])))


@dataclass(frozen=True)
class RecurrentContents:
    """The recurrent layers of a file, and cells of it that are not read, with the reasons.

    Attributes
    ----------
    why_several : why the layers of the file are not one sequence, where they are several
    """

    layers: tuple[RecurrentEntry, ...] = ()
    refused: tuple[Skipped, ...] = ()
    why_several: str = ""


def chosen_entries(
    path: Path, contents: RecurrentContents, names: Sequence[str] | None
) -> list[RecurrentEntry]:
    """The named layers in the order in which they are named; without names all of them.

    A name stands for all that it is the beginning of: ``lstm`` for ``lstm.l0`` and ``lstm.l1``,
    ``rnn`` for ``rnn.forward`` and ``rnn.reverse``.

    Raises
    ------
    InputError
        If a name is unknown, or none is given and the layers are no sequence.
    FormatError
        If the cell of that name is not read, or none is; says why.
    """
    known = contents.layers
    if not known and contents.refused:
        first = contents.refused[0]
        raise fault(f"{path}: {first} is not read as a layer: {first.reason}")
    if names is None:
        if len({entry.module for entry in known}) > 1:
            raise InputError(f"{path}: {contents.why_several}; choose with -l, in their order: "
                             f"{_listed([e.name for e in known])}")
        return list(known)
    chosen: list[RecurrentEntry] = []
    for name in names:
        found = named_entries(contents, name)
        if not found:
            for left_out in contents.refused:
                if left_out.name == name:
                    raise fault(f"{path}: {left_out} is not read as a layer: {left_out.reason}")
            hint = nearest(name, [printable(e.name) for e in known])
            raise InputError(f"{path}: no recurrent layer '{printable(name)}'{hint}")
        chosen += found
    return chosen


def named_entries(contents: RecurrentContents, name: str) -> list[RecurrentEntry]:
    """The entry of that name, or those whose names begin with it."""
    exact = [entry for entry in contents.layers if entry.name == name]
    return exact or [e for e in contents.layers if e.name.startswith(f"{name}.")]


def by_gate(stacked: Floats, gates: str, ending: str) -> dict[str, Floats]:
    """Rows of the gates, one above the other, by the names of their matrices or biases.

    Parameters
    ----------
    stacked : (len(gates) * n_cells, ...) or (len(gates) * n_cells,)
    gates : one letter a gate, in the order of the rows, as `accelsim.records.cells` names them
    ending : "x", "r" of a matrix; "" of a bias
    """
    first = "W" if ending else "b"
    parts = np.split(np.asarray(stacked), len(gates))
    return {f"{first}{gate}{ending}": part for gate, part in zip(gates, parts, strict=True)}


def joined_biases(
    kind: str, gates: str, inputs: Floats | None, hidden: Floats | None, reset_after: bool = True
) -> dict[str, Floats]:
    """The two halves of a bias as the layer has them: added, but for the candidate of a GRU whose
    reset comes after the matrix.

    Parameters
    ----------
    inputs, hidden : (len(gates) * n_cells,), None is zero
    """
    if inputs is None and hidden is None:
        return {}
    some = inputs if inputs is not None else hidden
    zero = np.zeros_like(np.asarray(some))
    own = by_gate(zero if inputs is None else inputs, gates, "")
    inner = by_gate(zero if hidden is None else hidden, gates, "")
    apart = {"bn"} if kind == "gru" and reset_after else set()
    biases = {name: np.asarray(own[name], np.float64) + (0 if name in apart else inner[name])
              for name in own}
    return biases | ({"bnr": inner["bn"]} if apart else {})


def facts(path: Path, sha256: str, **more: Any) -> Mapping[str, Any]:
    """Where a layer is from."""
    return {"source": path.name, "sha256": sha256, **more}


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return ", ".join(map(printable, names[:_MAX_LISTED])) + more
