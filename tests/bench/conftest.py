"""A line for every goal: what was reached, printed at the end and kept in the benchmark's file."""

import pytest

from tests.bench.measure import machine

_ROWS = pytest.StashKey()


@pytest.fixture
def reached(request, benchmark):
    """Note a figure: ``reached(work, value, unit, goal)``; the goal may be None."""

    def note(work, value, unit, goal=None):
        row = {"work": work, "value": value, "unit": unit, "goal": goal}
        request.config.stash.setdefault(_ROWS, []).append(row)
        benchmark.extra_info.setdefault("rows", []).append(row)
        benchmark.extra_info["machine"] = machine()

    return note


def pytest_terminal_summary(terminalreporter, config):
    rows = config.stash.get(_ROWS, [])
    if rows:
        terminalreporter.section(f"goals, on {machine()}")
        for row in rows:
            goal = f" ({row['goal']})" if row["goal"] else ""
            terminalreporter.write_line(f"{row['work']}: {row['value']:.4g} {row['unit']}{goal}")
