"""Same inputs, seed and version: the same bytes in every file, whatever the process and threads."""

import hashlib
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from accelsim import __version__

LENET = Path("traces/lenet-300-100").resolve()
NETWORK, DIGITS = LENET / "pruned.safetensors", LENET / "digits.safetensors"
SMALL = ["--set", "n_pe=16", "--set", "capacity=ignore"]

COMMANDS = [
    ["compress", NETWORK, "-o", "plain.safetensors", "--inputs", DIGITS],
    ["compress", NETWORK, "-o", "permuted.safetensors", "--permute-rows", "--n-pe", 16],
    ["compress", "nt-we", "-o", "synthetic.safetensors", "--seed", 7, "--init", "random"],
    ["trace", "nt-we", *SMALL, "--to", 60, "-o", "run.vcd"],
    ["trace", "nt-we", *SMALL, "--to", 60, "-f", "perfetto", "-o", "run.perfetto"],
    ["trace", NETWORK, "--layer", "fc2", "--inputs", DIGITS, "--from", 20, "--to", 60,
     "-f", "text", "-o", "run.txt"],
    ["explain", "nt-we", *SMALL, "-o", "why.svg"],
    ["explain", "nt-we", *SMALL, "-o", "why.pdf"],
    ["explain", "nt-we", *SMALL, "-o", "why.png"],
    ["report", "nt-we", *SMALL, "-o", "page.html"],
    ["demo", LENET, "--count", 2, "--picture", "demo.svg"],
    ["sweep", "study.toml", "-o", "results.sqlite", "--jobs", "THREADS"],
    ["results", "results.sqlite", "--parquet", "results.parquet"],
]
# What goes to standard output, and so into the reader's own file.
TOLD = {
    "results.csv": ["results", "results.sqlite", "--csv"],
    "run.json": ["simulate", "nt-we", *SMALL, "--json"],
    "why.json": ["explain", "nt-we", *SMALL, "--json"],
    "compressed.json": ["compress", NETWORK, "--json"],
    "lstm.json": ["recurrent", "ese", "--steps", 1, "--json"],
    "published.json": ["published", "eie-table5", "--json"],
    "accuracy.json": ["accuracy", NETWORK, "--digits", DIGITS, "--json"],
}
STUDY = """\
workloads = ["nt-we"]
metrics = ["cycles", "load_balance", "energy_uj"]

[set]
capacity = "ignore"

[axes]
n_pe = [8, 16]
act_queue_depth = [2, 4, 8]
"""
# Holds how long each point took, which is a measurement; its exports do not.
TIMED = {"results.sqlite"}
SQLITE = {"results.sqlite-wal", "results.sqlite-shm"}

SCRIPT = """
import contextlib, json, sys
from accelsim.cli import main
def run(command, where):
    sys.argv = ["accelsim", *command]
    with contextlib.redirect_stdout(where):
        try:
            main()
        except SystemExit as leave:
            assert leave.code == 0, command
commands, told = json.loads(sys.argv[1])
for command in commands:
    run(command, sys.stderr)
for name, command in told.items():
    with open(name, "w") as file:
        run(command, file)
from accelsim import compress, load_layer
from accelsim.workload import save_eie_simulator
layer = load_layer("nt-we", seed=3)
save_eie_simulator("eie", compress(layer), abs(layer.activations), 8)
"""


def run_all(folder, threads, hash_seed):
    """All commands in one process; digest by file name."""
    folder.mkdir()
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads)),
                   "PYTHONHASHSEED": str(hash_seed)}
    environment.pop("SOURCE_DATE_EPOCH", None)
    (folder / "study.toml").write_text(STUDY)
    made = [[str(word).replace("THREADS", str(threads)) for word in c] for c in COMMANDS]
    told = {name: [str(word) for word in command] for name, command in TOLD.items()}
    commands = json.dumps([made, told])
    done = subprocess.run([sys.executable, "-c", SCRIPT, commands], cwd=folder, env=environment,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return folder / "one", run_all(folder / "one", 1, 1), run_all(folder / "two", 2, 2)


def test_every_file_has_the_same_bytes(outputs):
    _, one, two = outputs
    written = {str(word) for command in COMMANDS for before, word in pairwise(command)
               if before in ("-o", "--picture", "--parquet")}
    assert written <= set(one)
    assert {name.partition("/")[0] for name in one} - SQLITE == (
        written | {"eie", "study.toml", "accelsim-explain.svg", *TOLD})
    assert set(one) > TIMED
    for name in set(one) - TIMED - SQLITE:
        assert one[name] == two[name], name


def test_files_say_what_made_them(outputs):
    """Version, configuration, seed and digests are in the files that tell of a run."""
    folder, _, _ = outputs
    for name in ("run.vcd", "run.txt", "run.perfetto", "why.svg"):
        text = (folder / name).read_bytes()
        for word in (f"accelsim {__version__}", "seed 1", "sha256 ", "n_pe=", "act_queue_depth="):
            assert word.encode() in text, (name, word)
    for name in TOLD:
        text = (folder / name).read_text()
        assert __version__ in text, name
        assert "seed" in text or name == "accuracy.json", name
        assert "n_pe" in text or name in ("published.json", "compressed.json"), name
    for name, word in (("results.csv", "workload_digest"), ("run.json", "weights_sha256"),
                       ("why.json", "layer_sha256"), ("compressed.json", "layer_sha256")):
        assert word in (folder / name).read_text()
    page = (folder / "page.html").read_text()
    for word in (f"accelsim {__version__}", "act_queue_depth", "outputs_sha256", "weights_sha256"):
        assert word in page
    store = (folder / "permuted.safetensors").read_bytes()
    for word in (f'accelsim\\":\\"{__version__}', "weights_sha256", "content_sha256", "recipe",
                 "rows_balanced_for_n_pe"):
        assert word.encode() in store


def test_another_seed_gives_other_bytes(tmp_path):
    """The comparison can fail."""
    digests = set()
    for seed in ("7", "8"):
        path = tmp_path / f"{seed}.safetensors"
        command = ["compress", "nt-we", "-o", str(path), "--seed", seed]
        subprocess.run([sys.executable, "-m", "accelsim", *command], check=True,
                       capture_output=True)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 2
