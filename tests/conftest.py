"""What every test shares: repeatable Hypothesis runs, no display, RTL tests that fail by name."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

TESTS = Path(__file__).parent

os.environ.setdefault("MPLBACKEND", "Agg")

# The same cases in every run; HYPOTHESIS_PROFILE=explore looks for new ones. No deadline, because
# the first call of a kernel compiles it.
settings.register_profile("repeat", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", derandomize=False, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))


@pytest.fixture(autouse=True)
def _unannounced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which test compiles a kernel first depends on the cache; what a command prints must not."""
    from accelsim.kernels import compiling

    compiling.on_first_compile(None)  # a fixture may have asked
    monkeypatch.setattr(compiling, "on_first_compile", lambda listener: None)


@pytest.fixture(autouse=True)
def _the_same_numbers() -> None:
    """What a test draws for its ONNX model does not depend on the tests that ran before it."""
    drawing = sys.modules.get("tests.workload.onnx_models")
    if drawing is not None:
        drawing.RNG.bit_generator.state = np.random.default_rng(17).bit_generator.state


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests/rtl and tests/rtl_ese, ahead of the selection by `-m`; the longest begin first.

    A file goes to one core, so one that takes minutes must not be the last.
    """
    for item in items:
        if any(item.path.is_relative_to(TESTS / folder) for folder in ("rtl", "rtl_ese")):
            item.add_marker(pytest.mark.rtl)
    first = {"test_random_layers.py": 0, "test_mutation.py": 1, "test_sweep_store.py": 2,
             "test_sweep_killed.py": 3, "test_replay.py": 4, "test_readme_commands.py": 5}
    items.sort(key=lambda item: first.get(
        item.path.name, 6 if item.get_closest_marker("rtl") else 7))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A missing simulator is a failure of each test that needs it, never a skip."""
    if item.get_closest_marker("rtl") and not shutil.which("iverilog"):
        pytest.fail("Icarus Verilog is not installed (remedy: apt install iverilog)", pytrace=False)


# Of one RTL test, by the wall clock of a loaded machine; a simulation that hangs ends with it.
RTL_TEST_S, SLOW_RTL_TEST_S = 300, 3600


@contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Fail by name after so many seconds; a child that is waited for ends too."""
    def late(*_: object) -> None:
        pytest.fail(f"{what}: not done after {seconds:g} s", pytrace=False)

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """No RTL test runs for ever."""
    if not item.get_closest_marker("rtl"):
        return (yield)
    seconds = SLOW_RTL_TEST_S if item.get_closest_marker("slow") else RTL_TEST_S
    with time_limit(seconds, item.name):
        return (yield)
