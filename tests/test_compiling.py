"""What is said of compiling, where it is said, and that it is nobody's estimate."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from accelsim.cli import common, main
from accelsim.kernels import compiling, jit
from accelsim.study.estimate import estimate
from tests.study.tiny import study_file


def test_one_line_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    common.announce()
    assert capsys.readouterr() == (
        "", "accelsim: compiling the kernels of this run; the next one has them\n")


@pytest.mark.parametrize("command", [["config"], ["layers"], ["published", "eie-table5"]])
def test_every_command_says_so(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(compiling, "on_first_compile", told.append)
    monkeypatch.setattr(sys, "argv", ["accelsim", *command])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert told == [common.announce]


@pytest.mark.slow
@pytest.mark.parametrize("option", [["--dry-run"], ["--jobs", "2"]])
def test_a_sweep_says_it_once(option: list[str], tmp_path: Path) -> None:
    """Whichever process compiles."""
    done = subprocess.run(
        [sys.executable, "-m", "accelsim", "sweep", study_file(tmp_path), *option], cwd=tmp_path,
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kernels")}, capture_output=True,
        text=True, check=True)
    assert done.stderr.count("compiling the kernels of this run") == 1


def test_where_nothing_can_be_kept_the_remedy_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numba keeps nothing of a file that is not there, as where no folder can be written."""
    monkeypatch.setattr(compiling, "_kept", True)
    made: dict[str, Any] = {"__name__": "accelsim.nowhere"}
    exec(compile("def twice(x):\n    return 2 * x\n", "nowhere.py", "exec"), made)
    before = compiling.seconds()
    assert jit.kernel(made["twice"])(21) == 42
    assert compiling.seconds() > before
    common.announce()
    told = capsys.readouterr().err
    assert "NUMBA_CACHE_DIR" in told
    assert told.count("\n") == 1


def test_only_the_time_of_the_outermost_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 14.0])
    monkeypatch.setattr(compiling, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    before = compiling.seconds()
    compiling.begin()
    compiling.begin()
    compiling.end()
    compiling.end()
    assert compiling.seconds() - before == 4.0


def test_an_estimate_leaves_compiling_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Points whose first kernels take 100 s to compile cost no more than others."""
    study = study_file(tmp_path)
    warm = estimate(study).seconds
    from accelsim.study import estimate as module

    evaluate = module.evaluate

    def slow(chunk: Any) -> Any:
        outcomes = evaluate(chunk)
        monkeypatch.setattr(compiling, "_seconds", compiling.seconds() + 100)
        outcomes[0] = type(outcomes[0])(
            outcomes[0].values, outcomes[0].error, outcomes[0].wall_s + 100)
        return outcomes

    monkeypatch.setattr(module, "evaluate", slow)
    assert 0 <= estimate(study).seconds < 10 * warm + 1


def test_cycles_are_looked_for_again_behind_it() -> None:
    """The collector waits while kernels compile, and only then, also where that fails."""
    during: list[bool] = []
    made: dict[str, Any] = {"__name__": "accelsim.nowhere"}
    exec(compile("def broken(x):\n    return x + 'no number'\n", "nowhere.py", "exec"), made)
    heard = type("Heard", (jit.event.Listener,), {
        "on_start": lambda self, event: during.append(gc.isenabled()),
        "on_end": lambda self, event: None})()
    with jit.event.install_listener("numba:compile", heard):
        assert gc.isenabled()
        with pytest.raises(Exception, match="No implementation"):
            jit.kernel(made["broken"])(1)
    assert during == [False]
    assert gc.isenabled()
