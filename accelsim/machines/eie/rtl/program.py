"""What one start of ``rtl/eie/eie_array.v`` runs: one layer, or layers in sequence (N1, N2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from accelsim.errors import CapacityError
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.rtl import images
from accelsim.machines.eie.rtl.images import Chained, Placement
from accelsim.machines.eie.sequence import SequenceJob


@dataclass(frozen=True)
class Part:
    """A layer of a program: where it lies, and how it reads what the one before it left."""

    job: LayerJob
    place: Placement
    chained: Chained | None = None
    vectors: bool = False


def sequence_parts(config: EieConfig, job: SequenceJob) -> list[Part]:
    """The layers of a program: pointers behind each other from even words on, entries from a line
    on, biases side by side at the end of the activation SRAM; equal codebooks are one.

    Raises
    ------
    CapacityError
        If they do not fit together.
    """
    rows = [sum(step.bias_rows for step in layer.plan) for layer in job.layers]
    biases = config.act_sram_words - sum(rows)
    parts: list[Part] = []
    tables: list[IntArray] = []
    word = line = store = 0
    for index, layer in enumerate(job.layers):
        known = [number for number, table in enumerate(tables)
                 if np.array_equal(table, layer.codebook)]
        if not known:
            tables.append(layer.codebook)
        place = replace(
            images.place(config, layer.image, layer.plan, store,
                         (biases, biases + sum(rows[:index]))),
            pointer_base=word, line_base=line, table=known[0] if known else len(tables) - 1)
        parts.append(Part(layer, place, Chained(*job.reads[index - 1]) if index else None))
        words = images.pointer_words(layer.image).shape[1]
        word, store = word + words + words % 2, place.store_base
        line += images.image_lines(config, layer.image)
    _check_fits(config, job, word, line, len(tables))
    return parts


def _check_fits(
    config: EieConfig, job: SequenceJob, words: int, lines: int, tables: int
) -> None:
    entries = lines * config.entries_per_line
    needs = (
        ("pointers a PE", words, config.pointer_words, "a larger pointer_kb"),
        ("entries a PE", entries, config.spmat_entries, "a larger spmat_kb"),
        ("entries a PE", entries, (1 << config.pointer_bits) - 1, "more pointer_bits"),
        ("codebooks", tables, config.decoder_tables, f"decoder_tables={tables}"),
    )
    told = [f"{got:,} {what}, with room for {have:,}; set {remedy}"
            for what, got, have, remedy in needs if got > have]
    if told:
        raise CapacityError(f"{job.name}: in sequence the layers need {'; '.join(told)}")


def memories(config: EieConfig, parts: list[Part]) -> tuple[IntArray, list[list[int]]]:
    """(n_pe, words) pointers, and equally many lines of each PE, of all layers."""
    words: list[IntArray] = []
    lines: list[list[int]] = [[] for _ in range(config.n_pe)]
    for part in parts:
        own = images.pointer_words(part.job.image)
        words.append(own + part.place.line_base * config.entries_per_line)
        if len(parts) > 1 and own.shape[1] % 2:
            words.append(np.zeros((config.n_pe, 1), dtype=np.int64))
        for mine, new in zip(lines, images.spmat_lines(config, part.job.image), strict=True):
            mine += new
    return np.hstack(words), lines


def program_lines(config: EieConfig, parts: list[Part]) -> Iterator[str]:
    """I/O writes of program, codebooks and biases."""
    yield from images.program_lines(
        step for part in parts
        for step in images.program(config, part.job, part.job.plan, part.place, part.chained,
                                   part.vectors, ends=part is parts[-1]))
    for part in parts:
        yield from images.codebook_lines(config, part.job, part.place.table)
        yield from images.bias_lines(config, part.job, part.place, range(config.n_pe))
