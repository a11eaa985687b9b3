"""One PE alone on ``rtl/eie/tb/pe_tb.v``: the inputs that the array would give it."""

from __future__ import annotations

import numpy as np

from accelsim.errors import UnsupportedError
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.rtl import images
from accelsim.machines.eie.rtl.params import PE_COUNTERS, RtlParameters
from accelsim.machines.eie.sequence import SequenceJob
from accelsim.machines.rtl import Fields, PeRtl, Take

_PORTS = {
    "push_i": "broadcast", "column_i": "broadcast_column", "activation_i": "broadcast_activation",
    "compute_i": "compute", "blocked_i": "blocked", "pass_start_i": "pass_start", "swap_i": "swap",
    "clear_i": "clear", "load_i": "load", "bias_load_i": "bias_load", "store_i": "store",
    "batch_row_i": "batch_row",
    "batch_addr_i": "batch_addr", "scan_row_i": "scan_row", "scan_read_i": "scan_read",
}
"""Input of a PE to the field of the array's trace that it follows."""


def refuse(job: LayerJob | ConvJob | SequenceJob) -> None:
    """Raise `UnsupportedError` for a convolution, or layers in sequence."""
    if isinstance(job, SequenceJob):
        raise UnsupportedError(f"{job.name}: layers in sequence run on the whole array; compare "
                               f"that, or one layer alone")
    if isinstance(job, ConvJob):
        raise UnsupportedError(f"{job.name}: a convolution runs on the whole array; compare that, "
                               f"or one vector alone (ConvJob.vector_job)")


def inputs(parameters: RtlParameters) -> list[tuple[str, int]]:
    """(port, bits) of one stimulus word, highest bits first."""
    row_bits = parameters.row_bits
    return [
        ("push_i", 1), ("column_i", parameters.column_bits),
        ("activation_i", parameters.activation_bits), ("compute_i", 1), ("blocked_i", 1),
        ("pass_start_i", 1), ("swap_i", 1), ("clear_i", 1), ("shift_i", parameters.shift_bits),
        ("load_i", 1), ("bias_load_i", 1), ("store_i", 1), ("batch_row_i", row_bits),
        ("batch_addr_i", parameters.act_addr_bits), ("scan_row_i", row_bits), ("scan_read_i", 1),
    ]


def outputs(parameters: RtlParameters) -> list[tuple[str, int]]:
    """(field, bits) of what the test bench tells in each cycle, highest bits first."""
    return [("pe.full", 1), ("pe.busy", 1), *parameters.pe_trace_fields()]


def stimulus(job: LayerJob, fields: Fields) -> dict[str, IntArray]:
    """Every input of a PE in the cycle of ``layer_start_i`` and in every one behind it, from a
    trace of the array. Without a start phase the first pass begins behind the former."""
    begins = not fields["start"].any()
    first = {"pass_start": begins, "swap": begins, "clear": begins and job.plan[0].clear}
    shift = {"shift_i": np.full(1 + len(fields["start"]), job.shift, dtype=np.int64)}
    return {port: np.append(int(first.get(name, 0)), fields[name])
            for port, name in _PORTS.items()} | shift


def expected(config: EieConfig, pe: int, fields: Fields) -> dict[str, IntArray]:
    """What the test bench must tell of PE ``pe``, from a trace of the array."""
    mine = {name: values[:, pe] for name, values in fields.items() if values.ndim == 2}
    count = mine["act_queue.count"]
    busy = (
        (count > 0) | (mine["spmat_read.issue"] == 1) | (mine["spmat_read.empty"] == 1)
        | (mine["arith_unit.wait"] == 1)
    )
    return {
        "pe.full": (count == config.act_queue_depth).astype(np.int64),
        "pe.busy": busy.astype(np.int64),
    } | mine


def script(config: EieConfig, job: LayerJob, pe: int) -> list[str]:
    """Load one PE, play the recorded cycles, read its rows and counters."""
    place = images.place(config, job.image, job.plan)
    return [
        *images.pe_weight_lines(
            images.pointer_words(job.image), images.spmat_lines(config, job.image), pe
        ),
        *images.codebook_lines(config, job),
        *images.activation_lines(config, job, job.plan, place, [pe]),
        *images.bias_lines(config, job, place, [pe]), images.START,
        *images.output_lines(config, job, place, [pe]),
        *images.pe_counter_lines([pe]),
    ]


def read_back(
    config: EieConfig, job: LayerJob, take: Take
) -> tuple[IntArray | None, dict[str, int] | None]:
    """This PE's rows, with the zero of a row that the layer does not have; its counters."""
    words, counts = take(images.out_rows(config, job.image)), take(len(PE_COUNTERS))
    return (
        None if words is None else images.signed(config, words),
        None if counts is None else dict(zip(PE_COUNTERS, counts.tolist(), strict=True)),
    )


def rows(config: EieConfig, outputs: IntArray, pe: int) -> IntArray:
    """One PE's outputs, with the zero of a row that the layer does not have."""
    mine: IntArray = images.by_pe(config, outputs)[pe]
    return mine


PE = PeRtl(
    top="pe", testbench="pe_tb",
    omits=("NPe", "ProgramDepth", "Gather", "Trace", "StartCycles", "DecoderTables"),
    inputs=inputs,
    outputs=outputs, stimulus=stimulus, expected=expected, script=script, read_back=read_back,
    rows=rows, refuse=refuse,
)
