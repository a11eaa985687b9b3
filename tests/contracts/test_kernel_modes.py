"""Kernels without compilation, with bounds checked, from a cold and a warm cache."""

import ast
import hashlib
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from accelsim.kernels import fours, groups

ROOT = Path(__file__).parents[2]
FEW = ("an odd number of PEs", "batches", "refills", "no bypass", "values that saturate")


def run(code, *arguments, **variables):
    """A Python process of its own; ``code`` is a module of the tests."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    return subprocess.run(
        [sys.executable, "-m", code, *arguments], cwd=ROOT, capture_output=True, text=True,
        env=environment | variables, check=False,
    )


def test_the_same_without_compilation():
    done = run("tests.contracts.small_jobs", NUMBA_DISABLE_JIT="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("jit False")
    assert done.stderr == ""


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Variables for checked bounds; compiled code does not say so, hence a cache of its own."""
    return {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("numba"))}


def test_the_same_with_bounds_checked(checked):
    done = run("tests.contracts.small_jobs", *FEW, **checked)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"jit True, bounds True, {len(FEW)} agree\n"
    assert done.stderr == "compiling\n", "announced once, before the first compilation"
    again = run("tests.contracts.small_jobs", *FEW, **checked)
    assert again.returncode == 0, again.stderr
    assert again.stderr == "", "nothing is compiled from a warm cache, so nothing is announced"


def test_checked_bounds_see_a_planted_fault(checked):
    done = run("tests.contracts.small_jobs", "beyond", **checked)
    assert done.returncode != 0
    assert "IndexError" in done.stderr


def test_numba_is_imported_with_the_first_kernels_only():
    code = (
        "import sys, accelsim, accelsim.api, accelsim.cli, accelsim.machines.eie.explain\n"
        "assert 'numba' not in sys.modules\n"
        "import accelsim.machines.eie.fast.run\n"
        "assert 'numba' in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_kernel_takes_more_than_a_dozen_parameters():
    """Longer lists are read by position alone; what belongs together is a named tuple."""
    many = {
        f"{path.name}:{node.name}": len(node.args.args)
        for path in (ROOT / "accelsim").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
        and {"kernel", "part", "linked"} & {ast.unparse(d) for d in node.decorator_list}
    }
    assert len(many) > 30
    assert {name: n for name, n in many.items() if n > 12} == {}


KERNELS = "accelsim/machines/eie/fast/kernels"
CALLED = {
    "vectors": [f"{KERNELS}/above.py"], "bits": ["accelsim/kernels/lanes.py"],
    "gather": ["accelsim/kernels/lanes.py"], "sums": [f"{KERNELS}/gather.py"],
    "waits": ["accelsim/kernels/fours.py"], "narrow": [f"{KERNELS}/waits.py"],
    "plan": [f"{KERNELS}/{name}.py" for name in ("counters", "passes", "time")],
    "grouped": ["accelsim/kernels/groups.py"],
}


def test_kernels_that_call_those_of_other_files_are_named_here():
    other = re.compile(r"^from accelsim\S*\.kernels\.(?!jit )\w+ import", re.M)
    callers = {path.stem for path in (ROOT / KERNELS).glob("*.py")
               if other.search(path.read_text("utf-8"))}
    assert callers == set(CALLED)


@pytest.mark.parametrize("name", CALLED)
def test_kernels_that_call_those_of_other_files_are_compiled_again_with_them(name):
    """Numba's cache sees a change of the caller's file only, so that file names the others'."""
    texts = b"".join((ROOT / path).read_bytes() for path in CALLED[name])
    found = hashlib.sha256(texts).hexdigest()[:16]
    told = import_module(f"{KERNELS.replace('/', '.')}.{name}").BUILT_ON
    assert found == told, f"write BUILT_ON = '{found}' in kernels/{name}.py"


@pytest.mark.parametrize("module", [fours, groups], ids=["fours", "groups"])
def test_so_are_those_that_call_lanes_by_way_of_another(module):
    found = hashlib.sha256((ROOT / "accelsim/kernels/lanes.py").read_bytes()).hexdigest()[:16]
    assert found == module.BUILT_ON, f"write BUILT_ON = '{found}' in {module.__file__}"


@pytest.mark.slow
@pytest.mark.parametrize("machine", [
    {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
    {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+avx,+bmi2,+popcnt"},
])
def test_other_machines_code_is_the_same(machine):
    """Vectors of AVX-512 have other code where there is less: held to the same tests."""
    done = run("pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/timing/test_lanes.py",
               "tests/timing/test_narrow.py", **machine)
    assert done.returncode == 0, done.stdout[-2000:]
    assert " passed" in done.stdout
