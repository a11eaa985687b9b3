"""What all simulators share: a script in, what was printed and a trace out."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.files import atomic_path
from accelsim.machines.rtl import ArrayParameters, Rtl
from accelsim.records.job import IntArray
from accelsim.rtl_bridge.sources import make_folder

_WAVEFORM = "waveform.vcd"
COVERAGE = "coverage.dat"
"""File in the folder of a run that counts coverage."""


@dataclass(frozen=True)
class Window:
    """A waveform to write: VCD ``path`` of the layer's cycles ``first`` to ``last``."""

    path: Path
    first: int
    last: int


class Simulator(Protocol):
    """A module of this package that builds and runs an array's bench.

    Attributes
    ----------
    TWO_STATE : it knows no x: a bit that nothing drives is 0
    """

    TWO_STATE: bool

    def find_compiler(self) -> str:
        """Its program; `InputError` if it is not installed."""

    def bench(self, rtl: Rtl) -> str:
        """Module of the bench; `UnsupportedError` if the machine has none for it."""

    def bench_values(self, parameters: ArrayParameters, trace: bool) -> dict[str, int]:
        """Parameters of that module."""

    def build(
        self, rtl: Rtl, testbench: str, values: Mapping[str, int], rtl_dirs: Sequence[Path],
        build_dir: Path, waves: bool = False, coverage: bool = False,
    ) -> Path:
        """Compile; the same sources and parameters compile once."""

    def simulate(
        self, program: Path, work: Path, script: Sequence[str], *, trace: bool,
        window: Window | None = None, **plusargs: object,
    ) -> list[str]:
        """Run; the lines that were printed."""

    def read_trace(self, work: Path, trace_bits: int) -> npt.NDArray[Any]:
        """One row a cycle, as `accelsim.rtl_bridge.trace.unpack` takes them."""


@contextmanager
def workspace(build_dir: Path) -> Iterator[Path]:
    """A folder for one run, removed afterwards."""
    work = build_dir / f"run_{unique()}"
    make_folder(work)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def run_program(
    command: Sequence[str], work: Path, script: Sequence[str], *, trace: bool,
    window: Window | None = None, **plusargs: object,
) -> list[str]:
    """Run a bench on a script; the lines that it printed.

    With ``trace`` it leaves ``trace.txt`` in ``work``. The program runs in ``work`` and is told
    names relative to it: Icarus opens no file whose path is not ASCII.

    Raises
    ------
    InputError
        If the simulator fails, or the host's side of the contract was broken.
    """
    (work / "script.txt").write_text("\n".join([*script, ""]), encoding="ascii")
    out = work / "out.txt"
    options: dict[str, object] = {"script": "script.txt", "out": out.name, **plusargs}
    if trace:
        options["trace"] = "trace.txt"
    if window is not None:
        options |= {"vcd": _WAVEFORM, "from": window.first, "to": window.last}
    done = run_tool([*command, *(f"+{key}={value}" for key, value in options.items())], work)
    broken = next((line for line in done.stdout.splitlines() if line.startswith("contract: ")), "")
    if broken:
        raise InputError(f"the RTL's {broken}")
    if done.returncode or not out.exists():
        raise InputError(f"{Path(command[0]).name} failed: {complaint(done)}")
    if window is not None:
        with atomic_path(window.path) as part:
            shutil.copyfile(work / _WAVEFORM, part)
    return out.read_text("ascii").split("\n")


def run_tool(
    command: Sequence[str], folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A tool's run; what it prints need not be UTF-8."""
    return subprocess.run(command, capture_output=True, encoding="utf-8",
                          errors="backslashreplace", cwd=folder, env=environment)


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The line with which a tool says why it failed; what it warns of before is not that."""
    lines = [line.strip() for line in f"{done.stderr}\n{done.stdout}".splitlines() if line.strip()]
    worst = [line for line in lines if re.search(r"\b(error|fatal|sorry)\b", line, re.IGNORECASE)]
    others = [line for line in lines if not re.search(r"\bwarning\b", line, re.IGNORECASE)]
    return next(iter([*worst, *others, *lines]), f"exit status {done.returncode}, no message")


class Reader:
    """Takes what a test bench printed apart, from the first line on."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines, self._at = lines, 0

    def line(self) -> str:
        """The next line."""
        self._at += 1
        return self._lines[self._at - 1]

    def take(self, count: int) -> IntArray | None:
        """Data of the next ``count`` lines, None if a bit is unknown."""
        texts = [self.line().rpartition(" ")[2] for _ in range(count)]
        try:
            return np.array([int(text, 16) for text in texts], dtype=np.int64)
        except (ValueError, OverflowError):  # an unknown bit, or more than 64
            return None


def unique() -> str:
    """Part of a name that no other process takes."""
    return f"{np.random.default_rng().integers(1 << 62):x}"
