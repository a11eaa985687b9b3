"""What the tests of ESE's Verilog share: where it is, and cached builds of cocotb benches."""

from __future__ import annotations

import contextlib
import io
import os
from contextlib import redirect_stdout
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cocotb_tools.runner import get_runner

ROOT = Path(__file__).parents[2]
RTL = ROOT / "rtl"
UNITS = {path.stem: path for folder in ("common", "ese") for path in (RTL / folder).glob("*.v")}
REWRITTEN = {"COCOTB_REWRITE_ASSERTION_FILES": "test_*.py"}
BUILDS = Path(__file__).parent / "sim_build"  # kept between runs


def simulate_unit(unit, module, parameters, testcase=None, extra=(), environment=None):
    """Run the cocotb tests of ``module`` on one unit; fails with the first of their messages.

    ``extra`` are more Verilog files, ``environment`` is what the cocotb test reads.
    """
    name = "_".join([unit, *(str(v) for v in parameters.values())])[:180]
    runner = get_runner("icarus")
    with redirect_stdout(io.StringIO()):
        runner.build(
            sources=[*sorted(UNITS.values()), *extra], hdl_toplevel=unit, parameters=parameters,
            build_dir=BUILDS / name, timescale=("1ns", "1ps"), log_file=BUILDS / f"{name}.log",
        )
        results = BUILDS / name / f"{module.rpartition('.')[2]}_{os.getpid()}.xml"
        with contextlib.suppress(SystemExit):  # a failed test; the file says more
            runner.test(
                hdl_toplevel=unit, test_module=module, testcase=testcase, seed=1,
                results_xml=str(results), extra_env={**REWRITTEN, **(environment or {})},
                log_file=BUILDS / name / "simulation.log",
            )
    cases = list(ElementTree.parse(results).iter("testcase"))
    assert cases, f"{module} holds no cocotb test"
    for case in cases:
        for failure in case.iter("failure"):
            text = failure.get("error_msg") or failure.get("message") or failure.text
            pytest.fail(f"{unit} {parameters}, {case.get('name')}: {text}", pytrace=False)


def part(port, number, bits):
    """Part ``number`` of a flat port, part 0 in the lowest bits; None with an unknown bit."""
    text = str(port.value)
    digits = text[len(text) - (number + 1) * bits : len(text) - number * bits]
    return int(digits, 2) if set(digits) <= {"0", "1"} else None
