"""Run layers on ``eie_array`` and read back what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.rtl import images
from accelsim.machines.eie.rtl.params import (
    CCU_COUNTERS,
    PE_COUNTERS,
    RtlParameters,
    rtl_parameters,
    rtl_plan,
)
from accelsim.rtl_bridge import icarus
from accelsim.rtl_bridge.icarus import Window

ARRAY_TESTBENCH = "eie_array_tb"
_BACKDOOR_FROM = 4096  # pointers; with fewer the host loads every word itself


@dataclass(frozen=True, eq=False)
class RtlResult:
    """What the array gave for one layer.

    Attributes
    ----------
    outputs : (n_outputs,) int64 accumulators before ReLU; None if the layer did not finish or
        a bit is unknown
    cycles : counted by the testbench, from the first start cycle to the last cycle
    counters : name to number, or to (n_pe,) int64; None without counters in the RTL, or as above
    trace : (cycles, trace_bits) characters 0, 1, x or z, or None
    """

    outputs: IntArray | None
    cycles: int
    counters: dict[str, int | IntArray] | None
    trace: npt.NDArray[np.uint8] | None = None

    @property
    def measured(self) -> Counters:
        """The array's own counters, as `accelsim.energy.price` takes them.

        The array has no DMA, so that refills are zero; the queue's histogram is not counted.

        Raises
        ------
        InputError
            If the RTL was run without counters, or they could not be read.
        """
        if self.counters is None:
            raise InputError("the RTL gave no counters; run it with counters=True (Counters = 1)")
        return Counters.partial({"refill_cycles": 0, "refill_bits": 0} | self.counters)


def testbench_values(parameters: RtlParameters, trace: bool) -> dict[str, int]:
    """Parameters of ``eie_array_tb``, which are those of the array and two widths."""
    return parameters.verilog() | {
        "Trace": 2 * int(trace), "TraceBits": parameters.trace_bits,
        "PeTraceBits": sum(bits for _, bits in parameters.pe_trace_fields()),
    }


def run_layers(
    config: EieConfig, jobs: Sequence[tuple[LayerJob, images.Chained | None]],
    rtl_dirs: Sequence[Path], build_dir: Path, *, counters: bool = True, trace: bool = False,
    window: Window | None = None, backdoor: bool | None = None, limit: int = 10_000_000,
) -> list[RtlResult]:
    """Run layers one after the other on one array.

    Parameters
    ----------
    jobs : a layer and None, or how it reads what the layer before it left (then its own
        activations are not used)
    rtl_dirs : see `accelsim.rtl_bridge.icarus.build`
    counters, trace : whether the array has counters, and tells every cycle
    backdoor : fill the weight memories at once instead of by I/O writes; None: if there are many
    limit : cycles after which a layer is given up; no layer runs after it

    Raises
    ------
    InputError, UnsupportedError, CapacityError
        Missing tools; a setting that the RTL does not have; a layer that does not fit.
    """
    plans = [rtl_plan(config, job.image) for job, _ in jobs]
    parameters = rtl_parameters(config, max(map(len, plans)), counters, trace)
    values = testbench_values(parameters, trace)
    program = icarus.build(ARRAY_TESTBENCH, values, rtl_dirs, build_dir)
    with icarus.workspace(build_dir) as work:
        script: list[str] = []
        place = images.Placement()
        for number, ((job, chained), plan) in enumerate(zip(jobs, plans, strict=True)):
            job.check(config)
            fill = _fill(config, job, work, number, backdoor, rtl_dirs)
            script += images.weight_lines(config, job.image, fill)
            place = images.place(config, job.image, plan, place.store_base if chained else 0)
            script += images.layer_lines(config, job, plan, place, chained)
            script += images.read_lines(config, job.image, plan, place, counters)
        lines = icarus.simulate(
            program, work, script, trace=trace, window=window, images=work, limit=limit
        )
        results = _read_results(config, jobs, lines, counters)
        if trace:
            return _with_traces(results, icarus.read_trace(work, parameters.trace_bits))
        return results


def run_layer(
    config: EieConfig, job: LayerJob, rtl_dirs: Sequence[Path], build_dir: Path, *,
    counters: bool = True, trace: bool = False, window: Window | None = None,
    backdoor: bool | None = None, limit: int = 10_000_000,
) -> RtlResult:
    """One layer; see `run_layers`."""
    return run_layers(
        config, [(job, None)], rtl_dirs, build_dir, counters=counters, trace=trace,
        window=window, backdoor=backdoor, limit=limit,
    )[0]


def _fill(
    config: EieConfig, job: LayerJob, work: Path, number: int, backdoor: bool | None,
    rtl_dirs: Sequence[Path],
) -> int | None:
    """Write the memory files of a layer if they are to be filled at once."""
    words = images.pointer_words(job.image)
    if backdoor is None:
        backdoor = words.size > _BACKDOOR_FROM and icarus.has_backdoor(rtl_dirs)
    if not backdoor:
        return None
    lines = images.spmat_lines(config, job.image)
    (work / f"pointers_{number}.hex").write_text(images.hex_file(words.ravel().tolist()), "ascii")
    (work / f"spmat_{number}.hex").write_text(
        images.hex_file(line for pe in lines for line in pe), "ascii"
    )
    return number


def _read_results(
    config: EieConfig, jobs: Sequence[tuple[LayerJob, images.Chained | None]],
    lines: list[str], counters: bool,
) -> list[RtlResult]:
    results: list[RtlResult] = []
    at = 0
    for job, _ in jobs:
        verdict, _, cycles = lines[at].partition(" ")
        if verdict == "timeout":
            return [*results, RtlResult(None, int(cycles), None)]
        if verdict != "cycles":
            raise InputError(f"{job.image.name}: the testbench printed {lines[at]!r}")
        out_rows = -(-job.image.n_outputs // config.n_pe)
        numbers, at = icarus.read_numbers(lines, at + 1, out_rows * config.n_pe)
        outputs = None
        if numbers is not None:
            values = images.signed(config, numbers).reshape(config.n_pe, out_rows)
            outputs = values.T.ravel()[: job.image.n_outputs]
        named: dict[str, int | IntArray] | None = None
        if counters:
            n_ccu, n_pe = len(CCU_COUNTERS), len(PE_COUNTERS)
            numbers, at = icarus.read_numbers(lines, at, n_ccu + n_pe * config.n_pe)
            if numbers is not None:
                pes = numbers[n_ccu:].reshape(config.n_pe, n_pe)
                named = dict(zip(CCU_COUNTERS, numbers[:n_ccu].tolist(), strict=True))
                named |= dict(zip(PE_COUNTERS, pes.T, strict=True))
        results.append(RtlResult(outputs, int(cycles), named))
    return results


def _with_traces(
    results: list[RtlResult], trace: npt.NDArray[np.uint8]
) -> list[RtlResult]:
    starts = np.cumsum([0] + [result.cycles for result in results])
    return [
        replace(result, trace=trace[a:b])
        for result, a, b in zip(results, starts[:-1], starts[1:], strict=True)
    ]
