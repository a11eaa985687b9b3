"""What the RTL tests share: where the Verilog is, cached builds, comparison with a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from accelsim.machines import run_job
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.rtl_bridge import icarus
from accelsim.rtl_bridge.bench_run import run_bench
from accelsim.rtl_bridge.cosim import counter_difference
from accelsim.rtl_bridge.run import run_layer

ROOT = Path(__file__).parents[2]
RTL = ROOT / "rtl"
GATED = RTL / "gated"  # goes first where clocks are to be held back
UNITS = icarus.units_of(EIE, RTL)  # module to file: EIE's own, and those that machines share
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
    """Run one case on the array; the first difference to the fast engine, with a waveform and the
    command that replays it, or None."""
    from tests.rtl.replay import shown

    rtl = run_layer(case.config, case.job, [RTL], BUILDS, **options)
    told = difference(case.config, case.job, rtl)
    return told and f"{told}; {shown(case.words)}"


def simulate_unit(unit, module, parameters, testcase=None):
    """Run the cocotb tests of ``module`` on one unit; fails with the first of their messages, which
    ends with the waveform and the command that replays it."""
    report = run_bench(unit, module, parameters, testcase=testcase, build_dir=BUILDS)
    if not report.passed:
        pytest.fail(f"{unit} {parameters}, {report.failures[0]}", pytrace=False)
