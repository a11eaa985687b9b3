"""Prove properties of the Verilog: ``python rtl/formal/prove.py [NAME ...] [--write]``.

Yosys turns a harness ``<name>_formal.v`` and its units into SMT2; yosys-smtbmc and z3 prove it by
induction, or for every run of so many cycles from reset. ``--write`` renews the table of
rtl/README.md with the times of this run; ``--solver yices`` asks a second solver.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RTL = HERE.parent
UNITS = {path.stem: path for folder in ("common", "eie") for path in RTL.glob(f"{folder}/*.v")}
ESE = HERE / "ese" / "proofs.toml"
_EVERY = UNITS | {path.stem: path for path in RTL.glob("ese/*.v")}
TIMEOUT_S = 1800
SOLVERS = {"z3": "z3", "yices": "yices-smt2"}
"""By the name that yosys-smtbmc knows: their programs."""

# Registers behind memories become wires, so that the harness can name them. A harness wire that
# found no partner keeps its hierconn; words beyond a small memory are the exception.
_SCRIPT = """
read_verilog -formal {sources}
hierarchy -check -top {top} {parameters}
proc
opt_expr
memory_collect
memory_map
flatten
select -assert-none a:hierconn w:*mem* %d
async2sync
opt -fast
dffunmap
write_smt2 -wires {smt2}
"""


class ProofError(RuntimeError):
    """A tool is missing or did not end with a verdict."""


@dataclass(frozen=True)
class Bug:
    """A fault that a harness must find: ``old`` becomes ``new`` in a unit."""

    unit: str
    old: str
    new: str
    cycles: int
    parameters: Mapping[str, int]


@dataclass(frozen=True)
class Proof:
    """One harness; see proofs.toml. It has ``steps`` of an induction, or ``cycles`` of a run.

    ``solver`` is the one that ends it within minutes, where both do, z3.
    """

    name: str
    says: str
    units: tuple[str, ...]
    steps: int
    parameters: tuple[Mapping[str, int], ...]
    bugs: tuple[Bug, ...]
    folder: Path = HERE
    cycles: int = 0
    solver: str = "z3"

    def row(self) -> str:
        """Its row of the table, up to the seconds."""
        named = "; ".join(
            f"{key} {', '.join(str(each[key]) for each in self.parameters)}"
            for key in self.parameters[0]
        ) or "fixed"
        how = f"induction, {self.steps} step{'s' * (self.steps > 1)}"
        if self.cycles:
            how = f"every run of {self.cycles} cycles"
        if self.solver != "z3":
            how += f", {self.solver}"
        return f"| {self.name} | {self.says} | {how} | {named} |"


@dataclass(frozen=True)
class Verdict:
    """What the solver found.

    Attributes
    ----------
    passed : no assertion can fail
    failed : file and line of the assertion that can, or None
    seconds : wall clock, Yosys included
    """

    passed: bool
    failed: str | None
    seconds: float


def load_proofs(path: Path = HERE / "proofs.toml") -> list[Proof]:
    """Read the list of proofs."""
    return [_proof(name, item, path.parent)
            for name, item in tomllib.loads(path.read_text()).items()]


def prove(proof: Proof, parameters: Mapping[str, int], solver: str | None = None) -> Verdict:
    """Base case and induction, or every run, on the units as they are.

    Raises
    ------
    ProofError
        If a tool is missing or gives up.
    """
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        smt2 = _translate(proof, parameters, Path(folder), {})
        runs = [["-t", str(proof.steps)], ["-t", str(proof.steps), "-i"]]
        if proof.cycles:  # assumptions that no run keeps would prove anything
            runs = [["--presat", "-t", str(proof.cycles)]]
        for arguments in runs:
            failed = _solve(smt2, arguments, solver or proof.solver)
            if failed is not None:
                return Verdict(False, failed, time.perf_counter() - started)
        return Verdict(True, None, time.perf_counter() - started)


def hunt(proof: Proof, bug: Bug) -> Verdict:
    """Run the harness from reset on units with a bug planted; nothing is assumed of the start.

    Raises
    ------
    ProofError
        As `prove`; or if the text to be replaced is not there exactly once.
    """
    source = _EVERY[bug.unit].read_text()
    if source.count(bug.old) != 1:
        raise ProofError(f"{bug.unit}.v holds {source.count(bug.old)} times: {bug.old}")
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        changed = Path(folder) / f"{bug.unit}.v"
        changed.write_text(source.replace(bug.old, bug.new))
        smt2 = _translate(proof, bug.parameters, Path(folder), {bug.unit: changed})
        failed = _solve(smt2, ["-t", str(bug.cycles)], proof.solver)
        return Verdict(failed is None, failed, time.perf_counter() - started)


def _proof(name: str, item: dict[str, Any], folder: Path) -> Proof:
    bugs = tuple(
        Bug(
            bug["unit"], bug["old"], bug["new"], bug["cycles"],
            bug.get("parameters", item["parameters"][0]),
        )
        for bug in item["bugs"]
    )
    return Proof(
        name, item["says"], tuple(item["units"]), item.get("steps", 0), tuple(item["parameters"]),
        bugs, folder, item.get("cycles", 0), item.get("solver", "z3"),
    )


def _translate(
    proof: Proof, parameters: Mapping[str, int], folder: Path, changed: Mapping[str, Path]
) -> Path:
    sources = [proof.folder / f"{proof.name}_formal.v"]
    sources += [changed.get(unit, _EVERY[unit]) for unit in proof.units]
    smt2 = folder / "model.smt2"
    script = folder / "model.ys"
    script.write_text(_SCRIPT.format(
        sources=" ".join(f'"{path}"' for path in sources), top=f"{proof.name}_formal",
        parameters=" ".join(f"-chparam {key} {value}" for key, value in parameters.items()),
        smt2=f'"{smt2}"',
    ))
    _run(["yosys", "-q", str(script)])
    return smt2


def _solve(smt2: Path, arguments: Sequence[str], solver: str = "z3") -> str | None:
    """The assertion that fails, or None if all hold."""
    _need(SOLVERS[solver])
    text = _run(["yosys-smtbmc", "-s", solver, *arguments, str(smt2)], statuses=(0, 1))
    if "Status: PASSED" in text:
        return None
    match = re.search(r"Assert failed in \S+: (\S+?:\d+)", text)
    if "Status: FAILED" not in text or match is None:
        raise ProofError(f"yosys-smtbmc gave no verdict: {text.strip().splitlines()[-1:]}")
    return Path(match[1]).name


def _need(tool: str) -> None:
    if shutil.which(tool) is None:
        raise ProofError(f"{tool} is not installed (remedy: make formal, which installs it)")


def _run(command: list[str], statuses: tuple[int, ...] = (0,)) -> str:
    _need(command[0])
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise ProofError(f"{command[0]} took more than {TIMEOUT_S} s") from None
    if done.returncode not in statuses:
        raise ProofError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def table(proofs: Sequence[Proof], solver: str | None = None) -> str:
    """Prove everything and tell it as a table."""
    rows = ["| harness | proved | how | parameters of its runs | s |", "| --- " * 5 + "|"]
    for proof in proofs:
        seconds = 0.0
        for parameters in proof.parameters:
            verdict = prove(proof, parameters, solver)
            seconds += verdict.seconds
            if not verdict.passed:
                raise ProofError(f"{proof.name} {dict(parameters)}: {verdict.failed} can fail")
        rows.append(f"{proof.row()} {seconds:.1f} |")
    return "\n".join(rows)


def main() -> int:
    """Print the tables of proofs, or write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="proofs; all if none is named")
    parser.add_argument("--solver", choices=sorted(SOLVERS), help="in place of each proof's own")
    parser.add_argument("--machine", choices=["eie", "ese"], help="its units alone")
    parser.add_argument("--write", action="store_true",
                        help="renew their rows of rtl/README.md and rtl/ese/README.md")
    arguments = parser.parse_args()
    for machine, path, readme in (("eie", HERE / "proofs.toml", RTL / "README.md"),
                                  ("ese", ESE, RTL / "ese" / "README.md")):
        if arguments.machine not in (None, machine):
            continue
        listed = load_proofs(path)
        named = [proof for proof in listed
                 if proof.name in arguments.names or not arguments.names]
        try:
            text = table(named, arguments.solver)
        except ProofError as error:
            print(f"prove: error: {error}", file=sys.stderr)
            return 2
        print(text)
        if arguments.write:
            write(readme, text, listed)
    return 0


def write(readme: Path, text: str, listed: Sequence[Proof]) -> None:
    """Renew rows of a page's table of proofs, between its markers."""
    before, begin, rest = readme.read_text().partition("<!-- proofs: begin -->\n")
    old, end, after = rest.partition("<!-- proofs: end -->")
    head, rows = text.splitlines()[:2], [*old.splitlines()[2:], *text.splitlines()[2:]]
    by_name = {row.split(" | ")[0].removeprefix("| "): row for row in rows}
    kept = [by_name[proof.name] for proof in listed if proof.name in by_name]
    readme.write_text(f"{before}{begin}{chr(10).join([*head, *kept])}\n{end}{after}")


if __name__ == "__main__":
    sys.exit(main())
