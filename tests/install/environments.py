"""Python environments made for a test: where interpreters are, and what is installed into them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"
VERSIONS = ("3.11", "3.12", "3.13", "3.14")

_NO_TRACE_OF_OURS = ("PYTHONPATH", "ACCELSIM_DATA", "NUMBA_CACHE_DIR", "VIRTUAL_ENV")


def interpreters() -> dict[str, str]:
    """Version to path of every interpreter of `VERSIONS` that this machine has.

    pyenv's shims run a version that is not chosen only where PYENV_VERSION asks for it.
    """
    found = {}
    for version in VERSIONS:
        ask = [f"python{version}", "-c", "import sys; print(sys.executable)"]
        environment = os.environ | {"PYENV_VERSION": version}
        try:
            said = subprocess.run(ask, env=environment, capture_output=True, text=True)
        except FileNotFoundError:
            continue
        if said.returncode == 0:
            found[version] = said.stdout.strip()
    return found


@dataclass(frozen=True)
class Environment:
    """A virtual environment and the empty folder that its commands run in."""

    folder: Path
    cwd: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    def run(self, *words: object, **more: str) -> str:
        """What a command of this environment prints; a failure shows both of its streams."""
        program, *rest = map(str, words)
        environment = {name: value for name, value in os.environ.items()
                       if name not in _NO_TRACE_OF_OURS}
        done = subprocess.run(
            [str(self.folder / "bin" / program), *rest], cwd=self.cwd, capture_output=True,
            text=True, env=environment | {"MPLBACKEND": "Agg"} | more)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def made(folder: Path, interpreter: str = sys.executable) -> Environment:
    """A virtual environment without pip, and an empty folder beside it."""
    cwd = folder / "empty"
    cwd.mkdir(parents=True)
    subprocess.run([interpreter, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    return Environment(folder / "venv", cwd)


def pip(environment: Environment, *words: object) -> None:
    """Install into an environment with the pip of the interpreter that runs the tests."""
    command = [sys.executable, "-m", "pip", "--quiet", "--python", environment.python, "install",
               *map(str, words)]
    done = subprocess.run(command, cwd=environment.cwd, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"


def lend_dependencies(environment: Environment) -> None:
    """Let it import what lies in the tests' own environment.

    What that has by a link only, as the checkout of an editable install, stays out of reach.
    """
    own = environment.run("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    lent = [path for path in sys.path if Path(path).name == "site-packages"]
    Path(own.strip(), "lent.pth").write_text("\n".join(lent) + "\n")


def built_wheel(folder: Path) -> Path:
    """The wheel of this checkout; its build tool is one of the tests' dependencies."""
    subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--no-build-isolation",
         "--no-index", "--wheel-dir", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("accelsim-*.whl")
    return wheel
