"""Every command that the documents show is run, as it stands or (quickly) on smaller inputs."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys

import pytest

from accelsim.cli import main
from accelsim.contracts.__main__ import main as hold
from accelsim.machines.plugins import plugins, unload
from tests.documents import DOCUMENTS, README, ROOT, refreshed
from tests.readme_files import networks, small_models

BLOCKS = [block.text for document in DOCUMENTS for block in document.blocks if block.kind == "sh"]

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
CONTRACTS = "accelsim.contracts"
NETWORK = "traces/lenet-300-100/pruned.safetensors"
SMALL = f"{NETWORK} -l fc3 --activation-density 0.5 --set n_pe=4"
TWO = "--plugin tests/plugins/two_entries.py -m eie_two"
# What stands for a file of the reader's own.
PLACEHOLDERS = {" [FILE]": "", " FILE": f" {NETWORK}"}
# Quick twins of commands that take long; -m slow runs them as they stand.
TWINS = {
    "accelsim demo": "accelsim demo --count 2 --set n_pe=16",
    "accelsim demo lenet-5": "accelsim demo --count 2 --set n_pe=16",
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
    "accelsim cosim nt-we --top pe --pe 3 --rtl-dir mine --waveform difference.vcd":
        f"accelsim cosim {SMALL} --top pe --pe 3 --rtl-dir mine --waveform difference.vcd",
    "accelsim cosim nt-we --sim verilator": f"accelsim cosim {SMALL} --sim verilator",
    "accelsim cosim traces/lenet-5/pruned.safetensors --network lenet-5 -l conv2 --image digit.png":
        f"accelsim cosim {SMALL}",
    "accelsim cosim nt-we --export bench": f"accelsim cosim {SMALL} --export small-bench",
    "accelsim tables traces/lenet-300-100/dense.safetensors":
        f"accelsim tables {NETWORK} --table log --count 5 --timed 1",
    "accelsim codesign traces/lenet-300-100/dense.safetensors --data mnist-train.safetensors "
    "--test mnist-test.safetensors --budget energy_uj=0.3 -o found.sqlite":
        "accelsim codesign traces/lenet-300-100/dense.safetensors --data digits.safetensors --test "
        "digits.safetensors --budget energy_uj=0.6 --rounds 1 --steps 2 --final-steps 2 "
        "--table kmeans@4 --fixed index --fixed rows -j 1 -o found.sqlite",
    "accelsim codesign traces/lenet-300-100/dense.safetensors --budget energy_uj=0.45 --rounds 4":
        "accelsim codesign traces/lenet-300-100/dense.safetensors --budget energy_uj=0.5 "
        "--rounds 1 --timed 1 --judged 50 --table kmeans@4 --fixed index --fixed rows -j 1",
    "accelsim published all": "accelsim published eie-table5",
    "accelsim published eie-fig9": "accelsim published eie-table5",
    "accelsim published networks --by-lowering squeezenet": "accelsim published eie-table5",
    "accelsim published eie-fig8 --picture pdf -o figures":
        "accelsim published eie-table3 --picture pdf -o figures",
    # Generated tables run these, so tests/test_readme.py does.
    "accelsim published eie-table4": "accelsim published eie-table5",
    "accelsim published eie-table2": "accelsim published eie-table5",
    "accelsim patterns traces/silero-lstm --density 0.5 --density 0.112":
        "accelsim patterns traces/lenet-300-100/dense.safetensors -l fc3",
    "accelsim explain alex-7": "accelsim explain nt-lstm",
    "accelsim explain traces/silero-lstm -m bbs":
        "accelsim explain traces/silero-lstm:load_balanced/11.2 -m bbs",
    # Told by a reference alone, which takes its time on a published layer.
    f"accelsim simulate alex-7 {TWO}": f"accelsim simulate {SMALL} {TWO}",
    f"accelsim simulate nt-we {TWO} --energy": f"accelsim simulate {SMALL} {TWO} --energy",
    f"accelsim explain nt-we {TWO}": f"accelsim explain {SMALL} {TWO}",
    f"accelsim trace nt-we {TWO} --to 200 -o two.vcd":
        f"accelsim trace {SMALL} --pe 0-3 {TWO} --to 200 -o two.vcd",
    f"accelsim report nt-we {TWO} -o two.html": f"accelsim report {SMALL} {TWO} -o two.html",
    "accelsim simulate nt-we --plugin tests/plugins/late_full.py -m eie_late":
        f"accelsim simulate {SMALL} --plugin tests/plugins/late_full.py -m eie_late",
    "accelsim simulate nt-we --plugin tests/plugins/dense.py -m dense --energy":
        f"accelsim simulate {SMALL} --plugin tests/plugins/dense.py -m dense --energy",
    "accelsim explore STUDY.toml --min time_us --trials 500":
        "accelsim explore STUDY.toml --min time_us --trials 4",
    "accelsim report alex-7 -o run.html": "accelsim report nt-lstm -o run.html",
    "accelsim sweep traces/studies/published-space.toml --dry-run":
        "accelsim sweep STUDY.toml -o none.sqlite --dry-run",
    "accelsim published eie-fig13 --width column --seeds 3":
        "accelsim published eie-table3 --width column --seeds 2",
    "accelsim sweep traces/studies/published-space.toml -o space.sqlite":
        "accelsim sweep STUDY.toml -o space.sqlite",
    "accelsim sweep traces/studies/quick.toml -o quick.sqlite":
        "accelsim sweep STUDY.toml -o quick.sqlite",
}


_SHOWN = re.compile(
    r"^ *((?:accelsim|python -m accelsim\.contracts) [^\n]+)|(^\| )?`(accelsim [^`\n]+)`",
    re.MULTILINE)


def shown() -> list[str]:
    """Commands in the order of the documents, each once: lines of blocks, and words in the text.

    In the text a command's bare name, such as `accelsim sweep`, is a word, not a command.
    """
    found: dict[str, None] = {}
    for document in DOCUMENTS:
        for line, row, words in _SHOWN.findall(document.text):
            command = (line or words).partition("  #")[0].strip()
            for place, value in PLACEHOLDERS.items():
                command = command.replace(place, value)
            bare = words and not row and len(words.split()) == 2
            if not bare and command.split()[1] != "COMMAND":
                found[command] = None
    return list(found)


COMMANDS = shown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What a reader has at hand: the project's data, a PE, a study, and a run's JSON."""
    made = tmp_path_factory.mktemp("readme")
    before = {plugin.name for plugin in plugins()}
    for name in ("traces", "rtl", "tests"):
        (made / name).symlink_to(ROOT / name)
    (made / "mine").mkdir()
    shutil.copy(ROOT / "rtl" / "eie" / "pe.v", made / "mine")
    (made / "STUDY.toml").write_text(STUDY)
    small_models(made)
    networks(made)
    (made / "RUN.json").write_text(run("accelsim simulate nt-we --json", made))
    yield made
    for plugin in plugins():
        if plugin.name not in before:
            unload(plugin.name)


