"""What holds for every command: text is shown as it is, in any width and encoding; streams may be
closed; JSON is JSON; files go where they are told to. A new command fails here until it is in
`every_command`."""

import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from accelsim.cli.app import app
from tests.cli.every_command import (
    ALL,
    AS_EXPLAIN,
    DATABASES,
    FOLDERS,
    INPUTS,
    NETWORK,
    QUICK,
    READ,
    WRITTEN,
    exit_status,
    make_files,
    options,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("every")
    make_files(folder)
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A folder with the files, to work in."""
    shutil.copytree(made, tmp_path / "w")
    monkeypatch.chdir(tmp_path / "w")
    return tmp_path / "w"


def test_every_command_is_here():
    names = {command.callback.__name__ for command in app.registered_commands}
    assert set(QUICK) == names
    paths = {(name, option) for name in names
             for option, kind in options(name).items() if "Path" in str(kind)}
    known = set(WRITTEN) | AS_EXPLAIN | DATABASES | FOLDERS
    assert {pair for pair in paths if pair[1] not in READ} == known


class Narrow(io.TextIOWrapper):
    """Standard output that knows ASCII alone."""

    def __init__(self):
        super().__init__(io.BytesIO(), encoding="ascii", newline="\n")

    def text(self):
        self.flush()
        return self.buffer.getvalue().decode("ascii")


@pytest.mark.parametrize("command", QUICK)
def test_ascii_and_forty_columns(command, here, monkeypatch):
    """No traceback, no markup taken for it, no number cut: each is as in a wide table."""
    monkeypatch.setenv("COLUMNS", "40")
    shown = Narrow()
    monkeypatch.setattr(sys, "stdout", shown)
    assert exit_status(monkeypatch, QUICK[command]) == 0
    narrow = shown.text()
    assert narrow
    # Only lines that are no table are longer: sentences, which are not wrapped, and traces.
    for line in narrow.splitlines():
        if len(line) > 40:
            assert "   " not in line or command == "trace", line
    if command in ("simulate", "compress", "layers"):
        for name in ("block[/relu]", "dense[conv]", "[bold]", "a:b", "new\\nline", r"\U0001f600"):
            assert name in narrow


@pytest.mark.parametrize("command", ["layers", "simulate", "trace", "sweep"])
def test_closed_output(command, here, monkeypatch):
    """Replaced before the command begins: one of each way to print."""
    monkeypatch.setattr(sys, "stdout", None)
    assert exit_status(monkeypatch, QUICK[command]) == 0


@pytest.mark.parametrize("command", QUICK)
def test_the_reader_has_gone(command, here, monkeypatch, capsys):
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setattr(os, "dup2", lambda *descriptors: None)  # of the test's own output
    stream = os.fdopen(writer, "w")
    monkeypatch.setattr(sys, "stdout", stream)
    assert exit_status(monkeypatch, QUICK[command]) == 0
    with suppress(BrokenPipeError):
        stream.close()
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("redirection", ["| head -0", "2>&- >&-", "> /dev/full"])
def test_in_a_shell(redirection, made):
    """The same in a process of its own, where Python ends with something left to write."""
    line = f"{sys.executable} -m accelsim config {redirection}; echo ${{PIPESTATUS[0]}} >&9"
    done = subprocess.run(["bash", "-c", f"exec 9>&1; {line}"], capture_output=True, text=True)
    full = redirection.endswith("full")
    assert done.stdout == ("2\n" if full else "0\n")
    assert done.stderr == (
        "accelsim: error: standard output: No space left on device\n" if full else "")


ZERO = {NETWORK: "zero.safetensors", INPUTS: "zero.npy", "a:b": "zero", "block[/relu]": "zero"}


def of_zero(command):
    """The command's line on a file of one layer, which needs no order."""
    line = [word for word in QUICK[command] if command != "simulate" or word not in ALL]
    return [ZERO.get(word, word) for word in line]


@pytest.mark.parametrize("command", [name for name in QUICK if "--json" in options(name)])
def test_json_is_json(command, here, monkeypatch, capsys):
    """Of a layer without weights on inputs without values, where ratios have no meaning."""
    line = of_zero(command)
    assert exit_status(monkeypatch, [*line, "--json"]) == 0

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    found = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert found
    if command == "simulate":
        assert found["layers"][0]["pj_per_mac"] is None


def test_csv_without_infinities(here, monkeypatch, capsys):
    line = of_zero("simulate")
    assert exit_status(monkeypatch, [*line, "--csv"]) == 0
    assert not re.search(r"\b(inf|nan)\b", capsys.readouterr().out)


def line_of(pair, target):
    return [*WRITTEN[pair][1], pair[1], target]


@pytest.mark.parametrize("pair", WRITTEN, ids=" ".join)
def test_a_link_stays_a_link(pair, here, monkeypatch, capsys):
    name = WRITTEN[pair][0]
    (here / "store").mkdir()
    link = here / f"link{Path(name).suffix}"
    link.symlink_to(Path("store", name))  # to nothing yet
    assert exit_status(monkeypatch, line_of(pair, link)) == (pair[0] == "cosim")
    assert link.is_symlink()
    assert (here / "store" / name).stat().st_size > 100
    assert os.listdir(here / "store") == [name]


@pytest.mark.parametrize("pair", WRITTEN, ids=" ".join)
def test_a_pipe_is_written_into(pair, here, monkeypatch, capsys):
    pipe = here / f"pipe{Path(WRITTEN[pair][0]).suffix}"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    assert exit_status(monkeypatch, line_of(pair, pipe)) == (pair[0] == "cosim")
    reader.join(timeout=10)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert len(got[0]) > 100


@pytest.mark.parametrize("pair", sorted(DATABASES), ids=" ".join)
def test_a_database_needs_a_file(pair, here, monkeypatch, capsys):
    os.mkfifo(here / "pipe.sqlite")
    before = sorted(os.listdir(here))
    line = [word for word in QUICK[pair[0]] if word != "--dry-run"]
    assert exit_status(monkeypatch, [*line, pair[1], here / "pipe.sqlite"]) == 2
    assert "pipe" in capsys.readouterr().err
    assert sorted(os.listdir(here)) == before


REFUSED = {
    **{name: [*line, "--set", "nosuch=1"] for name, line in QUICK.items()
       if "--set" in options(name)},
    "layers": ["layers", "none.npz"],
    "compress": ["compress", NETWORK, "-o", "out.safetensors", "--weight-bits", "99"],
    "results": ["results", "none.sqlite"],
    "pareto": ["pareto", "none.sqlite", "--min", "time_us"],
    "plot": ["plot", "none.sqlite"],
    "published": ["published", "eie-table9"],
    "explore": ["explore", "lost.toml", "--min", "time_us", "--trials", "2"],
    "sensitivity": ["sensitivity", "lost.toml"],
}


@pytest.mark.parametrize("command", QUICK)
def test_a_refused_command_leaves_nothing(command, here, monkeypatch, capsys):
    (here / "lost.toml").write_text(
        'workloads = ["lost.npz"]\n[axes]\nact_queue_depth = [4, 8]\n')
    before = sorted(os.listdir(here))
    assert exit_status(monkeypatch, REFUSED[command]) == 2
    assert sorted(os.listdir(here)) == before
    assert len(capsys.readouterr().err.splitlines()) == 1
