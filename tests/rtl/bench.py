"""What the RTL tests share: where the Verilog is, cached builds, comparison with a model."""

from __future__ import annotations

import contextlib
import io
from contextlib import redirect_stdout
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from cocotb_tools.runner import get_runner

from accelsim.machines import run_job
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.rtl_bridge import icarus
from accelsim.rtl_bridge.cosim import counter_difference
from accelsim.rtl_bridge.run import run_layer

ROOT = Path(__file__).parents[2]
RTL = ROOT / "rtl"
UNITS = icarus.units_of(EIE, RTL)  # module to file: EIE's own, and those that machines share
# cocotb would rewrite the assertions of every module that a bench imports, Numba's included.
REWRITTEN = {"COCOTB_REWRITE_ASSERTION_FILES": "test_*.py"}
BUILDS = Path(__file__).parent / "sim_build"  # kept between runs


def difference(config, job, rtl, engine="fast"):
    """The first thing in which an `RtlResult` is not the engine's result, in words, or None."""
    model = run_job(engine, config, job)
    if rtl.outputs is None:
        return f"no outputs after {rtl.cycles} cycles"
    if not np.array_equal(rtl.outputs, model.outputs):
        at = int(np.argmax(rtl.outputs != model.outputs))
        return f"output {at}: {rtl.outputs[at]} != {model.outputs[at]}"
    if rtl.cycles != model.counters.cycles:
        return f"cycles: {rtl.cycles} != {model.counters.cycles}"
    return counter_difference(rtl, model.counters)


def disagreement(case, **options):
    """Run one case on the array; the first difference to the fast engine, or None."""
    rtl = run_layer(case.config, case.job, [RTL], BUILDS, **options)
    return difference(case.config, case.job, rtl)


def simulate_unit(unit, module, parameters, testcase=None):
    """Run the cocotb tests of ``module`` on one unit; fails with the first of their messages."""
    name = "_".join([unit, *(f"{k}{v}" for k, v in parameters.items())])
    runner = get_runner("icarus")
    with redirect_stdout(io.StringIO()):
        runner.build(
            sources=sorted(UNITS.values()), hdl_toplevel=unit, parameters=parameters,
            build_dir=BUILDS / name, timescale=("1ns", "1ps"), log_file=BUILDS / f"{name}.log",
        )
        results = BUILDS / name / f"{module.rpartition('.')[2]}.xml"
        with contextlib.suppress(SystemExit):  # a failed test; the file says more
            runner.test(
                hdl_toplevel=unit, test_module=module, testcase=testcase, seed=1,
                results_xml=str(results), extra_env=REWRITTEN,
                log_file=BUILDS / name / "simulation.log",
            )
    cases = list(ElementTree.parse(results).iter("testcase"))
    assert cases, f"{module} holds no cocotb test"
    for case in cases:
        for failure in case.iter("failure"):
            text = failure.get("error_msg") or failure.get("message") or failure.text
            pytest.fail(f"{unit} {parameters}, {case.get('name')}: {text}", pytrace=False)
