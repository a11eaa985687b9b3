"""The README is true: its tables come from the code, its Python runs, its commands exist.

Its commands are run in test_readme_commands.py, its examples in test_readme_examples.py.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from accelsim.papers.tables import refreshed

TEXT = Path("README.md").read_text("utf-8")
PYTHON = re.findall(r"(?<! -->)\n```python\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = sorted(set(re.findall(r"^\| `(accelsim [a-z]+)", TEXT, re.MULTILINE)))


TABLES = {
    match[1]: match[0]
    for match in re.finditer(r"<!-- table: ([\w-]+).*?<!-- end -->", TEXT, re.DOTALL)
}
# A real network retrained and run under every pattern: half a minute and more.
LONG = {"ese-tradeoff"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in TABLES]
)
def test_tables_are_what_the_code_says(name):
    block = TABLES[name]
    assert refreshed(block) == block, "run: python -m accelsim.papers.tables README.md"


def test_a_wrong_table_is_seen():
    block = TABLES["config-eie"]
    assert refreshed(block.replace("| 64 |", "| 65 |", 1)) == block != block.replace("64", "65")


def test_the_chapters_are_in_order():
    heads = re.findall(r"^##+ (.*)$", TEXT, re.MULTILINE)
    wanted = ["Two commands", "Ten lines of Python", "Data flow", "Units and cycles", "Counters",
              "Commands", "Studies", "The Verilog", "Adding a format", "Adding a machine",
              "Adding a unit", "Validation", "Limits", "Design decisions and why", "Changes"]
    assert [head for head in heads if head in wanted] == wanted


def ran(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_example_runs():
    cycles, time_us, theoretical_us, balance = map(float, ran(PYTHON[0]).splitlines()[0].split())
    assert time_us == pytest.approx(cycles / 800)
    assert balance == pytest.approx(theoretical_us / time_us)


def test_the_other_python_runs():
    """All but the examples of tests/test_readme_examples.py; the cluster's only as far as here."""
    cluster, *others = sorted(PYTHON[1:], key=lambda code: "dask_jobqueue" not in code)
    assert len(others) == 1
    assert re.fullmatch(r"\d+ [\d.]+ \[.*\] [\d.]+", ran(others[0]).strip())
    queue = """
import sys, types
class SLURMCluster:
    scheduler_address = "tcp://here"
    def __init__(self, *, cores, memory, walltime): pass
    def scale(self, *, jobs): pass
sys.modules["dask_jobqueue"] = types.SimpleNamespace(SLURMCluster=SLURMCluster)
"""
    assert ran(queue + cluster) == "tcp://here\n"


def test_every_unit_of_the_table_has_its_files():
    chapter = TEXT.partition("## Units and cycles")[2].partition("\n#")[0]
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", chapter, re.MULTILINE)
    units = re.findall(r"`(\w+)`", " ".join(rows))
    assert len(units) == 8
    for unit in units:
        assert any(Path("rtl", place, f"{unit}.v").exists() for place in ("common", "eie"))
        places = ("accelsim/units", "accelsim/machines/eie/reference")
        assert any(Path(place, f"{unit}.py").exists() for place in places)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_table_has_help(command):
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command), "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_every_command_is_in_the_table():
    from accelsim.cli.app import app

    names = {f"accelsim {c.name or c.callback.__name__}" for c in app.registered_commands}
    assert names == set(COMMANDS)
