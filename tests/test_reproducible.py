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
]

SCRIPT = """
import json, sys
from accelsim.cli import main
for command in json.loads(sys.argv[1]):
    sys.argv = ["accelsim", *command]
    try:
        main()
    except SystemExit as leave:
        assert leave.code == 0, command
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
    commands = json.dumps([[str(word) for word in command] for command in COMMANDS])
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
               if before in ("-o", "--picture")}
    assert written <= set(one)
    assert {name.partition("/")[0] for name in one} == written | {"eie"}
    assert one == two


def test_files_say_what_made_them(outputs):
    """Version, configuration, seed and digests are in the files that tell of a run."""
    folder, _, _ = outputs
    for name in ("run.vcd", "run.txt", "run.perfetto", "why.svg"):
        text = (folder / name).read_bytes()
        for word in (f"accelsim {__version__}", "seed 1", "sha256 ", "n_pe=", "act_queue_depth="):
            assert word.encode() in text, (name, word)
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
