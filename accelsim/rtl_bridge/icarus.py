"""Icarus Verilog: cached builds of a testbench, and runs of it. Bits are 0, 1, x or z."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, UnsupportedError
from accelsim.files import write_atomically
from accelsim.machines.rtl import ArrayParameters, Rtl
from accelsim.rtl_bridge.simulator import (
    Reader,
    Window,
    complaint,
    run_program,
    run_tool,
    workspace,
)
from accelsim.rtl_bridge.sources import (
    COMMON,
    build_name,
    find_sources,
    has_backdoor,
    make_folder,
    units_of,
)

__all__ = [
    "COMMON", "TWO_STATE", "Reader", "Window", "bench", "bench_values", "build", "complaint",
    "find_compiler",
    "find_sources", "has_backdoor", "read_trace", "simulate", "units_of", "workspace",
]

TWO_STATE = False


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


def bench(rtl: Rtl) -> str:
    """Module of the array's test bench."""
    return rtl.testbench


def bench_values(parameters: ArrayParameters, trace: bool) -> dict[str, int]:
    """Parameters of an array's test bench, which are those of the array and two widths."""
    return parameters.verilog() | {
        "Trace": 2 * int(trace), "TraceBits": parameters.trace_bits,
        "PeTraceBits": parameters.pe_trace_bits,
    }


def build(
    rtl: Rtl, testbench: str, values: Mapping[str, int], rtl_dirs: Sequence[Path],
    build_dir: Path, waves: bool = False, coverage: bool = False,
) -> Path:
    """Compile a testbench for one set of parameters; the same set and sources compile once.

    Parameters
    ----------
    testbench : module of ``tb`` in the machine's folder of ``rtl_dirs[-1]``
    values : Verilog parameter name to value
    rtl_dirs : folders of Verilog, see `units_of`; the first that has a module counts, so that a
        folder with a PE of your own goes before ``rtl``
    waves : has no meaning here: every build can write a waveform

    Raises
    ------
    InputError
        If Icarus or a file is missing, or the sources do not compile.
    UnsupportedError
        If coverage is asked for, which Icarus does not count.
    """
    if coverage:
        raise UnsupportedError("icarus counts no coverage of lines and toggles; "
                               "use sim='verilator'")
    compiler = find_compiler()
    sources = find_sources(rtl, testbench, rtl_dirs)
    own = has_backdoor(rtl, rtl_dirs)
    name = build_name((testbench, own), [sources[name] for name in sorted(sources)], values)
    target = build_dir / f"{testbench}_{name}.vvp"
    if target.exists():
        return target
    # Elsewhere first: sources that do not compile leave no folder behind.
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder, "part.vvp")
        command = [
            compiler, "-g2005", "-Wall", "-s", testbench, "-o", str(part), "-DASSERT_CONTRACT",
            *(f"-P{testbench}.{name}={value}" for name, value in values.items()),
            *(["-DBACKDOOR"] if own else []),
            *(str(path) for path in sources.values()),
        ]
        done = run_tool(command)
        if done.returncode:
            raise InputError(f"the RTL does not compile: {complaint(done)}")
        make_folder(build_dir)
        write_atomically(target, part.read_bytes())  # another process may build the same
    return target


def simulate(
    program: Path, work: Path, script: Sequence[str], *, trace: bool,
    window: Window | None = None, **plusargs: object,
) -> list[str]:
    """Run a testbench on a script; the lines that it printed.

    With ``trace`` it leaves ``trace.txt`` in ``work``; see `read_trace`.

    Raises
    ------
    InputError
        If the simulator fails, or the host's side of the contract was broken.
    """
    return run_program(
        ["vvp", "-n", str(program.resolve())], work, script, trace=trace, window=window, **plusargs
    )


def read_trace(work: Path, trace_bits: int) -> npt.NDArray[np.uint8]:
    """(cycles, trace_bits) characters 0, 1, x or z, the highest bits first."""
    rows = np.fromfile(work / "trace.txt", dtype=np.uint8)
    return rows.reshape(-1, trace_bits + 1)[:, :trace_bits]
