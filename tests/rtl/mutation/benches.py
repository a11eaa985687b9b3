"""The benches that mutants meet: quick ones that together see every unit.

`ArrayBench` runs small machines with a few layers or convolutions each and compares outputs,
cycles, counters and the trace of every cycle with the model, which is asked once. Reset and the
host's accesses have benches of their own, and so have sizes that only large or odd parameters
reach. Each tells the first difference.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from accelsim.errors import InputError
from accelsim.fixedpoint import read_activations
from accelsim.machines import run_job
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.machines.eie.rtl.expected_vectors import expected
from accelsim.machines.eie.rtl.host import places
from accelsim.machines.eie.rtl.images import Chained
from accelsim.machines.eie.sequence import SequenceJob
from accelsim.rtl_bridge import run_layers
from accelsim.rtl_bridge.cosim import counter_difference
from accelsim.rtl_bridge.trace import first_difference, unpack
from tests.contracts.cases import make_case
from tests.rtl.bench import GATED
from tests.rtl.conv_cases import conv_chain
from tests.rtl.host_bench import host_fault
from tests.rtl.large_bench import every_large_bench
from tests.rtl.reset_bench import reset_faults
from tests.rtl.sequence_cases import random_sequences

_SMALL = {"capacity": "check", "act_sram_kb": 0.25, "pointer_kb": 0.5, "spmat_kb": 1.0}
_MACHINES = {
    # Two levels of LNZD nodes, batches and tiles, queues that fill up.
    "tiles": {"n_pe": 5, "act_queue_depth": 3, "regfile_depth": 3, "spmat_width_bits": 32},
    # No bypass, three entries a line and a bit to spare, one queue slot, sums beyond activations.
    "waits": {
        "n_pe": 3, "act_queue_depth": 1, "regfile_depth": 7, "bypass": False, "weight_bits": 3,
        "index_bits": 2, "spmat_width_bits": 16, "activation_bits": 8, "accumulator_bits": 33,
        "weight_value_bits": 5,
    },
    # Activations wider than sums; nothing is loaded or stored.
    "wide": {
        "n_pe": 4, "act_queue_depth": 2, "regfile_depth": 8, "weight_bits": 5, "index_bits": 3,
        "activation_bits": 20, "accumulator_bits": 9, "weight_value_bits": 8,
    },
    # Datapaths without a multiplier, odd widths.
    "shifts": {
        "n_pe": 2, "regfile_depth": 16, "multiplier": "shift", "weight_value_bits": 7,
        "activation_bits": 9, "accumulator_bits": 20,
    },
    "signs": {
        "n_pe": 2, "regfile_depth": 16, "multiplier": "sign", "weight_value_bits": 2,
        "activation_bits": 9, "accumulator_bits": 14,
    },
    # No start phase, and one of six cycles, with batches, tiles and biases.
    "at once": {"n_pe": 2, "regfile_depth": 4, "start_cycles": 0, "act_queue_depth": 2},
    "late": {"n_pe": 2, "regfile_depth": 16, "start_cycles": 6},
    # One PE, one entry a line, a register file of one row.
    "one": {"n_pe": 1, "act_queue_depth": 8, "regfile_depth": 1, "spmat_width_bits": 8},
}
# inputs, outputs, density, active, bias, values, shift; None: reads what the layer before left.
_LAYERS = {
    "tiles": [(34, 22, 0.4, 0.7, True, "any", 13), (22, 13, 0.5, None, True, "any", 14),
              (16, 16, 0.05, 0.5, False, "bounds", 2)],
    "waits": [(21, 20, 0.6, 0.9, True, "bounds", 0), (20, 9, 0.6, None, False, "any", 4),
              (50, 21, 0.3, 0.2, True, "any", 3), (20, 3, 0.9, 0.9, False, "any", 5)],
    "wide": [(32, 30, 0.4, 0.7, True, "any", 7), (30, 11, 0.7, None, True, "bounds", 9)],
    "shifts": [(20, 22, 0.5, 0.8, True, "any", 3), (12, 9, 0.8, 0.9, False, "bounds", 0)],
    "signs": [(20, 22, 0.5, 0.8, True, "any", 1), (12, 9, 0.8, 0.9, False, "bounds", 0)],
    "at once": [(20, 14, 0.4, 0.7, True, "any", 13), (6, 8, 0.5, 0.8, "exact", "any", 14),
                (14, 5, 0.5, 0.6, "exact", "any", 14)],
    "late": [(20, 22, 0.4, 0.7, True, "any", 13), (12, 9, 0.8, 0.9, False, "bounds", 0)],
    "one": [(6, 5, 0.7, 0.7, True, "any", 15), (5, 1, 0.9, None, False, "any", 10)],
}
_CHAINED = {
    "tiles": Chained(relu=True, read_shift=0), "waits": Chained(relu=True, read_shift=17),
    "wide": Chained(relu=False, read_shift=2), "one": Chained(relu=True, read_shift=16),
}

Bench = Callable[[Sequence[Path]], "str | None"]
"""Folders of RTL, the first that has a unit counts, to the first difference seen.

