"""Memory images and host scripts for ``rtl/eie/tb/eie_array_tb.v``: what a host would do.

A script line is ``command memory pe address data`` in hexadecimal. Everything ends with a
newline: some simulators lose a last word without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from accelsim.errors import CapacityError, UnsupportedError
from accelsim.formats import LayerImage
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.datapath import decoder_words
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.plan import Pass
from accelsim.machines.eie.rtl.params import CCU_COUNTERS, PE_COUNTERS

POINTERS, SPMAT, CODEBOOK, ACT_SRAM, SOURCE, DESTINATION, PE_COUNTER = range(7)
PROGRAM, CCU_COUNTER = 8, 9
"""Values of ``io_mem_i``."""

PROGRAM_FIELDS = (
    "flags", "shift", "read_shift", "bias_activation", "first_column", "n_rows", "load_rows",
    "load_addr", "store_rows", "store_addr", "bias_rows", "bias_addr", "table",
)
"""Fields of a pass in ``ccu_program``, by index."""

START = "s 0 0 0 0"
"""The line that runs what was loaded."""


@dataclass(frozen=True)
class Chained:
    """A layer that reads what one before left in the array: no activations are written.

    Attributes
    ----------
    relu, read_shift : how stored outputs become activations (`accelsim.fixedpoint`)
    reads : how many layers back what it reads was left. A convolution may read the maps of earlier
        ones; of several (a concatenation) each gives the next channels
    """

    relu: bool
    read_shift: int
    reads: tuple[int, ...] = (1,)


@dataclass(frozen=True)
class Placement:
    """Where a layer lies in the memories.

    Attributes
    ----------
    load_base, store_base, bias_base : word address in the activation SRAM of the first row of
        inputs, outputs and biases, if they lie there
    pointer_base, line_base : addresses of its first pointer and of its first line of entries
    table : number of its codebook
    """

    load_base: int = 0
    store_base: int = 0
    bias_base: int = 0
    pointer_base: int = 0
    line_base: int = 0
    table: int = 0


def place(
    config: EieConfig, image: LayerImage, plan: Sequence[Pass], load_base: int = 0,
    biases: tuple[int, int] | None = None,
) -> Placement:
    """Outputs go below the inputs if there is room, else behind them; biases to the memory's end.

    Parameters
    ----------
    biases : of layers in sequence: where those of all layers begin, and those of this one

    Raises
    ------
    CapacityError
        If the inputs lie where biases do not fit beside them and the outputs.
    """
    rows = [-(-n // config.n_pe) for n in (image.n_inputs, image.n_outputs)]
    in_rows = rows[0] if any(step.load_rows for step in plan) else 0
    out_rows = rows[1] if any(step.store_rows for step in plan) else 0
    store_base = 0 if out_rows <= load_base else load_base + in_rows
    bias_rows = sum(step.bias_rows for step in plan)
    used = max(load_base + in_rows if in_rows else 0, store_base + out_rows if out_rows else 0)
    of_all, mine = biases or (config.act_sram_words - bias_rows,) * 2
    if of_all < config.act_sram_words and used > of_all:
        raise CapacityError(
            f"{image.name}: {config.act_sram_words - of_all} biases a PE do not fit the activation "
            f"SRAM behind {used} words of the layers; use a larger act_sram_kb"
        )
    return Placement(load_base, store_base, mine)


def pointer_words(image: LayerImage) -> IntArray:
    """(n_pe, words) pointers: tile after tile, ``n_columns + 1`` each."""
    return image.pointers.reshape(image.n_pe, -1)


def spmat_lines(config: EieConfig, image: LayerImage) -> list[list[int]]:
    """Lines of each PE, equally many: entries ``{code, run}``, the first in the lowest bits."""
    per_line = config.entries_per_line
    n_lines = image_lines(config, image)
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
    config: EieConfig, job: LayerJob, plan: Sequence[Pass], place: Placement,
    chained: Chained | None = None, vectors: bool = False, ends: bool = True,
) -> list[dict[str, int]]:
    """The passes as ``ccu_program`` holds them, `PROGRAM_FIELDS` by name.

    Parameters
    ----------
    vectors : they are those of each vector of a convolution
    ends : no other layer's passes follow
    """
    image = job.image
    relu, read_shift = (chained.relu, chained.read_shift) if chained else (False, 0)
    passes = []
    for number, step in enumerate(plan):
        flags = (
            ends and number == len(plan) - 1, number == 0, step.clear, step.bias, relu, vectors,
        )
        passes.append({
            "flags": sum(flag << bit for bit, flag in enumerate(flags)),
            "shift": job.shift,
            "read_shift": min(read_shift, config.register_bits),  # beyond, all is zero
            "bias_activation": job.bias_activation & ((1 << config.activation_bits) - 1),
            "first_column": (place.pointer_base + step.tile * (image.n_columns + 1)
                             + step.first_row * config.n_pe),
            "n_rows": step.n_rows,
            "load_rows": step.load_rows,
            "load_addr": place.load_base + step.first_row,
            "store_rows": step.store_rows,
            "store_addr": place.store_base + step.tile * config.regfile_depth,
            "bias_rows": step.bias_rows,
            "bias_addr": place.bias_base + step.tile * config.regfile_depth,
            "table": place.table,
        })
    return passes


def weight_lines(
    words: IntArray, lines: list[list[int]], backdoor: int | None = None
) -> Iterator[str]:
    """Pointers and entries: I/O writes, or one fill from the files of number ``backdoor``."""
    if backdoor is not None:
        yield f"b {backdoor:x} {words.shape[1]:x} {len(lines[0]):x} 0"
        return
    for pe in range(len(words)):
        yield from pe_weight_lines(words, lines, pe)


def pe_weight_lines(words: IntArray, lines: list[list[int]], pe: int) -> Iterator[str]:
    """I/O writes of one PE's pointers and entries."""
    yield from _writes(POINTERS, pe, words[pe].tolist())
    yield from _writes(SPMAT, pe, lines[pe])


