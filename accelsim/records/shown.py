"""How records show themselves: one line in a terminal, a table in a notebook."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any

import numpy as np
from pydantic import BaseModel

from accelsim.errors import printable, shown

_MOST = 400  # characters of a record's line
_FEW = 6  # items of a list or mapping that are all told


class Short:
    """Base of dataclasses whose ``repr`` is one line: arrays by shape and type, not by content."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # A dataclass makes a `__repr__` only for a class that has none of its own.
        if "__repr__" not in vars(cls):
            cls.__repr__ = Short.__repr__  # type: ignore[method-assign]

    def __repr__(self) -> str:
        told: Any = fields(self)  # type: ignore[arg-type]
        parts = [f"{f.name}={summary(vars(self).get(f.name))}" for f in told if f.repr]
        return cut(f"{type(self).__name__}({', '.join(parts)})")


class Configuration(BaseModel):
    """Base of machines' configurations: a table of values and meanings in a notebook."""

    def _repr_html_(self) -> str:
        rows = [(key, getattr(self, key), field.description or "")
                for key, field in type(self).model_fields.items()]
        return html_table(type(self).__name__, ("key", "value", "meaning"), rows)


def summary(value: Any) -> str:
    """A value in few words."""
    if isinstance(value, np.ndarray):
        return f"<{' x '.join(map(str, value.shape)) or 'scalar'} {value.dtype}>"
    if isinstance(value, Mapping):
        if len(value) <= _FEW and all(_is_plain(inner) for inner in value.values()):
            return shown(dict(value))
        return f"<{len(value)} keys>"
    if isinstance(value, list | tuple):
        if len(value) <= _FEW and all(map(_is_plain, value)):
            return shown(value)
        kinds = sorted({type(inner).__name__ for inner in value})
        return f"<{len(value)} {' or '.join(kinds)}>"
    if _is_plain(value):
        return shown(value)
    if isinstance(value, type) or (callable(value) and hasattr(value, "__name__")):
        return str(value.__name__)
    name = getattr(value, "name", None) if is_dataclass(value) else None
    shape = getattr(value, "shape", None)
    sizes = shape if isinstance(shape, tuple) else ()
    about = name if isinstance(name, str) else " x ".join(map(str, sizes))
    return f"<{type(value).__name__} {printable(about)}>".replace(" >", ">")


def cut(line: str) -> str:
    """A line of readable length."""
    return line if len(line) <= _MOST else f"{line[: _MOST - 4]}...)"


def html_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table for a notebook; numbers stand on the right."""
    head = "".join(f"<th>{escape(printable(name))}</th>" for name in columns)
    body = "\n".join(f"<tr>{''.join(map(_html_cell, row))}</tr>" for row in rows)
    return (f"<table>\n<caption>{escape(printable(title))}</caption>\n<thead><tr>{head}</tr>"
            f"</thead>\n<tbody>\n{body}\n</tbody></table>")


def _html_cell(value: object) -> str:
    if isinstance(value, np.number):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = "-" if value is None else printable(str(value))
        return f'<td style="text-align: left">{escape(text)}</td>'
    if not math.isfinite(value):
        text = "-"
    elif isinstance(value, int):
        text = f"{value:,}"
    else:
        text = f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f'<td style="text-align: right">{text}</td>'


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)
