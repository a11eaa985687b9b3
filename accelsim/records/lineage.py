"""What a file said of a layer, kept through pruning, coding and storing, and what it forbids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from accelsim.errors import UnsupportedError


def origin(work: Any) -> Mapping[str, Any]:
    """The notes of the file that the work came from: the innermost ``source`` of its provenance.

    Those that count here: ``not_run``, why it must not be run as one product of a matrix with a
    vector; ``reads`` and ``writes``, the values of the file's graph between which it stands.
    """
    notes: Any = getattr(work, "provenance", {})
    while isinstance(notes, Mapping) and isinstance(notes.get("source"), Mapping):
        notes = notes["source"]
    return notes if isinstance(notes, Mapping) else {}


def check_runnable(work: Any) -> None:
    """Refuse work that its file knows as something else than one product.

    Raises
    ------
    UnsupportedError
    """
    reason = origin(work).get("not_run")
    if reason is not None:
        raise UnsupportedError(f"{work.name}: {reason}")


def check_sequence(works: Sequence[Any]) -> None:
    """Refuse layers of one graph between which the graph computes something else.

    Raises
    ------
    UnsupportedError
        If one layer's inputs are not what the layer before it gives.
    """
    for first, second in pairwise(work for work in works if not getattr(work, "beside", False)):
        before, after = origin(first), origin(second)
        if "writes" not in before or "reads" not in after:
            continue
        if before.get("sha256") == after.get("sha256") and before["writes"] != after["reads"]:
            raise UnsupportedError(
                f"{second.name}: its inputs are '{after['reads']}', not '{before['writes']}' that "
                f"{first.name} gives: something stands between them in the file; run each by "
                f"itself, with inputs of its own"
            )
