"""JSON as its standard has it: numbers are finite, and what is none is null.

``json`` alone writes ``Infinity`` and ``NaN``, which other programs refuse to read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def dumps(value: Any, **options: Any) -> str:
    """JSON text; options as of ``json.dumps``.

    Infinite numbers and NaN, ratios without a meaning, become null; NumPy's numbers and arrays
    become numbers and lists; what JSON does not know becomes its text.
    """
    return json.dumps(plain(value), allow_nan=False, **options)


def loads(text: str | bytes) -> Any:
    """The value of a JSON text; ``NaN`` and ``Infinity`` of programs less strict become None.

    Raises
    ------
    ValueError, RecursionError
        As of ``json.loads``.
    """
    return json.loads(text, parse_constant=lambda _: None)


def plain(value: Any) -> Any:
    """The same value made of dictionaries, lists, texts, truth values, finite numbers and None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {_key(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    return str(value)


def _key(key: Any) -> Any:
    return key if isinstance(key, str | int | bool) or key is None else str(key)
