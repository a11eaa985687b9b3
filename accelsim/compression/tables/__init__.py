"""Number systems: rules from weights to a codebook, one file and one line a table.

Every rule keeps zero at code 0, where the decoder has its padding, keeps the order of the weights,
and saturates at its outermost values.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from accelsim.compression.tables import (
    binary,
    dynamic_fixed_point,
    kmeans,
    linear,
    log,
    power_of_two,
    ternary,
)
from accelsim.compression.tables.own import SUFFIXES, own_table
from accelsim.compression.tables.record import CodeTable, Option
from accelsim.errors import InputError, nearest

__all__ = ["DEFAULT", "TABLES", "CodeTable", "Option", "is_file", "register_table", "table_named"]

DEFAULT = "kmeans"
_tables: dict[str, CodeTable] = {
    "kmeans": kmeans.TABLE,
    "linear": linear.TABLE,
    "dynamic_fixed_point": dynamic_fixed_point.TABLE,
    "power_of_two": power_of_two.TABLE,
    "log": log.TABLE,
    "ternary": ternary.TABLE,
    "binary": binary.TABLE,
}
TABLES: Mapping[str, CodeTable] = MappingProxyType(_tables)
"""Name to table; `register_table` adds one."""

_SIGNS = ("activations of one bit are no table of weights, and are signs: none is zero, so "
          "nothing could be skipped; 'binary' has the weights alone (BWN)")
REFUSED: Mapping[str, str] = MappingProxyType({"xnor": _SIGNS, "bnn": _SIGNS})
"""Systems of the field that this decoder cannot have, and why."""


def register_table(name: str, table: CodeTable) -> None:
    """Offer a table under a name of its own.

    Raises
    ------
    InputError
        If the name is taken, or reads as that of a file.
    """
    if name in TABLES or is_file(name):
        raise InputError(f"a table cannot be called '{name}': it is taken, or a file's name")
    _tables[name] = table


def is_file(name: str) -> bool:
    """Whether a table's name is that of a file with a codebook."""
    return name.endswith(SUFFIXES)


def table_named(text: Any) -> tuple[CodeTable, dict[str, Any]]:
    """A table and its settings.

    Parameters
    ----------
    text : a registered name, settings behind colons (``"ternary:scales=2"``), or a file with a
        codebook (npy, json, safetensors)

    Raises
    ------
    InputError
        If there is no such table or setting.
    """
    if isinstance(text, str) and is_file(text):
        return own_table(text), {}
    name, *words = str(text).split(":")
    if name in REFUSED:
        raise InputError(f"recipe: table {name}: {REFUSED[name]}")
    if name not in TABLES:
        raise InputError(f"recipe: no code table '{name}'{nearest(name, TABLES)}; or a file with a "
                         f"codebook (npy, json, safetensors)")
    return TABLES[name], TABLES[name].settings(name, words)
