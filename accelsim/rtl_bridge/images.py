"""Memory images and host scripts for ``rtl/tb/eie_array_tb.v``: what a host would do.

A script line is ``command memory pe address data`` in hexadecimal. Everything ends with a
newline: some simulators lose a last word without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from accelsim.arch.config import EieConfig
from accelsim.arch.plan import Pass
from accelsim.engines.job import IntArray, LayerJob
from accelsim.formats import LayerImage
from accelsim.rtl_bridge.params import CCU_COUNTERS, PE_COUNTERS

POINTERS, SPMAT, CODEBOOK, ACT_SRAM, SOURCE, DESTINATION, PE_COUNTER = range(7)
PROGRAM, CCU_COUNTER = 8, 9
"""Values of ``io_mem_i``."""

PROGRAM_FIELDS = (
    "flags", "shift", "read_shift", "bias_activation", "first_column", "n_rows", "load_rows",
    "load_addr", "store_rows", "store_addr",
)
"""Fields of a pass in ``ccu_program``, by index."""


@dataclass(frozen=True)
class Chained:
    """A layer that reads what the layer before left in the array: no activations are written.

    Attributes
    ----------
    relu, read_shift : how stored outputs become activations (`accelsim.fixedpoint`)
    """

    relu: bool
    read_shift: int


def pointer_words(image: LayerImage) -> IntArray:
    """(n_pe, words) pointers: tile after tile, ``n_columns + 1`` each."""
    return image.pointers.reshape(image.n_pe, -1)


def spmat_lines(config: EieConfig, image: LayerImage) -> list[list[int]]:
    """Lines of each PE, equally many: entries ``{code, run}``, the first in the lowest bits."""
    per_line = config.entries_per_line
    n_lines = -(-image.max_entries // per_line)
    shifts = [slot * config.entry_bits for slot in range(per_line)]
    result = []
    for index in range(image.n_pe):
        pe = image.pe(index)
        entries = np.zeros(n_lines * per_line, dtype=np.int64)
        entries[: len(pe.codes)] = (pe.codes.astype(np.int64) << config.index_bits) | pe.runs
        result.append([
            sum(entry << shift for entry, shift in zip(line, shifts, strict=True))
            for line in entries.reshape(n_lines, per_line).tolist()
        ])
    return result


def program(
    config: EieConfig, job: LayerJob, plan: tuple[Pass, ...], chained: Chained | None = None
) -> list[dict[str, int]]:
    """The passes as ``ccu_program`` holds them.

    Loaded inputs lie at the start of the activation SRAM, stored outputs behind them.
    """
    image = job.image
    loads = any(step.load_rows for step in plan)
    store_base = -(-image.n_inputs // config.n_pe) if loads else 0
    relu, read_shift = (chained.relu, chained.read_shift) if chained else (False, 0)
    passes = []
    for number, step in enumerate(plan):
        flags = (
            number == len(plan) - 1, number == 0, step.clear, step.bias, relu,
        )
        passes.append({
            "flags": sum(flag << bit for bit, flag in enumerate(flags)),
            "shift": job.shift,
            "read_shift": min(read_shift, config.register_bits),  # beyond, all is zero
            "bias_activation": job.bias_activation & ((1 << config.activation_bits) - 1),
            "first_column": step.tile * (image.n_columns + 1) + step.first_row * config.n_pe,
            "n_rows": step.n_rows,
            "load_rows": step.load_rows,
            "load_addr": step.first_row if step.load_rows else 0,
            "store_rows": step.store_rows,
            "store_addr": store_base + step.tile * config.regfile_depth if step.store_rows else 0,
        })
    return passes


def weight_lines(
    config: EieConfig, image: LayerImage, backdoor: int | None = None
) -> Iterator[str]:
    """Pointers and entries: I/O writes, or one fill from the files of number ``backdoor``."""
    words, lines = pointer_words(image), spmat_lines(config, image)
    if backdoor is not None:
        yield f"b {backdoor:x} {words.shape[1]:x} {len(lines[0]):x} 0"
        return
    for pe in range(config.n_pe):
        yield from _writes(POINTERS, pe, words[pe].tolist())
        yield from _writes(SPMAT, pe, lines[pe])


def layer_lines(
    config: EieConfig, job: LayerJob, plan: tuple[Pass, ...], chained: Chained | None = None
) -> Iterator[str]:
    """Codebook, activations unless ``chained``, program and start."""
    for number, step in enumerate(program(config, job, plan, chained)):
        for field, name in enumerate(PROGRAM_FIELDS):
            yield f"w {PROGRAM:x} 0 {number * 16 + field:x} {step[name]:x}"
    codebook = job.codebook & ((1 << config.weight_value_bits) - 1)
    in_rows = -(-job.image.n_inputs // config.n_pe)
    vector = np.zeros(in_rows * config.n_pe, dtype=np.int64)
    vector[: len(job.activations)] = job.activations
    vector &= (1 << config.register_bits) - 1
    memory = ACT_SRAM if any(step.load_rows for step in plan) else DESTINATION
    yield from _writes(CODEBOOK, 0, codebook.tolist())  # of all PEs
    if chained is None:
        for pe in range(config.n_pe):
            yield from _writes(memory, pe, vector[pe :: config.n_pe].tolist())
    yield "s 0 0 0 0"


def read_lines(
    config: EieConfig, image: LayerImage, plan: tuple[Pass, ...], counters: bool
) -> Iterator[str]:
    """Outputs, then counters."""
    out_rows = -(-image.n_outputs // config.n_pe)
    stores = any(step.store_rows for step in plan)
    loads = any(step.load_rows for step in plan)
    base = -(-image.n_inputs // config.n_pe) if stores and loads else 0
    for pe in range(config.n_pe):
        for row in range(out_rows):
            yield f"r {ACT_SRAM if stores else DESTINATION:x} {pe:x} {base + row:x} 0"
    if counters:
        for index in range(len(CCU_COUNTERS)):
            yield f"r {CCU_COUNTER:x} 0 {index:x} 0"
        for pe in range(config.n_pe):
            for index in range(len(PE_COUNTERS)):
                yield f"r {PE_COUNTER:x} {pe:x} {index:x} 0"


def hex_file(values: Iterable[int]) -> str:
    """``$readmemh`` text."""
    return "".join(f"{value:x}\n" for value in values)


def _writes(memory: int, pe: int, values: list[int]) -> Iterator[str]:
    for address, value in enumerate(values):
        yield f"w {memory:x} {pe:x} {address:x} {value:x}"
