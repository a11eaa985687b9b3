"""Runs of cocotb benches on one unit; what fails leaves a waveform and the command that replays it.

    python -m accelsim.rtl_bridge.bench_run act_queue my_bench -P Depth=3 --testcase lock_step
"""

from __future__ import annotations

import argparse
import contextlib
import io
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from accelsim.errors import AccelsimError, InputError
from accelsim.machines import DEFAULT_MACHINE, get_machine
from accelsim.rtl_bridge.sources import build_name, units_of, user_builds
from accelsim.shipped import data_folder

_MODULE = "accelsim.rtl_bridge.bench_run"


@dataclass(frozen=True)
class Failure:
    """A test of a bench that failed.

    Attributes
    ----------
    message : of the assertion
    waveform : of the same run once more, FST; None if the simulator left none
    replay : command that runs it again
    """

    test: str
    message: str
    waveform: Path | None
    replay: str

    def __str__(self) -> str:
        wave = f"; waveform {self.waveform}" if self.waveform else ""
        return f"{self.test}: {self.message}{wave}; replay: {self.replay}"


@dataclass(frozen=True)
class BenchReport:
    """What the tests of a bench gave.

    Attributes
    ----------
    tests : names, in the order of their run
    results : JUnit XML of the run
    """

    unit: str
    tests: tuple[str, ...]
    failures: tuple[Failure, ...]
    results: Path

    @property
    def passed(self) -> bool:
        """Whether there were tests and all passed."""
        return bool(self.tests) and not self.failures


def run_bench(
    unit: str, module: str, parameters: Mapping[str, int], *,
    testcase: str | None = None, seed: int = 1, rtl_dirs: Sequence[Path] = (),
    build_dir: Path | None = None, machine: str = DEFAULT_MACHINE, sim: str = "icarus",
    waves: bool = False, again: bool = True,
) -> BenchReport:
    """Run the cocotb tests of a Python module on a unit.

    Parameters
    ----------
    module : importable by the simulator's Python; on ``PYTHONPATH``
    parameters : of the unit, by Verilog name
    testcase : this test alone
    seed : of ``random`` in the simulator's Python (cocotb.RANDOM_SEED)
    rtl_dirs : folders with modules of one's own, which go before the project's
    build_dir : where builds stay; None is the user's cache
    machine : whose Verilog it is
    sim : a simulator of cocotb; Verilator must be 5.036 or newer
    waves : leave a waveform whether a test fails or not
    again : run a test that fails once more, for its waveform

    Raises
    ------
    InputError
        If there is no such unit, it does not compile, or the module has no such test.
    """
    units: dict[str, Path] = {}
    for folder in (*rtl_dirs, data_folder("rtl")):
        units = units_of(get_machine(machine).part("rtl"), folder) | units
    if unit not in units:
        raise InputError(f"{unit}: no such unit; there are {', '.join(sorted(units))}")
    files = sorted(units.values())
    place = (build_dir or user_builds()) / f"{unit}_{build_name((unit, sim), files, parameters)}"
    results = place / f"{module.rpartition('.')[2]}_{testcase or 'all'}.xml"
    _cocotb(unit, module, parameters, files, place, results, testcase, seed, sim, waves)
    cases = list(ElementTree.parse(results).iter("testcase")) if results.exists() else []
    if not cases:
        raise InputError(f"{module}: holds no cocotb test{f' {testcase}' if testcase else ''}, or "
                         f"cannot be imported; {place / 'simulation.log'} says more")
    failures = []
    for case in cases:
        wrong = next(iter((*case.iter("failure"), *case.iter("error"))), None)
        if wrong is None:
            continue
        name = case.get("name", "?")
        message = wrong.get("error_msg") or wrong.get("message") or wrong.text or "failed"
        second = place.with_name(f"{place.name}_waves")
        if again and not waves:
            _cocotb(unit, module, parameters, files, second, second / "again.xml", name, seed, sim,
                    True)
        found = sorted((place if waves else second).glob(f"{unit}.[fv][sc][td]"))
        failures.append(Failure(name, message.strip(), found[0] if found else None, _command(
            unit, module, parameters, name, seed, rtl_dirs, build_dir, machine, sim)))
    return BenchReport(unit, tuple(c.get("name", "?") for c in cases), tuple(failures), results)


