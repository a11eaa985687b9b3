"""Lines and branches of ESE's Verilog: every one is hit, or named with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.rtl_bridge.coverage import Hole, read_coverage, rows, split_holes
from accelsim.rtl_bridge.run import run_layers
from tests.rtl_ese.bench import RTL
from tests.rtl_ese.cases import random_group
from tests.rtl_ese.mutation import UNITS
from tests.rtl_ese.mutation_benches import _SMALL, MACHINES

SETTLES = "Verilator counts a combinational block when it settles, ahead of the first count"
HOLES = [Hole(unit, text, SETTLES, unreachable=True) for unit, texts in {
    "assemble": ["always @*", "for (i = 0"], "elementwise": ["always @*", "for (i = 0"],
    "ese_pe_counters": ["always @*", "for (c = 0"], "ese_totals": ["always @*", "for (n = 0"],
    "memory_controller": ["always @*"], "result_words": ["always @*", "for (c = 0"],
    "weight_route": ["always @*", "for (l = 0"],
}.items() for text in texts]
HOLES.append(Hole("ese_pe_counters", "if (saturation_i[c])", "no sum of this machine saturates"))


@pytest.mark.slow
def test_every_line_and_branch_is_hit_or_named(tmp_path: Path) -> None:
    """One machine of one PE and three channels, whose queue fills up, under Verilator."""
    seed, _, settings = MACHINES[2]
    config, jobs = random_group(
        seed, 24, sides=7, **{**_SMALL, **settings, "act_queue_depth": 1})
    path = tmp_path / "coverage.dat"
    run_layers(config, [(job, None) for job in jobs], [RTL], tmp_path, sim="verilator",
               coverage=path)
    hits = {point: count for point, count in read_coverage([path], UNITS).items()
            if point.kind != "toggle"}
    excused, missed = split_holes(hits, HOLES, UNITS)
    for row in rows(hits, excused):
        print(f"{row.module} {row.kind}: {row.hit} of {row.reachable}, {row.unreachable} apart")
    assert [str(point) for point in missed] == []