It raises `InputError` if the RTL does not compile.
"""


class ArrayBench:
    """One machine with its layers, and what the model says of them."""

    def __init__(self, name: str, build_dir: Path) -> None:
        self.name, self._build_dir = name, build_dir
        # What nothing else runs
        self.units = {"maps": ("gather",), "program": ("weight_decoder",)}.get(name, ())
        self._gated = [GATED] if name == "tiles" else []   # a clock that is missing is seen there
        self._config, self._jobs = (conv_chain() if name == "maps" else _program()
                                    if name == "program" else _chain(name))
        self._parameters = EIE.parameters(self._config, self._jobs, trace=True)
        self._model = []
        for (job, _), place in zip(self._jobs, places(self._config, self._jobs), strict=True):
            self._model.append(expected(self._config, job, self._parameters, place))
        self._limit = 2 * max(result.counters.cycles for result, _ in self._model) + 100

    def __call__(self, rtl_dirs: Sequence[Path]) -> str | None:
        """The first difference of this RTL to the model, in words, or None."""
        try:
            results = run_layers(
                self._config, self._jobs, [*self._gated, *rtl_dirs], self._build_dir, trace=True,
                limit=self._limit, backdoor=False,
            )
        except InputError as error:
            if "does not compile" in str(error):
                raise
            return str(error)  # the simulator gave up
        for (model, trace), rtl in zip(self._model, results, strict=False):
            if not rtl.cycles:
                return "no cycles"
            difference = first_difference(trace, unpack(self._parameters, rtl.trace))
            if difference is not None:
                return str(difference)
            if rtl.outputs is None or not np.array_equal(rtl.outputs, model.outputs):
                return "outputs"
            told = counter_difference(rtl, model.counters)
            if told is not None:
                return told
        return None if len(results) == len(self._model) else "a layer is missing"


def benches(build_dir: Path) -> list[Bench]:
    """All of them, the ones that see most first; ``build_dir`` holds what they compile."""
    def reset(bypass: bool) -> Bench:
        def sees(rtl_dirs: Sequence[Path]) -> str | None:
            try:
                printed = reset_faults(rtl_dirs, build_dir, bypass)
            except subprocess.CalledProcessError as error:
                raise InputError(f"does not compile: {error.stderr}") from None
            return None if printed and printed[-1].startswith("faults 0 ") else str(printed)
        return sees

    return [
        *(ArrayBench(name, build_dir) for name in (*_MACHINES, "program", "maps")),
        reset(True), reset(False),
        lambda rtl_dirs: host_fault(rtl_dirs, build_dir),
        lambda rtl_dirs: host_fault(rtl_dirs, build_dir, counters=False),
        lambda rtl_dirs: host_fault(rtl_dirs, build_dir, "least"),
        *every_large_bench(build_dir),
    ]


def _program() -> tuple[EieConfig, list[tuple[SequenceJob, None]]]:
    """Four layers under one program, three codebooks."""
    config, (job,) = next(random_sequences(53, machines=1, each=1))
    return config, [(job, None)]


def _chain(name: str) -> tuple[EieConfig, list[tuple[LayerJob | ConvJob, Chained | None]]]:
    overrides = {**_SMALL, **_MACHINES[name]}
    jobs: list[tuple[LayerJob | ConvJob, Chained | None]] = []
    left = None
    for seed, (n_in, n_out, weights, active, bias, values, shift) in enumerate(_LAYERS[name]):
        case = make_case(
            seed=seed, n_in=n_in, n_out=n_out, weights=weights, active=active or 0.0, bias=bias,
            values=values, shift=shift, overrides=overrides,
        )
        job, chained = case.job, None
        if active is None:
            chained = _CHAINED[name]
            read = read_activations(
                left, chained.relu, chained.read_shift, case.config.activation_bits
            )
            job = replace(job, activations=read)
        left = run_job("functional", case.config, job).outputs
        jobs.append((job, chained))
    return case.config, jobs
