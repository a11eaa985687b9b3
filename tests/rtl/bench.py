"""What the RTL tests share: where the Verilog is, cached builds, comparison with a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from accelsim.engines import run_job
from accelsim.rtl_bridge.cosim import counter_difference
from accelsim.rtl_bridge.run import run_layer

ROOT = Path(__file__).parents[2]
RTL = ROOT / "rtl"
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
