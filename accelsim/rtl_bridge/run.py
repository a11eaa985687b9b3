"""Run jobs on a machine's Verilog array and read back what it gives."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.machines import Machine, machine_of
from accelsim.machines.rtl import ArrayParameters, Rtl
from accelsim.records.counters import CounterSet
from accelsim.records.job import IntArray
from accelsim.rtl_bridge import icarus
from accelsim.rtl_bridge.icarus import Reader, Window

_BACKDOOR_FROM = 4096  # words; with fewer the host loads every one itself


@dataclass(frozen=True, eq=False)
class RtlResult:
    """What the array gave for one job.

    Attributes
    ----------
    outputs : int64 as the machine's tellings give them (EIE: (n_outputs,) accumulators before
        ReLU); None if the job did not finish or a bit is unknown
    cycles : counted by the test bench, from the first start cycle to the last cycle
    counters : name to number, or to (n_pe,) int64; None without counters in the RTL, or as above
    trace : (cycles, trace_bits) characters 0, 1, x or z, or None
    machine : whose array it was
    """

    outputs: IntArray | None
    cycles: int
    counters: Mapping[str, int | IntArray] | None
    trace: npt.NDArray[np.uint8] | None = None
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
        absent = self.machine.part("rtl").absent
        return self.machine.counter_class().partial({**absent, **self.counters})


def testbench_values(parameters: ArrayParameters, trace: bool) -> dict[str, int]:
    """Parameters of an array's test bench, which are those of the array and two widths."""
    return parameters.verilog() | {
        "Trace": 2 * int(trace), "TraceBits": parameters.trace_bits,
        "PeTraceBits": parameters.pe_trace_bits,
    }


def run_layers(
    config: Any, jobs: Sequence[tuple[Any, Any]],
    rtl_dirs: Sequence[Path], build_dir: Path, *, counters: bool = True, trace: bool = False,
    window: Window | None = None, backdoor: bool | None = None, limit: int = 10_000_000,
) -> list[RtlResult]:
    """Run jobs one after the other on one array.

    Parameters
    ----------
    jobs : a job and None, or how it reads what the job before it left (then its own inputs are
        not used; EIE: `accelsim.machines.eie.rtl.images.Chained`)
    rtl_dirs : see `accelsim.rtl_bridge.icarus.build`
    counters, trace : whether the array has counters, and tells every cycle
    backdoor : fill the weight memories at once instead of by I/O writes; None: if there are many
    limit : cycles after which a job is given up; no job runs after it

    Raises
    ------
    InputError, UnsupportedError, CapacityError
        Missing tools; no Verilog of this machine, or a setting that it does not have; a job that
        does not fit.
    """
    machine = machine_of(config)
    rtl: Rtl = machine.part("rtl")
    for job, _ in jobs:
        job.check(config)
    parameters = rtl.parameters(config, jobs, counters, trace)
    values = testbench_values(parameters, trace)
    program = icarus.build(rtl, rtl.testbench, values, rtl_dirs, build_dir)
    if backdoor is None and not icarus.has_backdoor(rtl, rtl_dirs):
        backdoor = False
    with icarus.workspace(build_dir) as work:
        filled = _fill(rtl, config, [job for job, _ in jobs], work, backdoor)
        lines = icarus.simulate(
            program, work, rtl.script(config, jobs, counters, filled), trace=trace,
            window=window, images=".", limit=limit,
        )
        results = _read_results(machine, config, jobs, Reader(lines), counters)
        if trace:
            return _with_traces(results, icarus.read_trace(work, parameters.trace_bits))
        return results


def run_layer(
    config: Any, job: Any, rtl_dirs: Sequence[Path], build_dir: Path, *,
    counters: bool = True, trace: bool = False, window: Window | None = None,
    backdoor: bool | None = None, limit: int = 10_000_000,
) -> RtlResult:
    """One job; see `run_layers`."""
    return run_layers(
        config, [(job, None)], rtl_dirs, build_dir, counters=counters, trace=trace,
        window=window, backdoor=backdoor, limit=limit,
    )[0]


def _fill(
    rtl: Rtl, config: Any, jobs: Sequence[Any], work: Path, backdoor: bool | None
) -> Collection[int]:
    """Write the memory files of the jobs that are to be filled at once; their numbers."""
    if backdoor is False:
        return ()
    filled = []
    for number, job in enumerate(jobs):
        texts = rtl.fill(config, job)
        if backdoor or sum(text.count("\n") for text in texts.values()) > _BACKDOOR_FROM:
            filled.append(number)
            for name, text in texts.items():
                (work / f"{name}_{number}.hex").write_text(text, "ascii")
    return filled


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
    results: list[RtlResult], trace: npt.NDArray[np.uint8]
) -> list[RtlResult]:
    starts = np.cumsum([0] + [result.cycles for result in results])
    return [
        replace(result, trace=trace[a:b])
        for result, a, b in zip(results, starts[:-1], starts[1:], strict=True)
    ]
