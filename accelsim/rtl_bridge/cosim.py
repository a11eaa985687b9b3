"""One layer or convolution on the Verilog array and on the model: where they part, if they do."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.errors import InputError, UnsupportedError
from accelsim.machines import Machine, machine_of
from accelsim.machines.rtl import ArrayParameters, Fields, PeRtl, Rtl
from accelsim.records.counters import CounterSet
from accelsim.rtl_bridge.pe_bench import pe_of, run_pe
from accelsim.rtl_bridge.run import RtlResult, patience, run_layer, simulator_of
from accelsim.rtl_bridge.simulator import Window
from accelsim.rtl_bridge.sources import find_sources, units_of
from accelsim.rtl_bridge.spans import Compared, compare, undriven
from accelsim.rtl_bridge.trace import TraceDifference, unpack, unpack_words

_WINDOW_CYCLES = 20  # before and after the first difference


@dataclass(frozen=True)
class CosimReport:
    """RTL against model.

    Attributes
    ----------
    top : module of the array, or that of a PE and its number
    cycles_rtl, cycles_model : of the layer; a hanging RTL is given up in the end
    outputs_equal : every bit of every output
    counter_difference : first counter that differs (RTL != model), in words, or None
    trace_difference : first cycle, unit and signal that differ, or None
    not_compared : fields of the trace that the RTL never drives (a simulator without x: which a PE
        of your own never moves)
    rtl_cycles_per_second : wall clock; compiling, loading, trace and reading back are included
    fast_ratio : wall clock of the RTL over that of the machine's quickest engine, its kernels
        compiled
    energy_uj : of the layer, priced from the RTL's own counters; None for one PE, or without a
        price
    waveform : VCD file of the cycles around the first difference, of the last ones where the
        trace has none; None if all is equal
    sim : the simulator
    """

    name: str
    top: str
    cycles_rtl: int
    cycles_model: int
    outputs_equal: bool
    counter_difference: str | None
    trace_difference: TraceDifference | None
    not_compared: tuple[str, ...]
    rtl_cycles_per_second: float
    fast_ratio: float
    energy_uj: float | None
    waveform: Path | None
    sim: str = "icarus"

    @property
    def equal(self) -> bool:
        """No difference of any kind."""
        return (
            self.outputs_equal and self.cycles_rtl == self.cycles_model
            and self.counter_difference is None and self.trace_difference is None
        )

    @property
    def told(self) -> str:
        """The first difference in one line: cycle, unit and signal where the trace has it."""
        if self.trace_difference is not None:
            return str(self.trace_difference)
        if self.cycles_rtl != self.cycles_model:
            return f"cycles: {self.cycles_rtl} != {self.cycles_model}, traces equal"
        if self.counter_difference is not None:
            return f"counter {self.counter_difference}, traces equal"
        return "none" if self.outputs_equal else "outputs differ, traces equal"


def counter_difference(
    rtl: RtlResult, model: CounterSet, pe: int | None = None
) -> str | None:
    """The first counter of the RTL that is not the model's, in words; of one PE, or of all."""
    if rtl.counters is None:
        return None
    for f in model.counted():
        if f.name not in rtl.counters:
            continue
        got, want = np.atleast_1d(rtl.counters[f.name]), np.atleast_1d(getattr(model, f.name))
        if pe is not None:
            want = want[pe : pe + 1]
        if not np.array_equal(got, want):
            at = int(np.argmax(got != want))
            where = f"[PE {at if pe is None else pe}]" if f.metadata["per"] == "PE" else ""
            return f"{f.name}{where}: {got[at]} != {want[at]}"
    return None


