"""A study that takes some seconds, run as a user runs it, and what its results must be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from accelsim.study import Results, StoreError
from tests.study.tiny import study_file

ROOT = Path(__file__).parents[2]
POINTS = 320


def slow_study(folder: Path) -> Path:
    """320 points that the reference engine takes a few seconds for."""
    path = study_file(folder)
    text = path.read_text()
    head = text[:text.index("[axes]")]
    axes = "n_pe = {from = 1, to = 10}\nact_queue_depth = {from = 1, to = 8}\n"
    path.write_text(f'engine = "reference"\n{head}\n[axes]\n{axes}bypass = [true, false]\n')
    return path


def start(study: Path, store: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """``accelsim sweep`` in a process group of its own."""
    code = "from accelsim.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "sweep", str(study), "-o", str(store), *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, start_new_session=True, **options,
    )


def finish(process: subprocess.Popen[str], seconds: float = 120) -> tuple[int, str]:
    """Exit status and standard error."""
    _, errors = process.communicate(timeout=seconds)
    return process.returncode, errors


def contents(store: Path) -> list[dict[str, Any]]:
    """Rows in an order of their own, without how long they took."""
    with Results(store) as results:
        found = [{k: v for k, v in row.items() if k != "wall_s"} for row in results.rows()]
    return sorted(found, key=lambda row: str(row["point"]))


def stored(store: Path) -> int:
    """Number of rows; 0 while there is no file."""
    if not store.exists():
        return 0
    try:
        with Results(store) as results:
            return results.count()
    except StoreError:  # killed before the tables were made
        return 0
