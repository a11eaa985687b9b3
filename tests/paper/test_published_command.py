"""``accelsim published``: output, figures and mistakes."""

import csv
import json
import os
import subprocess
import sys
import time

import pytest


def run(*arguments, cwd):
    """Wide, so that a table stands as it is and its cells can be looked up."""
    return subprocess.run(
        [sys.executable, "-m", "accelsim", "published", *arguments],
        capture_output=True, text=True, cwd=cwd, env=os.environ | {"COLUMNS": "160"},
    )


def test_table_figure_and_json_tell_the_same(tmp_path):
    shown = run("eie-fig12", "-o", "figures", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "81 of 81 cells within their tolerance" in shown.stdout
    assert (tmp_path / "figures" / "eie-fig12.svg").stat().st_size > 10_000
    told = run("eie-fig12", "--json", cwd=tmp_path)
    (result,) = json.loads(told.stdout)["published"]
    cell = next(c for c in result["cells"] if (c["row"], c["column"]) == ("alex-6", "64"))
    assert cell["published"] == 83.8
    assert f"{cell['ours']:.4g}|83.8" in shown.stdout
    assert cell["verdict"] == "within 2 points"
    assert not (tmp_path / "accelsim-published").exists()


def test_csv_has_a_line_a_cell(tmp_path):
    rows = list(csv.DictReader(run("eie-fig9", "--csv", cwd=tmp_path).stdout.splitlines()))
    assert len([row for row in rows if row["table"].startswith("Line reads")]) == 10 * 5
    assert len(rows) >= 9 * 2 + 10 * 5 + 2 * 8 * 5 + 8
    outside = {(r["row"], r["column"]) for r in rows if r["verdict"].startswith("outside")}
    assert ("alex-8", "line_reads") in outside
    assert ("alex-7", "line_reads") not in outside


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["eie-fig14"], "no published table 'eie-fig14'; did you mean 'eie-fig1"),
        (["eie-fig12", "--picture", "gif"], "--picture is 'gif'; need svg, pdf or png"),
        (["deep-compression", "--network", "absent.npz"], "absent.npz"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, arguments, text):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert text in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.bench
def test_all_takes_under_a_minute(tmp_path):
    run("all", "--csv", cwd=tmp_path)  # compiles
    start = time.perf_counter()
    done = run("all", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - start < 60
