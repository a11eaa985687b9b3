"""The README's tables, written from the code: ``python -m accelsim.report.doc_tables README.md``.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``; a test compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path

from accelsim.arch import load_config, published_sources
from accelsim.files import write_atomically
from accelsim.results import Counters

_BLOCK = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(str(v) for v in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def config_table(machine: str = "eie") -> str:
    """Every configuration value of a machine, its meaning and its source."""
    config, sources = load_config(machine), published_sources(machine)
    rows = [
        (f"`{key}`", getattr(config, key), field.description, sources[key])
        for key, field in type(config).model_fields.items()
    ]
    return markdown(("key", "published", "meaning", "source"), rows)


def counters_table() -> str:
    """Every counter and its meaning."""
    rows = [(f"`{f.name}`", f.metadata["per"], f.metadata["meaning"]) for f in fields(Counters)]
    return markdown(("counter", "per", "meaning"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "config-eie": config_table,
    "counters": counters_table,
}


def refreshed(text: str) -> str:
    """``text`` with every marked table written anew; unknown names raise `KeyError`."""
    return _BLOCK.sub(lambda m: f"{m[1]}{TABLES[m[2]]()}{m[3]}", text)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        write_atomically(path, refreshed(path.read_text("utf-8")))
