"""Keep what a benchmark's file says: ``python -m tests.bench.table .benchmarks/bench.json``.

It goes into ``measured.json``, from which the README's table is made.
"""

import json
import sys
from pathlib import Path

KEPT = Path(__file__).with_name("measured.json")


def measured(path):
    """Machine, date and a row for every figure, in the order of the tests."""
    data = json.loads(Path(path).read_text("utf-8"))
    infos = [b["extra_info"] for b in data["benchmarks"] if "rows" in b["extra_info"]]
    rows = [row for info in infos for row in info["rows"]]
    return {"machine": infos[0]["machine"], "date": data["datetime"][:10], "rows": rows}


if __name__ == "__main__":
    KEPT.write_text(json.dumps(measured(sys.argv[1]), indent=1) + "\n", "utf-8")
