"""`accelsim plot`: designs by two numbers; only what can be built, unless asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from accelsim.cli import main
from accelsim.errors import AccelsimError, InputError
from accelsim.study import Condition, Results, fronts, load_study, sweep
from accelsim.study.scatter import scatter
from tests.study.tiny import study_file

AXES = {"n_pe": [2, 4], "act_queue_depth": 8, "spmat_width_bits": 64, "clock_mhz": [800, 5000]}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four designs at two seeds; two cannot be built."""
    folder = tmp_path_factory.mktemp("plot")
    work = '["random:64x48:density=0.2:activations=0.5"]'
    for seed in (1, 2):
        sweep(load_study(study_file(folder, f"seed = {seed}", work)).with_settings(AXES),
              folder / "r.sqlite")
    return folder / "r.sqlite"


def drawn(figure):  # type: ignore[no-untyped-def]
    """Label to points, of everything that the legend names."""
    return {line.get_label(): list(zip(line.get_xdata(), line.get_ydata(), strict=True))
            for line in figure.axes[0].get_lines() if not line.get_label().startswith("_")}


def test_the_picture_holds_the_front_that_pareto_tells(store: Path) -> None:
    with Results(store) as results:
        found = scatter(results, "area_mm2", "time_us", front=True)
        one = fronts(results, ["area_mm2", "time_us"], (), [Condition.parse("seed=1")])
        two = fronts(results, ["area_mm2", "time_us"], (), [Condition.parse("seed=2")])
    assert (found.designs, found.front, found.seeds) == (2, 2, 2)
    assert (found.infeasible, found.reasons["critical path"]) == (2, 2)
    wanted = {(a.metrics["area_mm2"], (a.metrics["time_us"] + b.metrics["time_us"]) / 2)
              for a, b in zip(one.designs, two.designs, strict=True)}
    assert set(drawn(found.figure)["front"]) == wanted
    labels = {text.get_text() for text in found.figure.axes[0].texts}
    assert labels == {"2 PEs", "4 PEs"}


def test_bars_go_from_the_least_to_the_most_seed(store: Path) -> None:
    with Results(store) as results:
        found = scatter(results, "area_mm2", "time_us")
        times = {row["seed"]: row["time_us"] for row in results.rows(
            [Condition.parse("n_pe=2"), Condition.parse("clock_mhz=800")])}
    bars = found.figure.axes[0].containers[0]
    ends = [segment[:, 1].tolist() for segment in bars.lines[2][0].get_segments()]
    assert sorted(times.values()) in ends
    assert min(times.values()) < max(times.values())


def test_all_marks_what_cannot_be_built(store: Path) -> None:
    with Results(store) as results:
        found = scatter(results, "area_mm2", "time_us", infeasible=True, colour="clock_mhz")
        plain = scatter(results, "area_mm2", "time_us", infeasible=True)
    assert (found.designs, found.front) == (4, 0)
    assert len(drawn(plain.figure)["cannot be built"]) == 2
    lines = found.figure.axes[0].get_lines()
    crosses = [line for line in lines if line.get_label() == "_5000.0, cannot be built"]
    assert [len(line.get_xdata()) for line in crosses] == [2]


def test_what_cannot_be_drawn_is_one_line(store: Path) -> None:
    with Results(store) as results:
        for wrong, told in (
            ({"x": "are_mm2", "y": "time_us"}, "did you mean 'area_mm2'"),
            ({"x": "capacity", "y": "time_us"}, "needs numbers"),
            ({"x": "area_mm2", "y": "time_us", "maximise": ["gops"]}, "neither --x nor --y"),
            ({"x": "area_mm2", "y": "time_us", "conditions": [Condition.parse("clock_mhz=5000")]},
             "none of 2 designs can be built"),
            ({"x": "area_mm2", "y": "blocked_share", "log": True,
              "conditions": [Condition.parse("workload=none")]}, "no design has finished"),
        ):
            with pytest.raises(InputError, match=told):
                scatter(results, **wrong)  # type: ignore[arg-type]


def test_larger_can_be_better(store: Path) -> None:
    with Results(store) as results:
        small = scatter(results, "n_pe", "gops", front=True, log=True)
        large = scatter(results, "n_pe", "gops", front=True, maximise=["gops"])
    assert small.front == 1
    assert large.front == 2
    assert [text.get_text() for text in small.figure.axes[0].get_xticklabels()] == ["2", "4"]


def command(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["accelsim", *words])
    with pytest.raises(SystemExit) as leave:
        main()
    return int(leave.value.code or 0)


def test_the_command(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "front.pdf"
    assert command(monkeypatch, "plot", str(store), "--front", "-o", str(picture)) == 0
    out, err = capsys.readouterr()
    assert "2 designs, 2 of them on the front, bars from the least to the most of 2 seeds" in out
    assert "2 designs left out that cannot be built: " in err
    assert "critical path 2" in err
    assert picture.read_bytes().startswith(b"%PDF")
    assert b"/FontType 42" in picture.read_bytes() or b"/CIDFontType2" in picture.read_bytes()
    assert command(monkeypatch, "plot", str(store), "-o", str(tmp_path / "x.gif")) == 2
    assert command(monkeypatch, "plot", str(store), "--width", "wide") == 2
    assert "need column" in capsys.readouterr().err


def test_errors_are_of_the_house(store: Path) -> None:
    with Results(store) as results, pytest.raises(AccelsimError):
        scatter(results, "nothing", "time_us")