def run(command, folder):
    """As a user would, in a process of its own."""
    words = shlex.split(command.removeprefix("python -m "))
    assert words[0] in ("accelsim", CONTRACTS)
    done = subprocess.run([sys.executable, "-m", *words], cwd=folder, text=True,
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
def test_a_command_of_the_documents(command, folder, monkeypatch, capsys):
    """In order, since some read what others have written; in this process, which saves time."""
    quick = TWINS.get(command, command)
    monkeypatch.chdir(folder)
    words = shlex.split(quick.removeprefix("python -m "))
    if words[0] == CONTRACTS:
        status = hold(words[1:])
    else:
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as leave:
            main()
        status = leave.value.code
    judge(quick, folder, status, *capsys.readouterr())


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
    assert programs == {"accelsim", "make", "python"}
    ours = [line for line in lines if not line.startswith("make ")]
    assert {line.partition("  #")[0].strip() for line in ours} <= set(COMMANDS)
    assert set(TWINS) <= set(COMMANDS)


def test_make():
    """What the README says of its two commands, as make would do it."""
    targets = re.findall(r"^make (\w+)", README.text, re.MULTILINE)
    assert targets == ["demo", "test"]
    done = subprocess.run(["make", "-n", *targets], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for words in ("accelsim demo", "ruff check", "mypy", "-m pytest"):
        assert words in done.stdout
    named = {target for document in DOCUMENTS
             for target in re.findall(r"`make (\w+)`", document.text)}
    for target in named:
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)


def test_tables_as_a_program(tmp_path):
    """A table that is wrong is written anew, all else stays."""
    block = next(document.tables["counters"] for document in DOCUMENTS
                 if "counters" in document.tables)
    path = tmp_path / "README.md"
    path.write_text(f"before\n{block.replace('layer', 'player')}\nafter\n")
    command = [sys.executable, "-m", refreshed.__module__, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    assert path.read_text() == f"before\n{block}\nafter\n" == refreshed(path.read_text())
