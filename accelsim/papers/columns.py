"""Rows that tell of several machines: each column says of which."""

from __future__ import annotations

from dataclasses import Field, field, fields
from typing import Any, ClassVar, Protocol


class Row(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def on(machine: str) -> Any:
    """A column that tells of a run on a machine, or of what it stores."""
    return field(metadata={"machine": machine})


def columns_of(row: type[Row]) -> dict[str, tuple[str, ...]]:
    """Machine to its columns, both in the order of the row; "" has those of no machine."""
    found: dict[str, tuple[str, ...]] = {}
    for column in fields(row):
        machine = column.metadata.get("machine", "")
        found[machine] = (*found.get(machine, ()), column.name)
    return found
