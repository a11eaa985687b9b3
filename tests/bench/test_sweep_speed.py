"""Points a second: the published design space, the same on Dask, and 100,000 points."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from accelsim.study import Progress, Results, Study, sweep
from tests.study.tiny import layer_file

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "traces" / "studies" / "published-space.toml"

pytestmark = pytest.mark.bench

MUST_REACH_S = 40.0
DASK_SHARE = 1.25
STORE_MB = 100.0

seconds: dict[str, float] = {}


def cold(store: Path, *arguments: str) -> float:
    """``accelsim sweep`` from a new process on two cores; points a second by its own account."""
    store.unlink(missing_ok=True)
    run = subprocess.run(
        [sys.executable, "-c", "from accelsim.cli import main; main()", "sweep", str(PUBLISHED),
         "-o", str(store), "--jobs", "2", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    found = re.search(r"\(([\d,]+) points/s\)", run.stderr)
    assert found is not None, run.stderr
    return float(found[1].replace(",", ""))


@pytest.mark.parametrize("how", ["processes", "dask"])
def test_published_design_space(benchmark: Any, reached: Any, tmp_path: Path, how: str) -> None:
    """3,645 points from a cold process, layers made and results stored."""
    store = tmp_path / "r.sqlite"
    arguments = ("--dask", "local") if how == "dask" else ()
    # Once before the clock runs, so that Numba's cache is warm.
    cold(tmp_path / "warm.sqlite", "--limit", "2", *arguments)
    rate = benchmark.pedantic(cold, args=(store, *arguments), rounds=1)
    with Results(store) as results:
        assert results.count() == 3645
    took = seconds[how] = benchmark.stats["mean"]
    if how == "processes":
        reached("study of 3,645 points, cold process, stored, 2 processes", took, "s", "under 40")
        reached("the same", rate, "points/s")
        assert took < MUST_REACH_S
    elif "processes" in seconds:
        ratio = took / seconds["processes"]
        reached("the same on Dask, 2 local workers", ratio, "x the time", "at most 1.25")
        assert ratio <= DASK_SHARE


def test_a_hundred_thousand_points(benchmark: Any, reached: Any, tmp_path: Path) -> None:
    """A tiny layer, so that the study itself is measured; memory of this process stays flat."""
    layer_file(tmp_path)
    store = tmp_path / "r.sqlite"
    study = Study(
        workloads=["tiny.npz:a"], activation_density=0.6, folder=tmp_path,
        axes={
            "n_pe": {"from": 1, "to": 50}, "act_queue_depth": {"from": 1, "to": 50},
            "spmat_width_bits": {"powers_of_two": [8, 4096]}, "clock_mhz": [100, 200, 400, 800],
        },
    )
    memory: list[tuple[int, float]] = []

    def watch(progress: Progress) -> None:
        if not memory or progress.done >= memory[-1][0] + 10_000:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            memory.append((progress.done, peak))

    progress = benchmark.pedantic(
        sweep, args=(study, store), kwargs={"jobs": 2, "on_progress": watch}, rounds=1
    )
    assert (progress.done, progress.failed) == (100_000, 0)
    size = store.stat().st_size / 1e6
    growth = memory[-1][1] - memory[1][1]
    reached("study of 100,000 points of a tiny layer", progress.points_per_s, "points/s")
    reached("its store", size, "MB", "under 100")
    reached("growth of memory after the first 10,000 points", growth, "MB", "flat")
    assert size < STORE_MB
    assert growth < 20
