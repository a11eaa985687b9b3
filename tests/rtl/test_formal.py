"""The proofs of rtl/formal hold, and each of them finds the bugs that are planted for it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rtl.formal.prove import HERE, UNITS, Bug, Proof, ProofError, hunt, load_proofs, prove

PROOFS = load_proofs()


@pytest.fixture(autouse=True)
def _tools_of_this_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """z3 comes with the Python package and lies beside the interpreter."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def runs() -> Iterator[object]:
    """Those that take ten seconds or more are slow."""
    for proof in PROOFS:
        for parameters in proof.parameters:
            named = "-".join(f"{key}{value}" for key, value in parameters.items())
            long = proof.cycles > 10 or parameters.get("NPe", 0) > 17
            yield pytest.param(proof, parameters, id=f"{proof.name}-{named}",
                               marks=pytest.mark.slow if long else ())


@pytest.mark.parametrize(("proof", "parameters"), list(runs()))
def test_proved_by_induction(proof: Proof, parameters: dict[str, int]) -> None:
    verdict = prove(proof, parameters)
    assert verdict.passed, f"{verdict.failed} can fail"


@pytest.mark.slow
@pytest.mark.parametrize("proof", [proof for proof in PROOFS if proof.solver == "z3"],
                         ids=lambda proof: proof.name)
def test_a_second_solver_says_the_same(proof: Proof) -> None:
    assert prove(proof, proof.parameters[0], "yices").passed


def test_every_register_with_a_reset_is_in_the_proof_of_reset() -> None:
    """Read from what the units assign while rst_ni is low."""
    text = (HERE / "reset_formal.v").read_text()
    for unit, path in UNITS.items():
        for block in re.findall(r"if \(!rst_ni\) begin\n(.*?)\n    end", path.read_text(), re.S):
            names = re.findall(r"\w+", " ".join(re.findall(r"^\s*(.*?)\s*<=", block, re.M)))
            assert names
            missing = [name for name in names if f".{name} == " not in text]
            assert missing == [] or unit == "gather", (unit, missing)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("proof", "bug"),
    [
        pytest.param(proof, bug, id=f"{proof.name}-{bug.unit}-{number}")
        for proof in PROOFS for number, bug in enumerate(proof.bugs)
    ],
)
def test_a_planted_bug_is_found_from_reset(proof: Proof, bug: Bug) -> None:
    verdict = hunt(proof, bug)
    assert not verdict.passed, f"{proof.name}_formal.v lets it pass: {bug.new}"
    assert verdict.failed is not None
    assert verdict.failed.startswith(f"{proof.name}_formal.v:")


def test_every_harness_is_proved_and_has_a_bug() -> None:
    assert {f"{p.name}_formal" for p in PROOFS} == {path.stem for path in HERE.glob("*.v")}
    assert all(proof.bugs and proof.parameters for proof in PROOFS)


def test_a_text_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ProofError, match="holds 0 times"):
        hunt(PROOFS[0], Bug("act_queue", "not in the file", "", 1, {}))


def test_a_wire_without_a_partner_is_an_error(tmp_path: Path) -> None:
    """A renamed register must not turn an invariant into one about an arbitrary value."""
    text = (HERE / "ptr_read_formal.v").read_text()
    wire = "  (* hierconn *) wire \\dut.renamed_q ;\n  wire seen = \\dut.renamed_q ;\nendmodule"
    (tmp_path / "ptr_read_formal.v").write_text(text.replace("endmodule", wire))
    proof = next(proof for proof in PROOFS if proof.name == "ptr_read")
    with pytest.raises(ProofError, match="yosys failed"):
        prove(replace(proof, folder=tmp_path), {})


@pytest.mark.parametrize("unit", [
    pytest.param(unit, marks=() if unit == "eie_array" else pytest.mark.slow)
    for unit in sorted(UNITS)
])
def test_yosys_reads_every_unit_alone(unit: str) -> None:
    """With its submodules and default parameters: no latch, no double driver, no loop."""
    sources = " ".join(f'"{path}"' for path in sorted(UNITS.values()))
    done = subprocess.run(
        ["yosys", "-q", "-p", f"read_verilog {sources}; hierarchy -check -top {unit}; proc; "
         "select -assert-none t:$dlatch t:$adlatch; opt_clean; check -assert"],
        capture_output=True, text=True, timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert not re.search(r"^Warning(?!.*memory)", done.stderr, re.MULTILINE), done.stderr
