"""Run jobs on a machine's Verilog array and read back what it gives."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, nearest
from accelsim.files import atomic_path
from accelsim.machines import Machine, machine_of
from accelsim.machines.rtl import Rtl
from accelsim.records.counters import CounterSet
from accelsim.records.job import IntArray
from accelsim.rtl_bridge import icarus, verilator
from accelsim.rtl_bridge.simulator import COVERAGE, Reader, Simulator, Window, workspace
from accelsim.rtl_bridge.sources import has_backdoor

SIMULATORS: dict[str, Simulator] = {"icarus": icarus, "verilator": verilator}
"""By the name that ``--sim`` takes."""

_PATIENCE_CYCLES = 1000  # beyond twice the model's cycles, the RTL is taken to hang


@dataclass(frozen=True, eq=False)
class RtlResult:
    """What the array gave for one job.

    Attributes
    ----------
    outputs : int64 as the machine's tellings give them (EIE: (n_outputs,) accumulators before
        ReLU); None if the job did not finish or a bit is unknown
    cycles : counted by the test bench, from the first start cycle to the last cycle
    counters : name to number, or to (n_pe,) int64; None without counters in the RTL, or as above
    trace : (cycles, trace_bits) characters 0, 1, x or z of Icarus, or (cycles, words) uint32 of
        Verilator, the lowest bits first; None if it was not asked for
    machine : whose array it was
    """

    outputs: IntArray | None
    cycles: int
    counters: Mapping[str, int | IntArray] | None
    trace: npt.NDArray[Any] | None = None
    machine: Machine = field(kw_only=True, repr=False)

    @property
    def measured(self) -> CounterSet:
        """The array's own counters, as the machine's price takes them.

        Counters of units that the Verilog leaves out are zero (`accelsim.machines.rtl.Rtl.absent`);
        others that it does not count are left out.

        Raises
        ------
        InputError
            If the RTL was run without counters, or they could not be read.
        """
        if self.counters is None:
            raise InputError("the RTL gave no counters; run it with counters=True (Counters = 1)")
        kind = self.machine.counter_class()
        absent = {name: value if kind.__dataclass_fields__[name].metadata["per"] == "layer"
                  else np.full(np.size(self.counters["macs"]), value)
                  for name, value in self.machine.part("rtl").absent.items()}
        return kind.partial({**absent, **self.counters})


def run_layers(
    config: Any, jobs: Sequence[tuple[Any, Any]],
    rtl_dirs: Sequence[Path], build_dir: Path, *, counters: bool = True, trace: bool = False,
    window: Window | None = None, backdoor: bool | None = None, limit: int | None = None,
    sim: str = "icarus", coverage: Path | None = None,
) -> list[RtlResult]:
    """Run jobs one after the other on one array.

    Parameters
    ----------
    jobs : a job and None, or how it reads what the job before it left (then its own inputs are
        not used; EIE: `accelsim.machines.eie.rtl.images.Chained`)
    rtl_dirs : see `accelsim.rtl_bridge.icarus.build`
    counters, trace : whether the array has counters, and tells every cycle
    backdoor : fill the weight memories at once instead of by I/O writes; None: if the modules
        that it reaches through are the project's
    limit : cycles after which a job is given up, and no job runs after it; None: twice what the
        model takes, and a thousand
    sim : one of `SIMULATORS`
    coverage : file for how often lines ran and bits toggled (Verilator), which
        `accelsim.rtl_bridge.coverage.read_coverage` reads

    Raises
    ------
    InputError, UnsupportedError, CapacityError
        Missing tools; no Verilog of this machine, or a setting that it does not have; a job that
        does not fit; a back door that is asked for and is not there.
    """
    simulator = simulator_of(sim)
    machine = machine_of(config)
    rtl: Rtl = machine.part("rtl")
    for job, _ in jobs:
        job.check(config)
    parameters = rtl.parameters(config, jobs, counters, trace)
    bench = simulator.bench(rtl)
    program = simulator.build(
        rtl, bench, simulator.bench_values(parameters, trace), rtl_dirs, build_dir,
        waves=window is not None, coverage=coverage is not None,
    )
    open_door = has_backdoor(rtl, rtl_dirs)
    if backdoor and not open_door:
        raise InputError(f"backdoor: modules of your own replace {', '.join(rtl.backdoor)}, "
                         f"through which it reaches; load by I/O writes")
    if limit is None:
        limit = max((patience(machine, config, job, chained) for job, chained in jobs), default=0)
    with workspace(build_dir) as work:
        filled = _fill(rtl, config, jobs, work) if backdoor is not False and open_door else ()
        lines = simulator.simulate(
            program, work, rtl.script(config, jobs, counters, filled), trace=trace,
            window=window, images=".", limit=limit,
        )
        if coverage is not None:
            with atomic_path(coverage) as part:
                shutil.copyfile(work / COVERAGE, part)
        results = _read_results(machine, config, jobs, Reader(lines), counters)
        if trace:
            return _with_traces(results, simulator.read_trace(work, parameters.trace_bits))
        return results


def simulator_of(name: str) -> Simulator:
    """The simulator of a name in `SIMULATORS`.

    Raises
    ------
    InputError
        If it is not known.
    """
    if name not in SIMULATORS:
        raise InputError(f"simulator {name}: not known{nearest(name, list(SIMULATORS))}")
    return SIMULATORS[name]


def patience(machine: Machine, config: Any, job: Any, chained: Any = None) -> int:
    """Cycles after which the array is taken to hang: twice the model's, and a thousand."""
    cycles = machine.part("rtl").bound
    told = machine.run(config, job).counters.cycles if chained is None or cycles is None \
        else cycles(config, job)
    return int(2 * told + _PATIENCE_CYCLES)


def run_layer(
    config: Any, job: Any, rtl_dirs: Sequence[Path], build_dir: Path, *,
    counters: bool = True, trace: bool = False, window: Window | None = None,
    backdoor: bool | None = None, limit: int | None = None, sim: str = "icarus",
) -> RtlResult:
    """One job; see `run_layers`."""
    return run_layers(
        config, [(job, None)], rtl_dirs, build_dir, counters=counters, trace=trace,
        window=window, backdoor=backdoor, limit=limit, sim=sim,
    )[0]


def _fill(
    rtl: Rtl, config: Any, jobs: Sequence[tuple[Any, Any]], work: Path
) -> Collection[int]:
    """Write the memory files of the jobs; their numbers."""
    for number, (job, _) in enumerate(jobs):
        for name, text in rtl.fill(config, job).items():
            (work / f"{name}_{number}.hex").write_text(text, "ascii")
    return range(len(jobs))


def _read_results(
    machine: Machine, config: Any, jobs: Sequence[tuple[Any, Any]], reader: Reader,
    counters: bool,
) -> list[RtlResult]:
    results: list[RtlResult] = []
    for job, _ in jobs:
        line = reader.line()
        verdict, _, cycles = line.partition(" ")
        if verdict == "timeout":
            return [*results, RtlResult(None, int(cycles), None, machine=machine)]
        if verdict != "cycles":
            raise InputError(f"{job.name}: the test bench printed {line!r}")
        told = machine.part("rtl").read_back(config, job, counters, reader.take)
        results.append(RtlResult(told[0], int(cycles), told[1], machine=machine))
    return results


def _with_traces(
    results: list[RtlResult], trace: npt.NDArray[Any]
) -> list[RtlResult]:
    starts = np.cumsum([0] + [result.cycles for result in results])
    return [
        replace(result, trace=trace[a:b])
        for result, a, b in zip(results, starts[:-1], starts[1:], strict=True)
    ]
