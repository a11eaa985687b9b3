"""What faults planted in ESE's Verilog meet: small machines whose every signal is compared in every
cycle, and the benches of the mutated unit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from accelsim.errors import InputError
from accelsim.machines.ese.rtl import RTL as ESE
from accelsim.rtl_bridge.bench_run import run_bench
from accelsim.rtl_bridge.cosim import counter_difference
from accelsim.rtl_bridge.run import run_layers
from accelsim.rtl_bridge.trace import first_difference, unpack
from tests.rtl.mutation.benches import Bench
from tests.rtl_ese import (
    test_unit_host,
    test_unit_memory,
    test_unit_parts,
    test_unit_shared,
    test_unit_slots,
    test_unit_values,
    test_units,
)
from tests.rtl_ese.cases import random_group
from tests.rtl_ese.hunt import BUFFERS

_SMALL = {"table_samples": 8, "ddr_latency_cycles": 3, "elementwise_latency_cycles": 3,
          "ddr_burst_gap_cycles": 1, "pointer_bits": 16}
# Seed, layers and settings of each: words of one entry and of many, either way of waiting for
# weights, both interpolations, channels without an input, queues that fill up. The quickest first.
_QUICK = {"n_pe": 1, "n_channels": 3, "index_bits": 2, "ddr_word_bits": 64, "start_cycles": 0,
          "elementwise_latency_cycles": 1, "elementwise_width": 1, "ddr_burst_words": 2,
          "ddr_burst_gap_cycles": 2, "table_interpolation": "linear"}
MACHINES = [
    (45, 5, _QUICK),
    (58, 4, {"n_pe": 3, "n_channels": 2, "ddr_word_bits": 32, "vector_path_bits": 7,
            "act_queue_depth": 1, "elementwise_width": 2, "weights_ready": "column",
            "table_interpolation": "linear", "activation_bits": 16}),
    (21, 5, _QUICK),  # sums saturate in every unit
    (20, 4, {"n_pe": 4, "n_channels": 1, "ddr_word_bits": 512, "vector_path_bits": 40,
            "act_queue_depth": 3, "elementwise_width": 3, "weights_ready": "matrix",
            "table_interpolation": "nearest", "activation_bits": 8, "accumulator_bits": 24,
            "start_cycles": 2}),
]
_ALONE = (test_units, test_unit_parts, test_unit_shared, test_unit_memory, test_unit_slots,
          test_unit_values, test_unit_host)


class GroupBench:
    """One machine with its layers, and what the model says of them."""

    def __init__(self, seed: int, jobs: int, settings: dict[str, object], builds: Path) -> None:
        self._config, jobs_ = random_group(seed, jobs, sides=7, **{**_SMALL, **settings})
        self._works, self._builds = [(job, None) for job in jobs_], builds
        self._parameters = ESE.parameters(self._config, self._works, trace=True)
        self._model = [ESE.expected(self._config, job, self._parameters) for job in jobs_]
        self._limit = 2 * max(result.counters.cycles for result, _ in self._model) + 100

    def __call__(self, rtl_dirs: Sequence[Path]) -> str | None:
        """The first difference of this RTL to the model, in words, or None."""
        try:
            results = run_layers(self._config, self._works, rtl_dirs, self._builds, trace=True,
                                 limit=self._limit, backdoor=False)
        except InputError as error:
            if "does not compile" in str(error):
                raise
            return str(error)  # the simulator gave up
        for number, ((model, fields), rtl) in enumerate(zip(self._model, results, strict=False)):
            if not rtl.cycles:
                return "no cycles"
            kept = {name: values for name, values in fields.items()
                    if number == 0 or not name.startswith(BUFFERS)}
            difference = first_difference(kept, unpack(self._parameters, rtl.trace))
            if difference is not None:
                return str(difference)
            if rtl.outputs is None or not np.array_equal(rtl.outputs, model.outputs):
                return "outputs"
            told = counter_difference(rtl, model.counters)
            if told is not None:
                return told
        return None if len(results) == len(self._model) else "a layer is missing"


def alone(unit: str, builds: Path) -> list[Bench]:
    """The benches of one unit."""
    def bench(module: str, sizes: dict[str, int]) -> Bench:
        def sees(rtl_dirs: Sequence[Path]) -> str | None:
            report = run_bench(unit, module, sizes, testcase=unit, rtl_dirs=rtl_dirs,
                               build_dir=builds, machine="ese", again=False)
            return None if report.passed else report.failures[0].message
        return sees

    return [bench(tests.__name__, sizes) for tests in _ALONE
            for name, sizes in tests.UNITS if name == unit]


def benches(builds: Path) -> list[Bench]:
    """The machines, the slowest last; ``builds`` holds what they compile."""
    return [GroupBench(*machine, builds) for machine in MACHINES]
