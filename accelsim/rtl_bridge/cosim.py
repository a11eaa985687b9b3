"""One layer on the Verilog array and on the model: equal in every cycle, or where they part."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from accelsim.arch.config import EieConfig
from accelsim.engines.job import LayerJob
from accelsim.results import Counters
from accelsim.rtl_bridge.expected import expected_run
from accelsim.rtl_bridge.params import rtl_parameters, rtl_plan
from accelsim.rtl_bridge.run import RtlResult, Window, run_layer
from accelsim.rtl_bridge.trace import UNKNOWN, TraceDifference, first_difference, unpack

_WINDOW_CYCLES = 20  # before and after the first difference
_PATIENCE_CYCLES = 1000  # beyond twice the model's cycles, the RTL is taken to hang


@dataclass(frozen=True)
class CosimReport:
    """RTL against model.

    Attributes
    ----------
    cycles_rtl, cycles_model : of the layer; a hanging RTL is given up in the end
    outputs_equal : every bit of every output
    counter_difference : first counter that differs (RTL != model), in words, or None
    trace_difference : first cycle, unit and signal that differ, or None
    rtl_cycles_per_second : wall clock, the simulator's start and the host's work included
    waveform : VCD file around the first difference, or None
    """

    name: str
    cycles_rtl: int
    cycles_model: int
    outputs_equal: bool
    counter_difference: str | None
    trace_difference: TraceDifference | None
    rtl_cycles_per_second: float
    waveform: Path | None

    @property
    def equal(self) -> bool:
        """No difference of any kind."""
        return (
            self.outputs_equal and self.cycles_rtl == self.cycles_model
            and self.counter_difference is None and self.trace_difference is None
        )


def counter_difference(rtl: RtlResult, model: Counters) -> str | None:
    """The first counter of the RTL that is not the model's, in words."""
    if rtl.counters is None:
        return None
    for f in fields(model):
        if f.name not in rtl.counters:
            continue
        got, want = np.asarray(rtl.counters[f.name]), np.asarray(getattr(model, f.name))
        if not np.array_equal(got, want):
            pe = int(np.argmax(got != want)) if got.ndim else None
            where = f.name if pe is None else f"{f.name}[PE {pe}]"
            values = (got, want) if pe is None else (got[pe], want[pe])
            return f"{where}: {values[0]} != {values[1]}"
    return None


def cosim(
    config: EieConfig, job: LayerJob, rtl_dirs: Sequence[Path], build_dir: Path,
    waveform: Path | None = None,
) -> CosimReport:
    """Run one layer on both and compare outputs, cycles, counters and every cycle's trace.

    Parameters
    ----------
    rtl_dirs : see `accelsim.rtl_bridge.run.build`. A PE that leaves ``trace_o`` unknown (not
        driven) is compared by everything else.
    waveform : where a VCD around the first difference goes, if there is one

    Raises
    ------
    InputError, UnsupportedError, CapacityError
        See `accelsim.rtl_bridge.run.run_layers`.
    """
    parameters = rtl_parameters(config, len(rtl_plan(config, job.image)), trace=True)
    model, expected = expected_run(config, job, parameters)
    assert model.counters is not None
    assert model.outputs is not None
    limit = 2 * model.counters.cycles + _PATIENCE_CYCLES
    started = time.perf_counter()
    rtl = run_layer(config, job, rtl_dirs, build_dir, trace=True, limit=limit)
    seconds = time.perf_counter() - started
    assert rtl.trace is not None
    got = unpack(parameters, rtl.trace)
    silent = [
        name for name, _ in parameters.pe_trace_fields() if bool((got[name] == UNKNOWN).all())
    ]
    difference = first_difference(parameters, expected, got | {n: expected[n] for n in silent})
    window = None
    if difference is not None and waveform is not None:
        first = max(0, difference.cycle - _WINDOW_CYCLES)
        window = Window(waveform, first, difference.cycle + _WINDOW_CYCLES)
        run_layer(config, job, rtl_dirs, build_dir, trace=True, window=window, limit=limit)
    return CosimReport(
        name=job.image.name,
        cycles_rtl=rtl.cycles,
        cycles_model=model.counters.cycles,
        outputs_equal=rtl.outputs is not None and np.array_equal(rtl.outputs, model.outputs),
        counter_difference=counter_difference(rtl, model.counters),
        trace_difference=difference,
        rtl_cycles_per_second=rtl.cycles / seconds,
        waveform=None if window is None else window.path,
    )
