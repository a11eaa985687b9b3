"""Icarus Verilog: cached builds of a testbench, and runs of it."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.files import atomic_path, write_atomically
from accelsim.machines.rtl import Rtl
from accelsim.records.job import IntArray

COMMON = "common"
"""Folder of the units that several machines share."""

_WAVEFORM = "waveform.vcd"


@dataclass(frozen=True)
class Window:
    """A waveform to write: VCD ``path`` of the layer's cycles ``first`` to ``last``."""

    path: Path
    first: int
    last: int


def build(
    rtl: Rtl, testbench: str, values: Mapping[str, int], rtl_dirs: Sequence[Path],
    build_dir: Path,
) -> Path:
    """Compile a testbench for one set of parameters; the same set and sources compile once.

    Parameters
    ----------
    testbench : module of ``tb`` in the machine's folder of ``rtl_dirs[-1]``
    values : Verilog parameter name to value
    rtl_dirs : folders of Verilog, see `units_of`; the first that has a module counts, so that a
        folder with a PE of your own goes before ``rtl``

    Raises
    ------
    InputError
        If Icarus or a file is missing, or the sources do not compile.
    """
    compiler = find_compiler()
    sources = find_sources(rtl, testbench, rtl_dirs)
    # Only the project's own units are known to have the memories that the back door writes to.
    own = has_backdoor(rtl, rtl_dirs)
    digest = hashlib.sha256(repr((testbench, sorted(values.items()), own)).encode())
    for name in sorted(sources):
        digest.update(sources[name].read_bytes())
    target = build_dir / f"{testbench}_{digest.hexdigest()[:16]}.vvp"
    if target.exists():
        return target
    # Elsewhere first: sources that do not compile leave no folder behind.
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder, "part.vvp")
        command = [
            compiler, "-g2005", "-Wall", "-s", testbench, "-o", str(part),
            *(f"-P{testbench}.{name}={value}" for name, value in values.items()),
            *(["-DBACKDOOR"] if own else []),
            *(str(path) for path in sources.values()),
        ]
        done = _run(command)
        if done.returncode:
            raise InputError(f"the RTL does not compile: {complaint(done)}")
        build_dir.mkdir(parents=True, exist_ok=True)
        write_atomically(target, part.read_bytes())  # another process may build the same
    return target


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The line with which a tool says why it failed; what it warns of before is not that."""
    lines = [line.strip() for line in f"{done.stderr}\n{done.stdout}".splitlines() if line.strip()]
    worst = [line for line in lines if re.search(r"\b(error|fatal|sorry)\b", line, re.IGNORECASE)]
    others = [line for line in lines if not re.search(r"\bwarning\b", line, re.IGNORECASE)]
    return next(iter([*worst, *others, *lines]), f"exit status {done.returncode}, no message")


def _run(command: Sequence[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A tool's run; what it prints need not be UTF-8."""
    return subprocess.run(command, capture_output=True, encoding="utf-8",
                          errors="backslashreplace", cwd=folder)


def find_compiler() -> str:
    """Path of ``iverilog``.

    Raises
    ------
    InputError
        If it is not installed.
    """
    compiler = shutil.which("iverilog")
    if compiler is None:
        raise InputError("iverilog is not installed; install Icarus Verilog 11 or newer")
    return compiler


def units_of(rtl: Rtl, folder: Path) -> dict[str, Path]:
    """Module name to file of one folder: its own files, the machine's, those that all share."""
    places = (folder, folder / rtl.folder, folder / COMMON)
    files = [path for place in places for path in sorted(place.glob("*.v"))]
    return {path.stem: path for path in reversed(files)}


def find_sources(rtl: Rtl, testbench: str, rtl_dirs: Sequence[Path]) -> dict[str, Path]:
    """Module name to file; earlier folders win.

    Raises
    ------
    InputError
        If a folder, a module or the testbench is missing.
    """
    found: dict[str, Path] = {}
    for folder in rtl_dirs:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder of Verilog files")
        found = units_of(rtl, folder) | found
    # A folder of version 0.1 has no folders of machines.
    for place in (rtl_dirs[-1], rtl_dirs[-1] / rtl.folder):
        path = place / "tb" / f"{testbench}.v"
        if path.is_file():
            found[testbench] = path
    for name in (*([rtl.pe.top] if rtl.pe else []), rtl.top, testbench):
        if name not in found:
            raise InputError(f"{rtl_dirs[-1]}: holds no {name}.v; name the project's RTL folder")
    return found


def has_backdoor(rtl: Rtl, rtl_dirs: Sequence[Path]) -> bool:
    """Whether all units are those beside the test benches."""
    return not any(units_of(rtl, folder) for folder in rtl_dirs[:-1])


@contextmanager
def workspace(build_dir: Path) -> Iterator[Path]:
    """A folder for one run, removed afterwards."""
    work = build_dir / f"run_{_unique()}"
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def simulate(
    program: Path, work: Path, script: Sequence[str], *, trace: bool,
    window: Window | None = None, **plusargs: object,
) -> list[str]:
    """Run a testbench on a script; the lines that it printed.

    With ``trace`` it leaves ``trace.txt`` in ``work``; see `read_trace`. The simulator runs in
    ``work`` and is told names relative to it: Icarus opens no file whose path is not ASCII.

    Raises
    ------
    InputError
        If the simulator fails.
    """
    (work / "script.txt").write_text("\n".join([*script, ""]), encoding="ascii")
    out = work / "out.txt"
    options: dict[str, object] = {"script": "script.txt", "out": out.name, **plusargs}
    if trace:
        options["trace"] = "trace.txt"
    if window is not None:
        options |= {"vcd": _WAVEFORM, "from": window.first, "to": window.last}
    done = _run(["vvp", "-n", str(program.resolve()),
                 *(f"+{key}={value}" for key, value in options.items())], work)
    if done.returncode or not out.exists():
        raise InputError(f"vvp failed: {complaint(done)}")
    if window is not None:
        with atomic_path(window.path) as part:
            shutil.copyfile(work / _WAVEFORM, part)
    return out.read_text("ascii").split("\n")


def read_trace(work: Path, trace_bits: int) -> npt.NDArray[np.uint8]:
    """(cycles, trace_bits) characters 0, 1, x or z, the highest bits first."""
    rows = np.fromfile(work / "trace.txt", dtype=np.uint8)
    return rows.reshape(-1, trace_bits + 1)[:, :trace_bits]


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


def _unique() -> str:
    return f"{np.random.default_rng().integers(1 << 62):x}"
