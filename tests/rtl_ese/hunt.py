"""Random machines in Verilog, each with several layers, against the tellings of the model.

    python -m tests.rtl_ese.hunt FIRST COUNT [--jobs N] [--sim verilator] [--trace N]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from accelsim.machines import run_job
from accelsim.machines.ese.rtl import RTL as ESE
from accelsim.rtl_bridge.cosim import counter_difference
from accelsim.rtl_bridge.run import run_layers
from accelsim.rtl_bridge.trace import first_difference, unpack
from tests.rtl_ese.bench import RTL
from tests.rtl_ese.cases import random_group

BUFFERS = ("front", "weights[", "pointers[")


def difference(config, jobs, builds, sim="icarus", trace=False):
    """The first difference of jobs one after the other on one machine, in words, or None.

    With ``trace`` the model is the reference, and every cycle is compared; else it is ``fast``.
    """
    works = [(job, None) for job in jobs]
    results = run_layers(config, works, [RTL], builds, trace=trace, sim=sim)
    if len(results) < len(jobs):
        return f"job {len(results) - 1} does not end"
    parameters = ESE.parameters(config, works, trace=True) if trace else None
    for number, (job, rtl) in enumerate(zip(jobs, results, strict=True)):
        if trace:
            model, fields = ESE.expected(config, job, parameters)
            # What the halves hold at first is what the utterance before left there.
            kept = {name: values for name, values in fields.items()
                    if number == 0 or not name.startswith(BUFFERS)}
            found = first_difference(kept, unpack(parameters, rtl.trace))
            if found is not None:
                return f"job {number}: {found}"
        else:
            model = run_job("fast", config, job)
        if rtl.cycles != model.counters.cycles:
            return f"job {number}: cycles {rtl.cycles} != {model.counters.cycles}"
        if not np.array_equal(rtl.outputs, model.outputs):
            return f"job {number}: outputs"
        told = counter_difference(rtl, model.counters)
        if told is not None:
            return f"job {number}: {told}"
    return None


def main() -> int:
    """1 if a machine differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.rtl_ese.hunt", description=__doc__)
    parser.add_argument("first", type=int, help="seed of the first machine")
    parser.add_argument("count", type=int, help="machines")
    parser.add_argument("--jobs", type=int, default=10, help="layers of each")
    parser.add_argument("--channels", type=int, default=8, help="at most")
    parser.add_argument("--pes", type=int, default=32, help="at most")
    parser.add_argument("--sim", default="icarus")
    parser.add_argument("--trace", type=int, default=0, help="compare every cycle of every so many")
    arguments = parser.parse_args()
    wrong, cycles, started = 0, 0, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(arguments.first, arguments.first + arguments.count):
            config, jobs = random_group(
                seed, arguments.jobs, arguments.channels, arguments.pes)
            every = bool(arguments.trace) and seed % arguments.trace == 0
            told = difference(config, jobs, Path(folder, "builds"), arguments.sim, every)
            shutil.rmtree(Path(folder, "builds"), ignore_errors=True)
            cycles += sum(run_job("fast", config, job).counters.cycles for job in jobs)
            if told is not None:
                wrong += 1
                print(f"machine {seed}: {told}", flush=True)
    pairs = arguments.count * arguments.jobs
    print(f"{arguments.count} machines, {pairs} layers, {cycles} cycles, {wrong} machines differ, "
          f"{time.perf_counter() - started:.0f} s")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
