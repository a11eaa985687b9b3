"""One PE alone: the inputs that the array would give it, recorded from the reference engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.rtl import images
from accelsim.machines.eie.rtl.params import PE_COUNTERS, RtlParameters, rtl_parameters, rtl_plan
from accelsim.rtl_bridge import icarus
from accelsim.rtl_bridge.icarus import Window
from accelsim.rtl_bridge.run import RtlResult
from accelsim.rtl_bridge.trace import Fields

PE_TESTBENCH = "pe_tb"


def pe_inputs(parameters: RtlParameters) -> list[tuple[str, int]]:
    """(port, bits) of one stimulus word, highest bits first."""
    row_bits = parameters.row_bits
    return [
        ("push_i", 1), ("column_i", parameters.column_bits),
        ("activation_i", parameters.activation_bits), ("compute_i", 1), ("blocked_i", 1),
        ("pass_start_i", 1), ("swap_i", 1), ("clear_i", 1), ("shift_i", parameters.shift_bits),
        ("load_i", 1), ("store_i", 1), ("batch_row_i", row_bits),
        ("batch_addr_i", parameters.act_addr_bits), ("scan_row_i", row_bits), ("scan_read_i", 1),
    ]


def pe_outputs(parameters: RtlParameters) -> list[tuple[str, int]]:
    """(field, bits) of what the testbench tells in each cycle, highest bits first."""
    return [
        ("pe.full", 1), ("pe.busy", 1), *parameters.pe_trace_fields(),
    ]


def stimulus(job: LayerJob, fields: Fields) -> dict[str, IntArray]:
    """Every input of a PE in every cycle, from a trace of the array."""
    ports = {
        "push_i": "broadcast", "column_i": "broadcast_column",
        "activation_i": "broadcast_activation", "compute_i": "compute", "blocked_i": "blocked",
        "pass_start_i": "start", "swap_i": "swap", "clear_i": "clear", "load_i": "load",
        "store_i": "store", "batch_row_i": "batch_row", "batch_addr_i": "batch_addr",
        "scan_row_i": "scan_row", "scan_read_i": "scan_read",
    }
    shift = {"shift_i": np.full(len(fields["start"]), job.shift, dtype=np.int64)}
    return {port: fields[name] for port, name in ports.items()} | shift


def expected_outputs(config: EieConfig, pe: int, fields: Fields) -> dict[str, IntArray]:
    """What the testbench must tell of PE ``pe``, from a trace of the array."""
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


def run_pe(
    config: EieConfig, job: LayerJob, pe: int, inputs: Fields, rtl_dirs: Sequence[Path],
    build_dir: Path, window: Window | None = None,
) -> RtlResult:
    """Play recorded inputs to one PE.

    Returns
    -------
    RtlResult
        ``outputs`` are this PE's rows, ``counters`` single numbers.

    Raises
    ------
    InputError, UnsupportedError, CapacityError
        See `accelsim.rtl_bridge.run.run_layers`.
    """
    plan = rtl_plan(config, job.image)
    parameters = rtl_parameters(config)
    layout = pe_inputs(parameters)
    told = sum(bits for _, bits in pe_outputs(parameters))
    values = {
        name: value for name, value in parameters.verilog().items()
        if name not in ("NPe", "ProgramDepth", "Trace")
    } | {
        "StimulusBits": sum(bits for _, bits in layout),
        "TraceBits": sum(bits for _, bits in parameters.pe_trace_fields()),
    }
    program = icarus.build(PE_TESTBENCH, values, rtl_dirs, build_dir)
    place = images.place(config, job.image, plan)
    script = [
        *images.pe_weight_lines(
            images.pointer_words(job.image), images.spmat_lines(config, job.image), pe
        ),
        *images.codebook_lines(config, job),
        *images.activation_lines(config, job, plan, place, [pe]), "s 0 0 0 0",
        *images.output_lines(config, job.image, plan, place, [pe]),
        *images.pe_counter_lines([pe]),
    ]
    with icarus.workspace(build_dir) as work:
        (work / "stimulus.hex").write_text(images.hex_file(_packed(layout, inputs)), "ascii")
        lines = icarus.simulate(
            program, work, script, trace=True, window=window,
            stimulus=work / "stimulus.hex", count=len(inputs["push_i"]),
        )
        trace = icarus.read_trace(work, told)
    out_rows = -(-job.image.n_outputs // config.n_pe)
    numbers, at = icarus.read_numbers(lines, 1, out_rows)
    outputs = None if numbers is None else images.signed(config, numbers)
    counts, _ = icarus.read_numbers(lines, at, len(PE_COUNTERS))
    named = None if counts is None else dict(zip(PE_COUNTERS, counts.tolist(), strict=True))
    return RtlResult(outputs, int(lines[0].split()[1]), named, trace)


def _packed(layout: list[tuple[str, int]], inputs: Fields) -> list[int]:
    """One word a cycle."""
    words = [0] * len(inputs[layout[0][0]])
    for name, bits in layout:
        mask = (1 << bits) - 1
        words = [
            word << bits | (value & mask)
            for word, value in zip(words, inputs[name].tolist(), strict=True)
        ]
    return words
