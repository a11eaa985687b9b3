"""The runs that functional coverage is measured on."""

from __future__ import annotations

from functools import cache

from accelsim.machines.eie.rtl.params import rtl_parameters
from accelsim.rtl_bridge.run import run_layer
from accelsim.rtl_bridge.trace import unpack
from tests.contracts.cases import make_case
from tests.rtl.bench import BUILDS, RTL, difference
from tests.rtl.coverage import Coverage

MACHINE = {"n_pe": 3, "act_queue_depth": 3, "index_bits": 2, "spmat_kb": 2.0, "pointer_kb": 4.0,
           "act_sram_kb": 0.25, "capacity": "check"}
WORDS = {"seed": 21, "n_in": 60, "active": 0.7, "bias": True, "values": "bounds", "shift": 15}
# Wide gaps for padding, few rows for hazards, batches both ways.
LAYERS = [
    {"n_out": 80, "weights": 0.08}, {"n_out": 6, "weights": 0.3}, {"n_out": 40, "weights": 0.6},
    {"n_out": 30, "weights": 0.1, "bias": "exact"},
    # One or two accumulators in each PE, rows with little in them: hazards while rows change.
    {"n_in": 330, "n_out": 5, "weights": 0.7, "active": 0.5},
    {"n_in": 330, "n_out": 7, "weights": 0.5, "active": 0.9},
    {"n_in": 1, "n_out": 1, "weights": 1.0, "active": 1.0, "bias": False},
    {"n_in": 9, "n_out": 3, "weights": 0.5, "active": 0.0, "bias": False},
]
MACHINES = [{"bypass": True}, {"bypass": False}, {"bypass": True, "regfile_depth": 7}]


@cache
def measured():
    """Coverage of all of them; each must agree with the model, or its trace says nothing."""
    coverage = Coverage(depth=3, per_line=8)
    for machine in MACHINES:
        for layer in LAYERS:
            case = make_case(**WORDS | layer, overrides=MACHINE | {"spmat_width_bits": 48}
                             | machine)
            rtl = run_layer(case.config, case.job, [RTL], BUILDS, trace=True)
            assert difference(case.config, case.job, rtl) is None
            parameters = rtl_parameters(case.config, len(case.job.plan), trace=True)
            coverage.add(case.config, unpack(parameters, rtl.trace))
    return coverage
