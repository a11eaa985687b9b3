"""The table of a benchmark's file: ``python -m tests.bench.table .benchmarks/bench.json``."""

import json
import sys
from pathlib import Path


def as_table(rows, heading):
    """Rows as Markdown below one line of heading."""
    lines = [f"Measured on {heading}:", "", "| work | reached | goal |", "| --- | --- | --- |"]
    for row in rows:
        value = row["value"]
        digits = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        lines.append(f"| {row['work']} | {digits} {row['unit']} | {row['goal'] or ''} |")
    return "\n".join(lines)


def from_file(path):
    """The table of all benchmarks in one file."""
    data = json.loads(Path(path).read_text("utf-8"))
    infos = [b["extra_info"] for b in data["benchmarks"] if "rows" in b["extra_info"]]
    rows = [row for info in infos for row in info["rows"]]
    return as_table(rows, f"{infos[0]['machine']}, {data['datetime'][:10]}")


if __name__ == "__main__":
    print(from_file(sys.argv[1]))
