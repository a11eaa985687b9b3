"""The large sizes on the array, and a layer that starts in the very cycle in which one is done."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.machines.eie.rtl.images import START
from accelsim.rtl_bridge import icarus, run_layer
from accelsim.rtl_bridge.cosim import counter_difference
from accelsim.rtl_bridge.simulator import Reader, workspace
from accelsim.rtl_bridge.trace import first_difference, unpack
from tests.contracts.cases import make_case
from tests.rtl.conv_cases import LONG, conv_case
from tests.rtl.large_cases import LARGE, large_case

_CHUNK = 1000  # cycles of a trace taken apart at once
_BATCHES = {
    "words": {"seed": 3, "n_in": 30, "n_out": 20, "weights": 0.3, "active": 0.7, "bias": "exact",
              "values": "any", "shift": 14},
    "overrides": {"n_pe": 2, "regfile_depth": 4, "capacity": "check", "act_sram_kb": 0.25,
                  "pointer_kb": 1.0, "spmat_kb": 1.0},
}


@cache
def _model(name: str):
    case = large_case(name) if name in LARGE else None
    config, job = conv_case(LONG) if case is None else (case.config, case.job)
    parameters = EIE.parameters(config, [(job, None)], trace=True)
    return config, job, parameters, *EIE.expected(config, job, parameters)


def large_fault(name: str, rtl_dirs: Sequence[Path], build_dir: Path) -> str | None:
    """The first difference of a case of `LARGE`, or of the "long map", to the model, in words, or
    None."""
    config, job, parameters, model, fields = _model(name)
    rtl = run_layer(config, job, rtl_dirs, build_dir, trace=True, backdoor=True,
                    limit=2 * model.counters.cycles + 1000)
    for at in range(0, max(1, min(len(rtl.trace), model.counters.cycles)), _CHUNK):
        part = {key: values[at : at + _CHUNK] for key, values in fields.items()}
        found = first_difference(part, unpack(parameters, rtl.trace[at : at + _CHUNK]))
        if found is not None and found.signal != "running":
            return f"from cycle {at} on: {found}"
    if rtl.cycles != model.counters.cycles:
        return f"cycles: {rtl.cycles} != {model.counters.cycles}"
    if rtl.outputs is None or not np.array_equal(rtl.outputs, model.outputs):
        return "outputs"
    return counter_difference(rtl, model.counters)


def back_to_back_fault(rtl_dirs: Sequence[Path], build_dir: Path, **overrides: int) -> str | None:
    """A layer that is started again in the cycle of ``done_o`` runs again as if for the first time.

    It loads its inputs and stores its outputs, so nothing but the register files differs.
    """
    case = make_case(**_BATCHES["words"], overrides=_BATCHES["overrides"] | overrides)
    jobs = [(case.job, None)]
    model = EIE.expected(case.config, case.job, EIE.parameters(case.config, jobs))[0]
    values = icarus.bench_values(EIE.parameters(case.config, jobs), False)
    program = icarus.build(EIE, EIE.testbench, values, rtl_dirs, build_dir)
    script = EIE.script(case.config, jobs, True, ())
    at = script.index(START)
    with workspace(build_dir) as work:
        lines = icarus.simulate(
            program, work, [*script[:at], START, START, *script[at:]], trace=False,
            limit=2 * model.counters.cycles + 1000,
        )
    told = f"cycles {model.counters.cycles}"
    if lines[:3] != [told] * 3:
        return f"{lines[:3]}, expected {told} three times"
    outputs, counters = EIE.read_back(case.config, case.job, True, Reader(lines[3:]).take)
    if outputs is None or not np.array_equal(outputs, model.outputs):
        return "outputs of the last of three runs"
    for name, got in counters.items():
        want = getattr(model.counters, name)
        if not np.array_equal(got, want):
            return f"{name}: {got} != {want}"
    return None


def every_large_bench(build_dir: Path):
    """All of them as (folders) to a difference, the quick ones first."""
    def sees(name):
        return lambda rtl_dirs: large_fault(name, rtl_dirs, build_dir)

    return [lambda rtl_dirs: back_to_back_fault(rtl_dirs, build_dir), sees("long map"),
            *map(sees, sorted(LARGE, key=lambda name: LARGE[name][0]["n_pe"]))]
