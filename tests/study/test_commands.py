"""The commands as a user types them: what they print, where, and their exit status."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from accelsim.cli import main
from accelsim.study import Results
from tests.study.tiny import study_file

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """``accelsim ...`` in a folder with study.toml; exit status, standard output and error."""
    study_file(tmp_path)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["accelsim", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def test_sweep_then_look(run: Run, tmp_path: Path) -> None:
    code, out, err = run("sweep", "study.toml", "--dry-run", "-j", "1")
    assert (code, err) == (0, "")
    assert out.startswith("24 points, 0 of them in study.sqlite; 24 to run, about ")
    assert not (tmp_path / "study.sqlite").exists()
    code, out, err = run("sweep", "study.toml", "-j", "1", "--limit", "10")
    assert (code, out) == (0, "")
    assert err.startswith("accelsim: study.sqlite: 10 points in ")
    code, _, err = run("sweep", "study.toml", "-j", "1")
    assert "14 points in" in err
    assert "10 were there" in err

    code, out, _ = run("results", "study.sqlite", "--where", "n_pe=2", "-w", "workload=tiny.npz:a")
    assert code == 0
    assert out.startswith("4 points")
    assert "act_queue_depth" in out
    assert "clock_mhz" not in out  # the same in every row
    code, out, _ = run("results", "study.sqlite", "--limit", "3")
    assert out.startswith("3 of 24 points")
    assert out.count("tiny.npz") == 3

    code, out, _ = run("results", "study.sqlite", "--metric", "queue_mean", "--limit", "1")
    assert "queue_mean" in out
    assert "cycles" not in out

    code, out, err = run("results", "study.sqlite", "--csv")
    lines = list(csv.DictReader(io.StringIO(out)))
    assert (code, err, len(lines), out.count("\n")) == (0, "", 24, 25)
    code, out, _ = run("results", "study.sqlite", "--parquet", "study.parquet")
    assert (code, out) == (0, "")
    assert [str(n) for n in parquet.read_table("study.parquet")["cycles"].to_pylist()] == [
        line["cycles"] for line in lines
    ]

    code, out, _ = run("pareto", "study.sqlite", "--min", "time_us", "--max", "utilisation")
    assert code == 0
    assert "of 12 designs are on the front" in out
    code, csv_out, _ = run("pareto", "study.sqlite", "--min", "time_us", "--csv")
    best = min(float(time) for time in _times(lines).values())
    assert all(
        float(line["time_us"]) == pytest.approx(best)
        for line in csv.DictReader(io.StringIO(csv_out))
    )


def _times(lines: list[dict[str, str]]) -> dict[tuple[str, ...], float]:
    """Time of each design over its two layers."""
    total: dict[tuple[str, ...], float] = {}
    for line in lines:
        key = (line["n_pe"], line["act_queue_depth"], line["spmat_width_bits"])
        total[key] = total.get(key, 0.0) + float(line["time_us"])
    return total


def test_settings_on_the_command_line(run: Run) -> None:
    code, _, _ = run("sweep", "study.toml", "-o", "x.sqlite", "-j", "1", "-s", "n_pe=[2,8]",
                     "-s", "clock_mhz=400", "-s", 'workloads=["tiny.npz:b"]')
    assert code == 0
    with Results("x.sqlite") as results:
        rows = list(results.rows())
    assert len(rows) == 8
    assert {(row["n_pe"], row["clock_mhz"], row["workload"]) for row in rows} == {
        (2, 400.0, "tiny.npz:b"), (8, 400.0, "tiny.npz:b"),
    }


def test_metrics_that_stored_points_lack_are_named(run: Run) -> None:
    study = Path("study.toml")
    every = study.read_text()
    study.write_text(f'metrics = ["cycles"]\n{every}')
    assert "lacked" not in run("sweep", "study.toml", "-j", "1")[2]
    study.write_text(f'metrics = ["cycles", "time_us", "energy_uj"]\n{every}')
    _, _, err = run("sweep", "study.toml", "-j", "1")
    assert "24 points in" in err
    assert "lacked time_us, energy_uj, and ran again" in err
    assert "lacked" not in run("sweep", "study.toml", "-j", "1")[2]


def test_failed_points_are_pointed_at(run: Run) -> None:
    code, _, err = run("sweep", "study.toml", "-j", "1", "-s", "spmat_kb=0.02")
    assert code == 0
    assert "failed (accelsim results study.sqlite --where failed=true)" in err
    code, out, _ = run("results", "study.sqlite", "--where", "failed=true")
    assert code == 0
    assert "SpMat" in out
    assert "cycles" not in out


def test_explore_and_sensitivity(run: Run, tmp_path: Path) -> None:
    code, out, err = run("explore", "study.toml", "--min", "cycles", "--trials", "20", "-j", "1")
    assert code == 0
    assert "Best of 20 designs" in out
    assert "20 of 20 designs" in err
    code, again, _ = run("explore", "study.toml", "--min", "cycles", "--trials", "20", "-j", "1")
    assert again == out
    code, out, _ = run("sensitivity", "study.toml", "-o", "s.sqlite", "-j", "1",
                       "-s", "n_pe=[4,64]", "--metric", "cycles")
    assert code == 0
    assert "One step at a time from cycles" in out
    code, out, _ = run("sensitivity", "study.toml", "-o", "s.sqlite", "-j", "1", "--csv",
                       "--metric", "cycles")
    assert [line["parameter"] for line in csv.DictReader(io.StringIO(out))]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sweep", "none.toml"], "none.toml: cannot be read: No such file"),
        (["sweep", "study.toml", "-s", "n_pee=2"], "did you mean 'n_pe'"),
        (["sweep", "study.toml", "-s", "n_pe"], "need KEY=VALUE"),
        (["sweep", "study.toml", "-o", "."], "is a folder"),
        (["sweep", "study.toml", "--dask", "nonsense", "-j", "1"], "--dask nonsense: no scheduler"),
        (["results", "none.sqlite"], "no such results file"),
        (["results", "study.toml", "--metric", "x"], "not a results file"),
        (["pareto", "study.toml"], "not a results file"),
        (["explore", "study.toml", "--min", "cycle"], "did you mean 'cycles'"),
        (["explore", "study.toml"], "at least one metric"),
        (["sensitivity", "study.toml", "--metric", "cycle"], "did you mean 'cycles'"),
    ],
)
def test_mistakes_are_one_line(run: Run, arguments: list[str], says: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("accelsim: error: ")
    assert err.count("\n") == 1
    assert says in err
