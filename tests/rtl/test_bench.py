"""The bench that others build on: what fails leaves a waveform and the command that replays it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from accelsim.errors import InputError
from accelsim.rtl_bridge.bench_run import run_bench
from tests.rtl.bench import BUILDS, ROOT, UNITS

BENCH = "tests.rtl.test_act_queue"
QUEUE = {"Depth": 3, "Width": 9, "CountBits": 2}


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A queue that forgets to move its head."""
    text = UNITS["act_queue"].read_text()
    right = "if (pop_i) head_q <="
    assert right in text
    (tmp_path / "act_queue.v").write_text(text.replace(right, "if (pop_i && !push_i) head_q <="))
    return tmp_path


def test_a_failure_is_replayed_by_its_command(broken: Path, tmp_path: Path) -> None:
    report = run_bench("act_queue", BENCH, QUEUE, testcase="in_order", rtl_dirs=[broken],
                       build_dir=tmp_path / "builds")
    assert not report.passed
    (failure,) = report.failures
    assert "data_o number" in failure.message
    assert failure.waveform is not None
    assert failure.waveform.stat().st_size > 100
    again = subprocess.run(
        [sys.executable, *shlex.split(failure.replay)[1:]], cwd=ROOT, capture_output=True,
        text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert again.returncode == 1, again.stderr
    assert failure.message in again.stdout


def test_what_passes_leaves_junit_xml(tmp_path: Path) -> None:
    report = run_bench("act_queue", BENCH, QUEUE, testcase="in_order", build_dir=BUILDS)
    assert report.passed
    assert report.tests == ("in_order",)
    suites = ElementTree.parse(report.results).getroot()
    assert suites.tag == "testsuites"
    assert [case.get("name") for case in suites.iter("testcase")] == ["in_order"]


@pytest.mark.parametrize(("unit", "module", "testcase", "told"), [
    ("act_cue", BENCH, None, "act_cue: no such unit; there are"),
    ("act_queue", "tests.rtl.no_such_bench", None, "holds no cocotb test, or cannot be imported"),
    ("act_queue", BENCH, "no_such_test", "holds no cocotb test no_such_test"),
])
def test_mistakes_are_told(tmp_path: Path, unit: str, module: str, testcase: str, told: str
                           ) -> None:
    with pytest.raises(InputError, match=told):
        run_bench(unit, module, QUEUE, testcase=testcase, build_dir=tmp_path)


def test_what_does_not_compile_is_told(tmp_path: Path) -> None:
    (tmp_path / "act_queue.v").write_text("module act_queue (;\n")
    with pytest.raises(InputError, match="act_queue does not compile"):
        run_bench("act_queue", BENCH, QUEUE, rtl_dirs=[tmp_path], build_dir=tmp_path)


def example(*folders: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "rtl/examples/own_pe_bench.py", *map(str, folders)], cwd=ROOT,
        capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache)})


def test_the_example_of_ones_own_pe(tmp_path: Path) -> None:
    """It sees a PE whose trace tells nothing, and one that is wrong."""
    silent, wrong = tmp_path / "silent", tmp_path / "wrong"
    text = UNITS["pe"].read_text().replace("assign trace_o = ", "wire [999:0] untold = ")
    right = ".activation_i(s1_activation), .wait_o"
    assert right in text
    for folder, pe in ((silent, text),
                       (wrong, text.replace(right, right.replace("(s1", "(-s1")))):
        folder.mkdir()
        (folder / "pe.v").write_text(pe)
    done = example(silent, cache=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 tests passed" in done.stdout
    done = example(wrong, cache=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"lock_step: output in row \d+ is -?\d+, expected -?\d+; wave", done.stdout)
