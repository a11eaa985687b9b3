"""The proofs of rtl/formal/ese hold, and each of them finds the bugs that are planted for it."""

import os
import sys
from pathlib import Path

import pytest

from rtl.formal.prove import ESE, hunt, load_proofs, prove

PROOFS = load_proofs(ESE)


@pytest.fixture(autouse=True)
def _tools_of_this_environment(monkeypatch):
    """z3 comes with the Python package and lies beside the interpreter."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(("proof", "number"), [
    pytest.param(proof, number, id=f"{proof.name}-{number}",
                 marks=() if number == 0 else pytest.mark.slow)
    for proof in PROOFS for number in range(len(proof.parameters))
])
def test_proved_by_induction(proof, number):
    verdict = prove(proof, proof.parameters[number])
    assert verdict.passed, f"{verdict.failed} can fail"


@pytest.mark.slow
@pytest.mark.parametrize(("proof", "bug"), [
    pytest.param(proof, bug, id=f"{proof.name}-{bug.unit}-{number}")
    for proof in PROOFS for number, bug in enumerate(proof.bugs)
])
def test_a_planted_bug_is_found_from_reset(proof, bug):
    verdict = hunt(proof, bug)
    assert not verdict.passed, f"{proof.name}_formal.v lets it pass: {bug.new}"


def test_every_harness_is_proved_and_has_a_bug():
    assert {f"{p.name}_formal" for p in PROOFS} == {path.stem for path in ESE.parent.glob("*.v")}
    assert all(proof.bugs and proof.parameters for proof in PROOFS)
