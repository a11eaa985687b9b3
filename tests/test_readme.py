"""The README is true: its tables come from the code, its Python runs, its commands exist."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from accelsim.report.doc_tables import refreshed

TEXT = Path("README.md").read_text("utf-8")
COMMANDS = sorted(set(re.findall(r"^\| `(accelsim [a-z]+)", TEXT, re.MULTILINE)))


def test_tables_are_what_the_code_says():
    assert refreshed(TEXT) == TEXT, "run: python -m accelsim.report.doc_tables README.md"


def test_a_wrong_table_is_seen():
    assert refreshed(TEXT.replace("| 64 |", "| 65 |", 1)) == TEXT


def test_the_python_example_runs():
    example = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[0]
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    cycles, time_us, theoretical_us, balance = map(float, done.stdout.splitlines()[0].split())
    assert time_us == pytest.approx(cycles / 800)
    assert balance == pytest.approx(theoretical_us / time_us)


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
