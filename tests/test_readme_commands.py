"""Every command that the README shows is run, as it stands or (quickly) on smaller inputs."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from accelsim.cli import main
from accelsim.papers.tables import refreshed

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)

STUDY = """\
workloads = ["nt-we"]
metrics = ["cycles", "time_us", "load_balance", "utilisation", "spmat_read_mbit", "energy_uj",
           "area_mm2"]

[set]
capacity = "ignore"

[axes]
n_pe = [32, 64]
act_queue_depth = [4, 8]
"""
NETWORK = "traces/lenet-300-100/pruned.safetensors"
SMALL = f"{NETWORK} -l fc3 --activation-density 0.5 --set n_pe=4"
# What stands for a file of the reader's own.
PLACEHOLDERS = {" [FILE]": "", " FILE": f" {NETWORK}", " NAME": " alex-7"}
# Quick twins of commands that take long; -m slow runs them as they stand.
TWINS = {
    "accelsim demo": "accelsim demo --count 2 --set n_pe=16",
    "accelsim recurrent traces/silero-lstm --pattern load_balanced":
        "accelsim recurrent traces/silero-lstm --pattern load_balanced --steps 20",
    "accelsim patterns traces/silero-lstm":
        "accelsim patterns traces/lenet-300-100/dense.safetensors -l fc3",
    "accelsim patterns ese": "accelsim patterns ese --depth 4",
    "accelsim patterns traces/lenet-300-100/dense.safetensors -l fc1":
        "accelsim patterns traces/lenet-300-100/dense.safetensors -l fc3",
    "accelsim explore STUDY.toml --min time_us --min area_mm2 -o search.sqlite":
        "accelsim explore STUDY.toml --min time_us --min area_mm2 -o search.sqlite --trials 4",
    "accelsim cosim alex-7 --top eie_array": f"accelsim cosim {SMALL} --top eie_array",
    "accelsim cosim nt-we --top eie_array": f"accelsim cosim {SMALL} --top eie_array",
    "accelsim cosim nt-we --top pe --rtl-dir mine":
        f"accelsim cosim {SMALL} --top pe --rtl-dir mine",
    "accelsim cosim nt-we --export bench": f"accelsim cosim {SMALL} --export small-bench",
    "accelsim published all": "accelsim published eie-table5",
    # The README's tables run these two, so tests/test_readme.py does.
    "accelsim published eie-table4": "accelsim published eie-table5",
    "accelsim published eie-table2": "accelsim published eie-table5",
    "accelsim explain alex-7": "accelsim explain nt-lstm",
    "accelsim report alex-7 -o run.html": "accelsim report nt-lstm -o run.html",
    "accelsim sweep traces/studies/published-space.toml --dry-run":
        "accelsim sweep STUDY.toml -o none.sqlite --dry-run",
    "accelsim sweep traces/studies/published-space.toml -o space.sqlite":
        "accelsim sweep STUDY.toml -o space.sqlite",
}


def shown() -> list[str]:
    """Commands in the order of the README, each once: lines of blocks, and words in the text."""
    found: dict[str, None] = {}
    for match in re.finditer(r"^ *(accelsim [^\n]+)|`(accelsim [^`\n]+)`", TEXT, re.MULTILINE):
        command = (match[1] or match[2]).partition("  #")[0].strip()
        for place, value in PLACEHOLDERS.items():
            command = command.replace(place, value)
        if command.split()[1] != "COMMAND":
            found[command] = None
    return list(found)


COMMANDS = shown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What a reader has at hand: the project's data, a PE, a study, and a run's JSON."""
    made = tmp_path_factory.mktemp("readme")
    for name in ("traces", "rtl"):
        (made / name).symlink_to(ROOT / name)
    (made / "mine").mkdir()
    shutil.copy(ROOT / "rtl" / "eie" / "pe.v", made / "mine")
    (made / "STUDY.toml").write_text(STUDY)
    (made / "RUN.json").write_text(run("accelsim simulate nt-we --json", made))
    return made


def run(command, folder):
    """As a user would, in a process of its own."""
    program, *words = shlex.split(command)
    assert program == "accelsim"
    done = subprocess.run([sys.executable, "-m", program, *words], cwd=folder, text=True,
                          capture_output=True)
    judge(command, folder, done.returncode, done.stdout, done.stderr)
    return done.stdout


def judge(command, folder, status, stdout, stderr):
    assert status == 0, f"{command}: {stderr}"
    assert "rror" not in stderr
    assert stdout or stderr
    words = shlex.split(command)
    if "-o" in words and "--dry-run" not in words:
        assert (folder / words[words.index("-o") + 1]).stat().st_size > 0


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme(command, folder, monkeypatch, capsys):
    """In order, since some read what others have written; in this process, which saves time."""
    quick = TWINS.get(command, command)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", shlex.split(quick))
    with pytest.raises(SystemExit) as leave:
        main()
    judge(quick, folder, leave.value.code, *capsys.readouterr())


@pytest.mark.slow
def test_the_long_commands_as_they_stand(folder):
    (folder / "space.sqlite").unlink(missing_ok=True)
    for command in COMMANDS:
        if command in TWINS or "space.sqlite" in command:
            run(command, folder)


def test_no_command_is_missed():
    """Every line of every block is run, and every twin stands for a command that is shown."""
    lines = [line for block in BLOCKS for line in block.splitlines() if line]
    assert len(lines) > 15
    programs = {line.split()[0] for line in lines}
    assert programs == {"accelsim", "make"}
    assert {line.partition("  #")[0].strip() for line in lines if line.startswith("accelsim")} <= (
        set(COMMANDS))
    assert set(TWINS) <= set(COMMANDS)


def test_make():
    """What the README says of its two commands, as make would do it."""
    targets = re.findall(r"^make (\w+)", TEXT, re.MULTILINE)
    assert targets == ["demo", "test"]
    done = subprocess.run(["make", "-n", *targets], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for words in ("accelsim demo", "ruff check", "mypy", "-m pytest"):
        assert words in done.stdout
    for target in set(re.findall(r"`make (\w+)`", TEXT)):
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)


def test_doc_tables_as_a_program(tmp_path):
    """A table that is wrong is written anew, all else stays."""
    block = re.search(r"<!-- table: counters -->.*?<!-- end -->", TEXT, re.DOTALL)[0]
    path = tmp_path / "README.md"
    path.write_text(f"before\n{block.replace('layer', 'player')}\nafter\n")
    command = [sys.executable, "-m", "accelsim.papers.tables", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    assert path.read_text() == f"before\n{block}\nafter\n" == refreshed(path.read_text())
