"""Dependencies: ranges for users, exact versions for CI, and the latter inside the former."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.install.environments import CONSTRAINTS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DIRECT = [Requirement(text) for part in (
    PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()) for text in part]
LINES = [line for line in CONSTRAINTS.read_text("utf-8").splitlines()
         if line and not line.startswith("#")]
PIN = re.compile(r"([a-z0-9][a-z0-9-]*)==([0-9][0-9A-Za-z.]*)")


def pins() -> dict[str, Version]:
    found = [PIN.fullmatch(line) for line in LINES]
    return {match[1]: Version(match[2]) for match in found if match}


def test_constraints_are_names_and_versions_alone() -> None:
    """No hash, no address, no range; each package once."""
    assert [line for line in LINES if not PIN.fullmatch(line)] == []
    assert len(pins()) == len(LINES)


@pytest.mark.parametrize("wanted", DIRECT, ids=str)
def test_a_range_holds_its_pin(wanted: Requirement) -> None:
    name = canonicalize_name(wanted.name)
    assert name in pins(), f"{name} is not in .ci/constraints.txt"
    assert wanted.specifier.contains(pins()[name])
    signs = {one.operator for one in wanted.specifier}
    assert ">=" in signs, "its lowest version is not said"
    assert not signs & {"==", "===", "~="}, "a team's environment may hold another"


def test_a_pin_outside_of_its_range_is_seen() -> None:
    numpy = next(one for one in DIRECT if one.name == "numpy")
    assert not numpy.specifier.contains(Version("1.26.4"))
    assert PIN.fullmatch("numpy==2.4.6 --hash=sha256:00") is None


def test_every_install_keeps_to_the_constraints() -> None:
    """Of the Makefile, which .ci/run calls."""
    done = subprocess.run(["make", "-n", "-B", "demo", "test", "slow", "notebooks", "wheels"],
                          cwd=ROOT, capture_output=True, text=True, check=True)
    installs = [line for line in done.stdout.splitlines() if "pip install" in line]
    assert len(installs) >= 4
    assert all("--constraint .ci/constraints.txt" in line for line in installs)