def _cocotb(
    unit: str, module: str, parameters: Mapping[str, int], files: Sequence[Path], place: Path,
    results: Path, testcase: str | None, seed: int, sim: str, waves: bool,
) -> None:
    """One build and one run; a failing test is in the results."""
    # Late: an extra of the project.
    try:
        from cocotb_tools.runner import get_runner
    except ImportError:
        raise InputError("cocotb is not installed; install the extra 'rtl'") from None

    place.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    runner = get_runner(sim)
    log = place / "build.log"
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            runner.build(
                sources=list(files), hdl_toplevel=unit, parameters=dict(parameters),
                build_dir=place, timescale=("1ns", "1ps"), log_file=log, waves=waves,
            )
        except (SystemExit, RuntimeError):
            raise InputError(f"{unit} does not compile; {log} says why") from None
        with contextlib.suppress(SystemExit, RuntimeError):  # a failed test; the file says more
            runner.test(
                hdl_toplevel=unit, test_module=module, testcase=testcase, seed=seed,
                results_xml=str(results), log_file=place / "simulation.log", waves=waves,
                # cocotb would rewrite the assertions of every module that a bench imports.
                extra_env={"COCOTB_REWRITE_ASSERTION_FILES": f"{module.rpartition('.')[2]}.py"},
            )


def _command(
    unit: str, module: str, parameters: Mapping[str, int], testcase: str, seed: int,
    rtl_dirs: Sequence[Path], build_dir: Path | None, machine: str, sim: str,
) -> str:
    words = ["python", "-m", _MODULE, unit, module]
    words += [word for name, value in parameters.items() for word in ("-P", f"{name}={value}")]
    words += ["--testcase", testcase, "--seed", str(seed)]
    words += [word for folder in rtl_dirs for word in ("--rtl-dir", str(folder))]
    words += ["--build-dir", str(build_dir)] if build_dir else []
    words += ["-m", machine] if machine != DEFAULT_MACHINE else []
    words += ["--sim", sim] if sim != "icarus" else []
    return shlex.join([*words, "--waves"])


def main() -> int:
    """Run from the command line: 0 passed, 1 failed, 2 a mistake, told in one line."""
    parser = argparse.ArgumentParser(prog=f"python -m {_MODULE}", description=__doc__)
    parser.add_argument("unit")
    parser.add_argument("module", help="importable Python module with cocotb tests")
    parser.add_argument("-P", dest="parameters", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--testcase")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rtl-dir", type=Path, action="append", default=[])
    parser.add_argument("--build-dir", type=Path)
    parser.add_argument("-m", "--machine", default=DEFAULT_MACHINE)
    parser.add_argument("--sim", default="icarus")
    parser.add_argument("--waves", action="store_true", help="leave a waveform in any case")
    given = parser.parse_args()
    try:
        values = {name: int(value) for name, _, value in (p.partition("=") for p in
                                                          given.parameters)}
        report = run_bench(
            given.unit, given.module, values, testcase=given.testcase, seed=given.seed,
            rtl_dirs=given.rtl_dir, build_dir=given.build_dir, machine=given.machine,
            sim=given.sim, waves=given.waves,
        )
    except ValueError:
        parser.error("-P takes NAME=VALUE with an integer")
    except AccelsimError as problem:
        print(f"bench: error: {problem}", file=sys.stderr)
        return 2
    for failure in report.failures:
        print(failure)
    print(f"{report.unit}: {len(report.tests) - len(report.failures)} of {len(report.tests)} tests "
          f"passed; {report.results}")
    return int(not report.passed)


if __name__ == "__main__":
    sys.exit(main())