def program_lines(passes: Iterable[dict[str, int]]) -> Iterator[str]:
    """I/O writes of the program."""
    for number, step in enumerate(passes):
        for field, name in enumerate(PROGRAM_FIELDS):
            yield f"w {PROGRAM:x} 0 {number * 16 + field:x} {step[name]:x}"


def codebook_lines(config: EieConfig, job: LayerJob, table: int = 0) -> Iterator[str]:
    """I/O writes of the codebook of all PEs, as number ``table``.

    Raises
    ------
    UnsupportedError
        If each PE has tables of its own: the writes are a broadcast.
    """
    if job.rows_per_table is not None:
        raise UnsupportedError(f"{job.name}: the RTL has one code table for all rows, this layer "
                               f"one for {job.rows_per_table} each; compress without table_rows, "
                               f"or --engine fast")
    codebook = decoder_words(config.multiplier, job.codebook, config.weight_value_bits)
    yield from _writes(CODEBOOK, 0, codebook.tolist(), table << config.weight_bits)


def activation_lines(
    config: EieConfig, job: LayerJob, plan: Sequence[Pass], place: Placement, pes: Iterable[int]
) -> Iterator[str]:
    """I/O writes of the input vector to where the layer reads it, all rows in full."""
    in_rows = -(-job.image.n_inputs // config.n_pe)
    vector = np.zeros(in_rows * config.n_pe, dtype=np.int64)
    vector[: len(job.activations)] = job.activations
    vector &= (1 << config.register_bits) - 1
    loads = any(step.load_rows for step in plan)
    memory, base = (ACT_SRAM, place.load_base) if loads else (DESTINATION, 0)
    for pe in pes:
        yield from _writes(memory, pe, vector[pe :: config.n_pe].tolist(), base)


def bias_lines(
    config: EieConfig, job: LayerJob, place: Placement, pes: Iterable[int]
) -> Iterator[str]:
    """I/O writes of the accumulators' biases to the activation SRAM, all rows in full."""
    if job.bias is None:
        return
    words = job.starts() & ((1 << config.register_bits) - 1)
    for pe in pes:
        yield from _writes(ACT_SRAM, pe, words[pe].tolist(), place.bias_base)


def counter_lines(config: EieConfig) -> Iterator[str]:
    """I/O reads of all counters."""
    for index in range(len(CCU_COUNTERS)):
        yield f"r {CCU_COUNTER:x} 0 {index:x} 0"
    yield from pe_counter_lines(range(config.n_pe))


def output_lines(
    config: EieConfig, job: LayerJob, place: Placement, pes: Iterable[int], n_vectors: int = 1
) -> Iterator[str]:
    """I/O reads of the outputs, PE after PE."""
    stores = any(step.store_rows for step in job.plan)
    memory, base = (ACT_SRAM, place.store_base) if stores else (DESTINATION, 0)
    for pe in pes:
        for row in range(n_vectors * out_rows(config, job.image)):
            yield f"r {memory:x} {pe:x} {base + row:x} 0"


def pe_counter_lines(pes: Iterable[int]) -> Iterator[str]:
    """I/O reads of `PE_COUNTERS`, PE after PE."""
    for pe in pes:
        for index in range(len(PE_COUNTERS)):
            yield f"r {PE_COUNTER:x} {pe:x} {index:x} 0"


def out_rows(config: EieConfig, image: LayerImage) -> int:
    """Outputs of each PE, with those that the layer does not have."""
    return -(-image.n_outputs // config.n_pe)


def by_pe(config: EieConfig, outputs: IntArray) -> IntArray:
    """(n_pe, rows) of (n_outputs,): output i is in PE i mod n_pe; zero behind the last."""
    padded = np.zeros(-(-len(outputs) // config.n_pe) * config.n_pe, dtype=np.int64)
    padded[: len(outputs)] = outputs
    return padded.reshape(-1, config.n_pe).T


def signed(config: EieConfig, words: IntArray) -> IntArray:
    """Register-file words as numbers."""
    sign = 1 << (config.register_bits - 1)
    return (words ^ sign) - sign


def hex_file(values: Iterable[int]) -> str:
    """``$readmemh`` text."""
    return "".join(f"{value:x}\n" for value in values)


def image_lines(config: EieConfig, image: LayerImage) -> int:
    """SpMat lines of each PE: those of the PE with the most entries."""
    return -(-image.max_entries // config.entries_per_line)


def _writes(memory: int, pe: int, values: list[int], base: int = 0) -> Iterator[str]:
    for address, value in enumerate(values, base):
        yield f"w {memory:x} {pe:x} {address:x} {value:x}"
