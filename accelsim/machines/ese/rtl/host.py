"""What a host does with ``rtl/ese/ese_top.v``: fill the DDR modules, run, read back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

import numpy as np

from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.counters import EseCounters
from accelsim.machines.ese.job import IntArray, RecurrentJob
from accelsim.machines.ese.rtl.layout import Memories, VectorMap, route
from accelsim.machines.ese.rtl.params import PE_COUNTERS, TOTALS, EseParameters, parameters
from accelsim.machines.ese.rtl.program import ProgramWords
from accelsim.machines.rtl import Take

Jobs: TypeAlias = Sequence[tuple[RecurrentJob, None]]

PROGRAM, REGISTERS, COUNTERS, OF_PE, DDR_1, DDR_2, RESULTS = 0, 1, 2, 3, 4, 5, 8
"""Memories of the host: those of ese_top.v, then those of the test bench."""


def script(
    config: EseConfig, jobs: Jobs, counters: bool, filled: Collection[int] = ()
) -> list[str]:
    """Load, run and read back one job after the other."""
    sizes = parameters(config, jobs, counters)
    lines = []
    for number, (job, _) in enumerate(jobs):
        memories = Memories(config, job)
        ddr_1 = ddr_1_words(sizes, memories)
        if number in filled:
            lines.append(f"b {number:x} {len(ddr_1):x} {len(memories.ddr_2):x} 0")
        else:
            lines += [_write(DDR_1, at, word) for at, word in enumerate(ddr_1)]
            lines += [_write(DDR_2, at, word) for at, word in enumerate(memories.ddr_2)]
        program = ProgramWords(sizes, job, memories).words()
        lines += [_write(PROGRAM, at, word) for at, word in enumerate(program)]
        registers = (len(job.inputs), memories.x[0], memories.y, memories.y_words,
                     VectorMap(job, sizes.vector_copy).base["y"], job.n_channels)
        lines += [_write(REGISTERS, at, word) for at, word in enumerate(registers)]
        lines.append("s 0 0 0 0")
        lines += [f"r {RESULTS:x} 0 {at:x} 0" for at in _result_places(config, job)]
        if counters:
            lines += [f"r {COUNTERS:x} 0 {at:x} 0" for at in range(len(TOTALS))]
            lines += [f"r {OF_PE:x} {pe:x} {at:x} 0"
                      for pe in range(config.n_pe) for at in range(len(PE_COUNTERS))]
    return lines


def fill(config: EseConfig, job: RecurrentJob) -> dict[str, str]:
    """Both DDR modules as ``$readmemh`` texts."""
    memories = Memories(config, job)
    sizes = parameters(config, [(job, None)])
    return {
        "ddr_1": "\n".join(f"{word:x}" for word in ddr_1_words(sizes, memories)) + "\n",
        "ddr_2": "\n".join(f"{word:x}" for word in memories.ddr_2) + "\n",
    }


def ddr_1_words(sizes: EseParameters, memories: Memories) -> list[int]:
    """Words of DDR_1 with their routes."""
    place_bits = (sizes.ddr_word_bits - 1).bit_length()
    return [
        route(word, sizes.lanes, sizes.pe_bits, place_bits) << sizes.ddr_word_bits | word.data
        for word in memories.ddr_1
    ]


def read_back(
    config: EseConfig, job: RecurrentJob, counters: bool, take: Take
) -> tuple[IntArray | None, dict[str, int | IntArray] | None]:
    """(n_steps, n_channels, n_outputs) int64 and counters; None where a bit is unknown."""
    shape = (len(job.inputs), job.n_channels, job.layer.n_outputs)
    words = take(int(np.prod(shape)))
    outputs = None
    if words is not None:
        sign = 1 << (config.activation_bits - 1)
        outputs = ((words ^ sign) - sign).reshape(shape)
    if not counters:
        return outputs, None
    counts = take(len(TOTALS) + len(PE_COUNTERS) * config.n_pe)
    if counts is None:
        return outputs, None
    found: dict[str, int | IntArray] = dict(
        zip(TOTALS, counts[: len(TOTALS)].tolist(), strict=True))
    of_pes = counts[len(TOTALS):].reshape(config.n_pe, len(PE_COUNTERS)).T
    found |= dict(zip(PE_COUNTERS, of_pes, strict=True))
    used = int(np.sum(found["weight_buffer_writes"])) * config.entry_bits
    words_fetched = int(counts[TOTALS.index("weight_words")])
    found["weight_padding_bits"] = words_fetched * config.ddr_word_bits - used
    found["pointer_reads"] = 2 * of_pes[PE_COUNTERS.index("queue_pops")]
    return outputs, found


def told(
    config: EseConfig, job: RecurrentJob, outputs: IntArray, counters: EseCounters
) -> list[int]:
    """The words that `script` must read."""
    words = outputs & ((1 << config.activation_bits) - 1)
    totals = [int(getattr(counters, name)) for name in TOTALS]
    pes = np.stack([getattr(counters, name) for name in PE_COUNTERS], axis=1)
    return [*words.ravel().tolist(), *totals, *pes.ravel().tolist()]


def _result_places(config: EseConfig, job: RecurrentJob) -> list[int]:
    """Numbers of the activations in the results, in the order of `read_back`'s outputs."""
    memories = Memories(config, job)
    in_word = config.ddr_word_bits // config.activation_bits
    return [
        step * memories.y_words * in_word + element * config.n_channels + channel
        for step in range(len(job.inputs)) for channel in range(job.n_channels)
        for element in range(job.layer.n_outputs)
    ]


def _write(memory: int, address: int, word: int) -> str:
    return f"w {memory:x} 0 {address:x} {word:x}"
