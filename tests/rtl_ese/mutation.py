"""Faults planted in ESE's Verilog one by one: ``python -m tests.rtl_ese.mutation [UNIT ...]``.

Operators, hunt and table are those of tests/rtl/mutation, but for cut widths, which only machines
beyond the published size would show. The benches are small machines, each with a few layers, whose
every signal is compared in every cycle; then the mutated unit's own, where it has one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from accelsim.errors import InputError
from accelsim.machines.ese.rtl import RTL as ESE
from accelsim.rtl_bridge.bench_run import run_bench
from accelsim.rtl_bridge.cosim import counter_difference
from accelsim.rtl_bridge.run import run_layers
from accelsim.rtl_bridge.trace import first_difference, unpack
from tests.rtl.mutation.benches import Bench
from tests.rtl.mutation.campaign import counts, table
from tests.rtl.mutation.hunt import Verdict, hunt, limited_tools
from tests.rtl.mutation.operators import Mutant, mutants
from tests.rtl_ese import test_unit_slots, test_unit_values, test_units
from tests.rtl_ese.bench import RTL
from tests.rtl_ese.cases import random_group
from tests.rtl_ese.equivalent import explained
from tests.rtl_ese.hunt import BUFFERS

UNITS = {path.stem: path for path in sorted((RTL / "ese").glob("*.v"))
         if path.stem != "ddr_model"}  # a bench's model, no hardware
_SMALL = {"table_samples": 8, "ddr_latency_cycles": 3, "elementwise_latency_cycles": 3,
          "ddr_burst_gap_cycles": 1, "pointer_bits": 16}
# Seed, layers and settings of each: words of one entry and of many, either way of waiting for
# weights, both interpolations, channels without an input, queues that fill up.
MACHINES = [
    (58, 4, {"n_pe": 3, "n_channels": 2, "ddr_word_bits": 32, "vector_path_bits": 7,
            "act_queue_depth": 1, "elementwise_width": 2, "weights_ready": "column",
            "table_interpolation": "linear", "activation_bits": 16}),
    (20, 4, {"n_pe": 4, "n_channels": 1, "ddr_word_bits": 512, "vector_path_bits": 40,
            "act_queue_depth": 3, "elementwise_width": 3, "weights_ready": "matrix",
            "table_interpolation": "nearest", "activation_bits": 8, "accumulator_bits": 24,
            "start_cycles": 2}),
    (45, 5, {"n_pe": 1, "n_channels": 3, "index_bits": 2, "ddr_word_bits": 64, "start_cycles": 0,
             "elementwise_latency_cycles": 1, "elementwise_width": 1, "ddr_burst_words": 2,
             "ddr_burst_gap_cycles": 2, "table_interpolation": "linear"}),
]


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
                               build_dir=builds, machine="ese")
            return None if report.passed else report.failures[0].message
        return sees

    modules = (test_units, test_unit_slots, test_unit_values)
    return [bench(tests.__name__, sizes) for tests in modules
            for name, sizes in tests.UNITS if name == unit]


def planted(unit: str) -> list[Mutant]:
    """The mutants of a unit."""
    return [mutant for mutant in mutants(UNITS[unit]) if mutant.operator != "width cut"]


def benches(builds: Path) -> list[Bench]:
    """The machines; ``builds`` holds what they compile."""
    return [GroupBench(*machine, builds) for machine in MACHINES]


_worker: list[tuple[list[Bench], Path]] = []


def campaign(units: Sequence[str], folder: Path, jobs: int = 1, stride: int = 1
             ) -> Iterator[Verdict]:
    """A verdict for every ``stride``-th mutant of each unit, in order; ``folder`` is scratch."""
    chosen = [mutant for unit in units for mutant in planted(unit)[::stride]]
    with ProcessPoolExecutor(jobs, get_context("spawn"), _prepare, (folder,)) as pool:
        yield from pool.map(_verdict, chosen)


def _prepare(folder: Path) -> None:
    mine = folder / str(os.getpid())
    (mine / "builds").mkdir(parents=True)
    os.environ["PATH"] = limited_tools(mine / "bin")
    _worker.append((benches(mine / "builds"), mine))


def _verdict(mutant: Mutant) -> Verdict:
    ((made, mine),) = _worker
    every = [*made, *alone(mutant.unit, mine / "builds")]
    (verdict,) = hunt([mutant], every, mine / "rtl", mine / "builds", UNITS)
    return verdict


def main() -> int:
    """1 if a mutant survives that nobody explains."""
    parser = argparse.ArgumentParser(prog="python -m tests.rtl_ese.mutation", description=__doc__)
    parser.add_argument("units", nargs="*", metavar="UNIT", help="all if absent")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--stride", type=int, default=1, help="every so many mutants only")
    arguments = parser.parse_args()
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        for verdict in campaign(
            arguments.units or sorted(UNITS), Path(folder), arguments.jobs, arguments.stride
        ):
            if verdicts and verdicts[-1].mutant.unit != verdict.mutant.unit:
                print(table(counts(verdicts)).splitlines()[-2], flush=True)
            verdicts.append(verdict)
            if verdict.compiles and verdict.seen is None:
                why = explained(verdict.mutant) or "NOT EXPLAINED"
                print(f"not seen  {verdict.mutant}  ({why})", flush=True)
    print(table(counts(verdicts)))
    return int(any(v.compiles and not v.seen and not explained(v.mutant) for v in verdicts))


if __name__ == "__main__":
    sys.exit(main())
