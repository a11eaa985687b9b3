"""The wheel is the whole product: built, installed where no checkout is, run in an empty folder.

In every run with the Python of the tests, its dependencies and kernels that are not compiled; as a
user would, with every Python from 3.11 to 3.14 that the machine has, in `make wheels`.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.install.environments import (
    CONSTRAINTS,
    ROOT,
    Environment,
    built_wheel,
    interpreters,
    lend_dependencies,
    made,
    pip,
)

LAYER = "traces/lenet-300-100/pruned.safetensors"
SMALL = (LAYER, "-l", "fc3", "--activation-density", "0.5", "--set", "n_pe=4")
# What the notebooks read, as notebooks/4_compression.py and 6_rtl.py read it.
READ = """
import accelsim
from accelsim.workload import load_digits, load_network
traces, rtl = map(accelsim.data_folder, ("traces", "rtl"))
print(accelsim.__file__, traces, rtl, sep="\\n")
lenet = traces / "lenet-300-100"
print(len(load_network(lenet / "dense.safetensors").layers))
print(len(load_network(lenet / "pruned.safetensors").layers))
print(len(load_digits(lenet / "digits.safetensors")[0]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_wheel(tmp_path_factory.mktemp("wheel"))


def use(environment: Environment, **variables: str) -> None:
    """A new user's first steps."""
    def told(*words: str) -> str:
        return environment.run(*words, **variables)

    *paths, dense, pruned, digits = told("python", "-c", READ).split()
    for path in paths:
        assert Path(path).is_relative_to(environment.folder), "not from the wheel"
    assert (dense, pruned, digits) == ("3", "3", "1000")
    demo = told("accelsim", "demo", "--count", "1", "--set", "n_pe=16")
    assert "equal the functional model, bit for bit" in demo
    assert (environment.cwd / "accelsim-demo.svg").stat().st_size > 10_000
    ran = json.loads(told("accelsim", "simulate", *SMALL, "--json"))
    beside = json.loads(told("accelsim", "cosim", *SMALL, "--alone", "--build-dir", "builds",
                              "--json"))
    assert beside["equal"]
    assert beside["cycles_rtl"] == ran["layers"][0]["cycles"] > 0


def test_run_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    environment = made(tmp_path)
    pip(environment, "--no-deps", "--no-index", wheel)
    lend_dependencies(environment)
    use(environment, NUMBA_DISABLE_JIT="1")


@pytest.mark.slow
@pytest.mark.parametrize("version", interpreters())
def test_run_from_the_wheel_with(version: str, wheel: Path, tmp_path: Path) -> None:
    environment = made(tmp_path, interpreters()[version])
    pip(environment, "--constraint", CONSTRAINTS, wheel)
    assert environment.run("python", "--version").startswith(f"Python {version}.")
    use(environment)


def test_what_the_wheel_holds(wheel: Path) -> None:
    """All files of the package, no test, and nothing of what makes the data again."""
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "accelsim").rglob("*")
               if path.is_file() and "__pycache__" not in path.parts}
    assert package <= held
    tops = {name.split("/")[0] for name in held}
    assert len(tops) == 2
    assert "accelsim" in tops
    extra = {name for name in held - package if name.startswith("accelsim/")}
    assert {name.split("/")[1] for name in extra} == {"_shipped"}
    assert not [name for name in extra if name.endswith(".py")]
