"""Damaged files: only accelsim's own errors, of one line; no traceback, no hang, no big memory."""

import json
import subprocess
import sys
from random import Random

import numpy as np
import pytest

from tests.fuzz.mutate import damage
from tests.fuzz.readers import READERS

QUICK = 140      # 17 readers: 2,380 files
MANY = 8_000     # 136,000 files
MAX_GROWN_KB = 1_000_000


def fuzz(name, seed, count, folder, seconds):
    """What the worker found; a process that died or hung is a finding too."""
    command = [sys.executable, "-m", "tests.fuzz.worker", name, str(seed), str(count), str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        index = (folder / "index").read_text()
        pytest.fail(f"{name}, seed {seed}: file {index} hangs", pytrace=False)
    if done.returncode:
        index = (folder / "index").read_text() if (folder / "index").exists() else "none"
        pytest.fail(f"{name}, seed {seed}: the process died at file {index}, status "
                    f"{done.returncode}: {done.stderr[-2000:]}", pytrace=False)
    return json.loads(done.stdout.splitlines()[-1])


def judge(found, count):
    for failure in found["failures"]:
        pytest.fail(f"file {failure['index']}: {failure['what']}", pytrace=False)
    assert found["read"] + found["refused"] == count
    assert found["refused"] > count // 20, "hardly anything was damaged"
    assert found["grown_kb"] < MAX_GROWN_KB


@pytest.mark.parametrize("name", READERS)
def test_damaged_files(name, tmp_path):
    judge(fuzz(name, 1, QUICK, tmp_path, 300), QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_many_damaged_files(name, tmp_path):
    judge(fuzz(name, 2, MANY, tmp_path, 3000), MANY)


def test_damage_is_the_same_in_every_run(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    for name in ("one", "two"):
        damage(tmp_path / "a.npz", tmp_path / name, Random("npz 1 5"))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


FAULTS = {
    "raise ValueError('x')": "ValueError",
    "raise AccelsimError('two\\nlines')": "not one line",
    "import time; time.sleep(30)": "TooLongError",
    "bytearray(1 << 40)": "MemoryError",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(fault, tmp_path):
    """The judge can fail: a reader that raises, hangs or takes too much."""
    code = f"""
import sys
from pathlib import Path
from accelsim.errors import AccelsimError
from tests.fuzz import readers, worker
calls = []
def read(path):
    calls.append(path)
    if len(calls) > 2:
        {fault}
    raise AccelsimError("x") if len(calls) > 1 else SystemExit
def read_first(path):
    try:
        read(path)
    except SystemExit:
        pass
worker.SECONDS_A_FILE = 1
readers.READERS["machine"] = readers.Reader(
    lambda folder: readers.make_machine(folder)[:1], read_first)
import json
print(json.dumps(worker.work("machine", 1, 3, Path(sys.argv[1]))))
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True,
                          text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert FAULTS[fault] in found["failures"][0]["what"]
