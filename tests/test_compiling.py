"""What is said of compiling, where it is said, and that it is nobody's estimate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from accelsim.cli import common
from accelsim.kernels import compiling, jit
from accelsim.study.estimate import estimate
from tests.study.tiny import study_file


@pytest.fixture
def _kept_as_before() -> Iterator[None]:
    before = compiling.are_kept()
    yield
    compiling._kept = before


def test_one_line_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    common._announce()
    assert capsys.readouterr() == (
        "", "accelsim: compiling the kernels of this run; the next one has them\n")


@pytest.mark.usefixtures("_kept_as_before")
def test_where_nothing_can_be_kept_the_remedy_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def njit(**options: Any) -> Any:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(jit, "_njit", njit)
    assert jit.kernel(abs) is abs
    common._announce()
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
