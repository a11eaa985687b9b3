"""What keeps a machine from being built, as commands say it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelsim.records.limits import Limit


def limit_lines(told: Iterable[tuple[Limit, ...] | None]) -> list[str]:
    """A line for each thing, for the layer that asks for most; nothing where all can be built."""
    from accelsim.records.limits import worst

    found = worst(limit for limits in told for limit in limits or ())
    return [f"cannot be built as configured: {limit.line}" for limit in found]


def sized_lines(asked: Any, used: Any) -> list[str]:
    """What was sized to the workload, in one line; nothing where nothing was."""
    from accelsim.records.fit import words_of

    sizes = [f"{key}={getattr(used, key):g}" for key in words_of(asked)]
    return [f"sized to the workload: {', '.join(sizes)}"] if sizes else []
