"""What every test shares: repeatable Hypothesis runs, no display, RTL tests that fail by name."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

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

    monkeypatch.setattr(compiling, "on_first_compile", lambda listener: None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all of tests/rtl, ahead of the selection by `-m`."""
    for item in items:
        if item.path.is_relative_to(TESTS / "rtl"):
            item.add_marker(pytest.mark.rtl)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A missing simulator is a failure of each test that needs it, never a skip."""
    if item.get_closest_marker("rtl") and not shutil.which("iverilog"):
        pytest.fail("Icarus Verilog is not installed (remedy: apt install iverilog)", pytrace=False)
