"""One layer on the Verilog array and on the model: equal in every cycle, or where they part."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import fields as fields_of
from pathlib import Path

import numpy as np

from accelsim.energy import price
from accelsim.errors import InputError
from accelsim.machines import run_job
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.rtl.expected import expected_run
from accelsim.machines.eie.rtl.params import rtl_parameters, rtl_plan
from accelsim.rtl_bridge import icarus
from accelsim.rtl_bridge.icarus import Window
from accelsim.rtl_bridge.pe_bench import (
    PE_TESTBENCH,
    expected_outputs,
    pe_outputs,
    run_pe,
    stimulus,
)
from accelsim.rtl_bridge.run import ARRAY_TESTBENCH, RtlResult, run_layer
from accelsim.rtl_bridge.trace import (
    UNKNOWN,
    TraceDifference,
    first_difference,
    unpack,
    unpack_words,
)

_WINDOW_CYCLES = 20  # before and after the first difference
_PATIENCE_CYCLES = 1000  # beyond twice the model's cycles, the RTL is taken to hang


@dataclass(frozen=True)
class CosimReport:
    """RTL against model.

    Attributes
    ----------
    top : "eie_array", or "pe" and its number
    cycles_rtl, cycles_model : of the layer; a hanging RTL is given up in the end
    outputs_equal : every bit of every output
    counter_difference : first counter that differs (RTL != model), in words, or None
    trace_difference : first cycle, unit and signal that differ, or None
    not_compared : fields of the trace that the RTL never drives
    rtl_cycles_per_second : wall clock; compiling, loading, trace and reading back are included
    fast_ratio : wall clock of the RTL over that of the fast engine, its kernels compiled
    energy_uj : of the layer, priced from the RTL's own counters; None for one PE
    waveform : VCD file around the first difference, or None
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

    @property
    def equal(self) -> bool:
        """No difference of any kind."""
        return (
            self.outputs_equal and self.cycles_rtl == self.cycles_model
            and self.counter_difference is None and self.trace_difference is None
        )


def counter_difference(
    rtl: RtlResult, model: Counters, pe: int | None = None
) -> str | None:
    """The first counter of the RTL that is not the model's, in words; of one PE, or of all."""
    if rtl.counters is None:
        return None
    for f in fields_of(model):
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
    config: EieConfig, job: LayerJob, rtl_dirs: Sequence[Path], build_dir: Path,
    waveform: Path | None = None, pe: int | None = None,
) -> CosimReport:
    """Run one layer on both and compare outputs, cycles, counters and every cycle's trace.

    Parameters
    ----------
    rtl_dirs : see `accelsim.rtl_bridge.icarus.build`. A field that a PE of your own leaves
        unknown (``trace_o`` not driven) in all cycles is not compared; everything else is.
    waveform : where a VCD around the first difference goes, if there is one
    pe : compare this PE alone, played the inputs that the array gives it; None: the whole array

    Raises
    ------
    InputError, UnsupportedError, CapacityError
        See `accelsim.rtl_bridge.run.run_layers`.
    """
    if pe is not None and not 0 <= pe < config.n_pe:
        raise InputError(f"pe is {pe}; the machine has PEs 0 to {config.n_pe - 1}")
    # What is missing is told before the model runs.
    icarus.find_compiler()
    icarus.find_sources(ARRAY_TESTBENCH if pe is None else PE_TESTBENCH, rtl_dirs)
    parameters = rtl_parameters(config, len(rtl_plan(config, job.image)), trace=True)
    model, fields = expected_run(config, job, parameters)
    assert model.counters is not None
    assert model.outputs is not None
    limit = 2 * model.counters.cycles + _PATIENCE_CYCLES

    def run(window: Window | None = None) -> RtlResult:
        if pe is None:
            return run_layer(
                config, job, rtl_dirs, build_dir, trace=True, limit=limit, window=window
            )
        inputs = stimulus(job, fields)
        return run_pe(config, job, pe, inputs, rtl_dirs, build_dir, window)

    started = time.perf_counter()
    rtl = run()
    seconds = time.perf_counter() - started
    assert rtl.trace is not None
    if pe is None:
        expected, got, outputs = fields, unpack(parameters, rtl.trace), model.outputs
    else:
        expected = expected_outputs(config, pe, fields)
        got = unpack_words(pe_outputs(parameters), rtl.trace)
        outputs = _rows_of(config, model.outputs, pe)
    driven = {
        name: values for name, values in expected.items()
        if not bool((got[name] == UNKNOWN).all())
    }
    difference = first_difference(driven, got, pe)
    if difference is not None and waveform is not None:
        first = max(0, difference.cycle - _WINDOW_CYCLES)
        run(Window(waveform, first, difference.cycle + _WINDOW_CYCLES))
    return CosimReport(
        name=job.image.name,
        top="eie_array" if pe is None else f"pe {pe}",
        cycles_rtl=rtl.cycles,
        cycles_model=model.counters.cycles,
        outputs_equal=rtl.outputs is not None and np.array_equal(rtl.outputs, outputs),
        counter_difference=counter_difference(rtl, model.counters, pe),
        trace_difference=difference,
        not_compared=tuple(name for name in expected if name not in driven),
        rtl_cycles_per_second=rtl.cycles / seconds,
        fast_ratio=seconds / fast_seconds(config, job),
        energy_uj=price(config, rtl.measured).total_uj if pe is None and rtl.counters else None,
        waveform=waveform if difference is not None else None,
    )


def fast_seconds(config: EieConfig, job: LayerJob) -> float:
    """Wall clock of the fast engine, the median of five runs; its kernels are compiled before."""
    run_job("fast", config, job)
    marks = [time.perf_counter()]
    for _ in range(5):
        run_job("fast", config, job)
        marks.append(time.perf_counter())
    return float(np.median(np.diff(marks)))


def _rows_of(config: EieConfig, outputs: IntArray, pe: int) -> IntArray:
    """One PE's outputs, with the zero of a row that the layer does not have."""
    rows = -(-len(outputs) // config.n_pe)
    padded = np.zeros(rows * config.n_pe, dtype=np.int64)
    padded[: len(outputs)] = outputs
    return padded[pe :: config.n_pe]