def cosim(
    config: Any, job: Any, rtl_dirs: Sequence[Path], build_dir: Path,
    waveform: Path | None = None, pe: int | None = None, sim: str = "icarus",
) -> CosimReport:
    """Run one layer or convolution on both: outputs, cycles, counters and every cycle's trace.

    Parameters
    ----------
    rtl_dirs : see `accelsim.rtl_bridge.icarus.build`. A field that a PE of your own leaves
        unknown (``trace_o`` not driven) in all cycles is not compared; everything else is.
    waveform : where a VCD around the first difference goes, if there is one
    pe : compare this PE alone, played the inputs that the array gives it; None: the whole array
    sim : one of `accelsim.rtl_bridge.run.SIMULATORS`

    Raises
    ------
    InputError, UnsupportedError, CapacityError
        See `accelsim.rtl_bridge.run.run_layers`.
    """
    machine = machine_of(config)
    rtl: Rtl = machine.part("rtl")
    if pe is not None and not 0 <= pe < config.n_pe:
        raise InputError(f"pe is {pe}; the machine has PEs 0 to {config.n_pe - 1}")
    # What is missing is told before the model runs.
    simulator = simulator_of(sim)
    simulator.find_compiler()
    bench = None if pe is None else pe_of(machine)
    if bench is not None and simulator.TWO_STATE:
        raise UnsupportedError(f"{sim}: one PE alone has no host in C++; "
                               f"use --sim icarus, or compare the whole array")
    if bench is not None and bench.refuse is not None:
        bench.refuse(job)
    testbench = bench.testbench if bench else simulator.bench(rtl)
    find_sources(rtl, testbench, rtl_dirs)
    job.check(config)
    parameters = rtl.parameters(config, [(job, None)], trace=True)
    limit = patience(machine, config, job)
    alone = None if bench is None or pe is None else _Alone(bench, pe, *_whole(rtl, config, job))

    def run(window: Window | None = None) -> RtlResult:
        if alone is None:
            return run_layer(
                config, job, rtl_dirs, build_dir, trace=True, limit=limit, window=window, sim=sim
            )
        inputs = alone.bench.stimulus(job, alone.fields)
        return run_pe(config, job, alone.pe, inputs, rtl_dirs, build_dir, window)

    started = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - started
    # Without x, what a PE of somebody else's does not drive stands still.
    may_stand = {name for name, _ in parameters.pe_trace_fields()
                 if simulator.TWO_STATE and _own_pe(rtl, rtl_dirs)}
    held = _held(config, job, rtl, parameters, result, alone, may_stand)
    model, difference = held.model, _placed(rtl, config, job, parameters, held.difference)
    outputs = model.outputs
    assert outputs is not None
    if alone is not None:
        outputs = alone.bench.rows(config, outputs, alone.pe)
    report = CosimReport(
        name=job.name,
        top=rtl.top if bench is None else f"{bench.top} {pe}",
        cycles_rtl=result.cycles,
        cycles_model=model.counters.cycles,
        outputs_equal=result.outputs is not None and np.array_equal(result.outputs, outputs),
        counter_difference=counter_difference(result, model.counters, pe),
        trace_difference=difference,
        not_compared=held.not_compared,
        rtl_cycles_per_second=result.cycles / seconds,
        fast_ratio=seconds / fast_seconds(config, job),
        energy_uj=_energy_uj(machine, config, result) if pe is None else None,
        waveform=None,
        sim=sim,
    )
    if report.equal or waveform is None:
        return report
    at = difference.cycle if difference else min(result.cycles, model.counters.cycles) - 1
    run(Window(waveform, max(0, at - _WINDOW_CYCLES), at + _WINDOW_CYCLES))
    return replace(report, waveform=waveform)


@dataclass(frozen=True)
class _Alone:
    """One PE, and the model's run of the array around it."""

    bench: PeRtl
    pe: int
    model: Any
    fields: Fields


def _whole(rtl: Rtl, config: Any, job: Any) -> tuple[Any, Fields]:
    return rtl.expected(config, job, rtl.parameters(config, [(job, None)], trace=True))


def _placed(
    rtl: Rtl, config: Any, job: Any, parameters: ArrayParameters,
    difference: TraceDifference | None,
) -> TraceDifference | None:
    """The difference with the machine's own words for where it is."""
    if difference is None or rtl.where is None:
        return difference
    _, fields = rtl.expected(config, job, parameters)
    return replace(difference, where=rtl.where(
        config, job, fields, difference.cycle, difference.pe))


def _held(
    config: Any, job: Any, rtl: Rtl, parameters: ArrayParameters, result: RtlResult,
    alone: _Alone | None, may_stand: set[str],
) -> Compared:
    """The RTL's trace against the model's."""
    trace = result.trace
    assert trace is not None

    def got(first: int, end: int) -> Fields:
        if alone is None:
            return unpack(parameters, trace[first:end])
        return unpack_words(alone.bench.outputs(parameters), trace[first:end])

    if alone is not None:
        spans = iter([(alone.model, alone.bench.expected(config, alone.pe, alone.fields))])
    elif rtl.spans is not None:
        spans = rtl.spans(config, job, parameters)
    else:
        spans = iter([rtl.expected(config, job, parameters)])
    return compare(spans, got, len(trace), undriven(got, len(trace), may_stand),
                   None if alone is None else alone.pe)


def _own_pe(rtl: Rtl, rtl_dirs: Sequence[Path]) -> bool:
    return rtl.pe is not None and any(rtl.pe.top in units_of(rtl, own) for own in rtl_dirs[:-1])


def fast_seconds(config: Any, job: Any) -> float:
    """Wall clock of the machine's quickest engine, the median of five runs; compiled before."""
    machine = machine_of(config)
    machine.run(config, job)
    marks = [time.perf_counter()]
    for _ in range(5):
        machine.run(config, job)
        marks.append(time.perf_counter())
    return float(np.median(np.diff(marks)))


def _energy_uj(machine: Machine, config: Any, result: RtlResult) -> float | None:
    if result.counters is None or machine.price is None:
        return None
    return float(machine.part("price")(config, result.measured).total_uj)
