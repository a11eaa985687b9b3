"""EIE Fig. 9: the width of a sparse-matrix SRAM line, and how often a line is read."""

from __future__ import annotations

from accelsim.study.published.bench import LAYERS, SIMULATOR_QUEUE, run
from accelsim.study.published.comparison import Published
from accelsim.study.published.facts import grids

WIDTHS_BITS = (32, 64, 128, 256, 512)
ALEXNET = ("alex-6", "alex-7", "alex-8")


def eie_fig9(seed: int = 1) -> Published:
    """Line reads of all PEs at 32 to 512 bits; the width changes no time."""
    counted = {}
    for name in LAYERS:
        counters = run(name, seed, act_queue_depth=SIMULATOR_QUEUE).timed
        reads = int(counters.spmat_line_reads.sum())
        counted[name] = {
            "line_reads": reads,
            "line_reads_per_column": reads / int(counters.queue_pops.sum()),
        }
    by_width = {name: {str(w): _reads(name, seed, w) for w in WIDTHS_BITS} for name in LAYERS}
    by_width["AlexNet"] = {
        str(w): sum(by_width[name][str(w)] for name in ALEXNET) for w in WIDTHS_BITS
    }
    tables = (
        grids()["eie-fig9"].beside("At 64 bits, all PEs", "layer", counted),
        grids()["eie-fig9-widths"].beside("Line reads by line width in bits", "layer", by_width),
    )
    notes = (
        "A line is read when its address differs from the line last read; wide lines fetch "
        "entries of columns that are then skipped.",
        "The bars have no labels; the paper's axes end at 500,000 reads, 225 pJ a read and "
        "8,400 nJ, with the least energy at 64 bits.",
    )
    return Published("eie-fig9", "EIE Fig. 9: SRAM line width", tables, notes)


def _reads(name: str, seed: int, width_bits: int) -> float:
    return int(run(name, seed, spmat_width_bits=width_bits).timed.spmat_line_reads.sum())
