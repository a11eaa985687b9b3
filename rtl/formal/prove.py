"""Prove the safety properties of the Verilog units: ``python rtl/formal/prove.py [--write]``.

Yosys turns a harness ``<name>_formal.v`` and its units into SMT2; yosys-smtbmc and z3 prove it by
induction. ``--write`` renews the table of rtl/README.md with the times of this run.
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
TIMEOUT_S = 600

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
    """One harness; see proofs.toml."""

    name: str
    says: str
    units: tuple[str, ...]
    steps: int
    parameters: tuple[Mapping[str, int], ...]
    bugs: tuple[Bug, ...]
    folder: Path = HERE

    def row(self) -> str:
        """Its row of the table, up to the seconds."""
        named = "; ".join(
            f"{key} {', '.join(str(each[key]) for each in self.parameters)}"
            for key in self.parameters[0]
        ) or "fixed"
        how = f"induction, {self.steps} step{'s' * (self.steps > 1)}"
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


def prove(proof: Proof, parameters: Mapping[str, int]) -> Verdict:
    """Base case and induction, on the units as they are.

    Raises
    ------
    ProofError
        If a tool is missing or gives up.
    """
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        smt2 = _translate(proof, parameters, Path(folder), {})
        for arguments in (["-t", str(proof.steps)], ["-t", str(proof.steps), "-i"]):
            failed = _solve(smt2, arguments)
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
        failed = _solve(smt2, ["-t", str(bug.cycles)])
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
        name, item["says"], tuple(item["units"]), item["steps"], tuple(item["parameters"]), bugs,
        folder,
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


def _solve(smt2: Path, arguments: Sequence[str]) -> str | None:
    """The assertion that fails, or None if all hold."""
    _need("z3")
    text = _run(["yosys-smtbmc", "-s", "z3", *arguments, str(smt2)], statuses=(0, 1))
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


def table(proofs: Sequence[Proof]) -> str:
    """Prove everything and tell it as a table."""
    rows = ["| harness | proved | how | parameters of its runs | s |", "| --- " * 5 + "|"]
    for proof in proofs:
        seconds = 0.0
        for parameters in proof.parameters:
            verdict = prove(proof, parameters)
            seconds += verdict.seconds
            if not verdict.passed:
                raise ProofError(f"{proof.name} {dict(parameters)}: {verdict.failed} can fail")
        rows.append(f"{proof.row()} {seconds:.1f} |")
    return "\n".join(rows)


def main() -> int:
    """Print the tables of proofs, or write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true",
                        help="renew the tables of rtl/README.md and rtl/ese/README.md")
    parser.add_argument("--machine", choices=["eie", "ese"], help="its units alone")
    arguments = parser.parse_args()
    for machine, path, readme in (("eie", HERE / "proofs.toml", RTL / "README.md"),
                                  ("ese", ESE, RTL / "ese" / "README.md")):
        if arguments.machine not in (None, machine):
            continue
        try:
            text = table(load_proofs(path))
        except ProofError as error:
            print(f"prove: error: {error}", file=sys.stderr)
            return 2
        print(text)
        if arguments.write:
            write(readme, text)
    return 0


def write(readme: Path, text: str) -> None:
    """Renew the table of proofs of a page, between its markers."""
    before, begin, rest = readme.read_text().partition("<!-- proofs: begin -->\n")
    _, end, after = rest.partition("<!-- proofs: end -->")
    readme.write_text(f"{before}{begin}{text}\n{end}{after}")


if __name__ == "__main__":
    sys.exit(main())
