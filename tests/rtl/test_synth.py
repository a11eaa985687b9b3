"""The synthesis script: bad input in one line; and, slowly, what its numbers must be."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rtl.synth.synth import HERE, harnessed
from tests.rtl.cells import liberty

ROOT = Path(__file__).parents[2]

def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rtl.synth.synth", *arguments], cwd=ROOT, capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "No such file or directory; give a Liberty file by LIBERTY=path"),
     ("library (x) { }", "holds no cell named NAND2")],
)
def test_a_bad_library_is_one_line(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "cells.lib"
    if text is not None:
        path.write_text(text)
    done = run("--only", "area", "--liberty", str(path))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"synth: error: {path}: ")
    assert says in done.stderr


def test_harnesses_have_the_parameters_that_they_are_given() -> None:
    """Those of the published machine but for what they leave out; place and route takes long."""
    for harness, values in harnessed().items():
        text = (HERE / f"{harness}.v").read_text()
        assert "RegfileDepth" in values
        assert set(values) <= set(re.findall(r"^  parameter integer (\w+)", text, re.M))


@pytest.mark.slow
def test_areas_with_a_library_of_ones_own(tmp_path: Path) -> None:
    """Flip-flops alone give a floor that the registers of each unit set."""
    path = tmp_path / "tiny.lib"
    path.write_text(liberty())
    done = run("--only", "area", "--liberty", str(path))
    assert done.returncode == 0, done.stderr
    rows = {
        cells[1].strip(): [float(cell.replace(",", "")) for cell in cells[3:5]]
        for line in done.stdout.splitlines()
        if re.match(r"\| [a-z]", line) and not line.startswith("| unit")
        for cells in [line.split("|")]
    }
    floors = {
        "act_queue": 8 * 30 * 16 + 10 * 20,  # words; count, head, tail
        "weight_decoder": 16 * 16 * 16,
        "act_rw": 2 * 64 * (16 * 16 + 20),  # words and their written bits
        "pe_counters": 21 * 32 * 20,
    }
    for unit, floor in floors.items():
        nand2, area = rows[unit]
        assert floor < area < 4 * floor
        assert abs(nand2 - area / 4) <= 1
    parts = ("act_queue", "ptr_read", "spmat_read", "weight_decoder", "arith_unit", "act_rw",
             "pe_counters")
    assert sum(rows[unit][1] for unit in parts) < rows["pe"][1]
    assert 16 * rows["lnzd_node"][1] < rows["lnzd_tree"][1]


@pytest.mark.slow
def test_the_readme_tells_todays_areas() -> None:
    """The same tools and the same Verilog give the same cells."""
    done = run("--only", "area")
    assert done.returncode == 0, done.stderr
    told = (ROOT / "rtl" / "README.md").read_text()
    assert f"<!-- area: begin -->\n{done.stdout.strip()}\n<!-- area: end -->" in told
