"""EIE Fig. 9: the width of a sparse-matrix SRAM line: reads, energy a read, energy of all reads."""

from __future__ import annotations

from collections.abc import Mapping

from accelsim.energy import load_sram_table
from accelsim.energy.sram import DEVICES, GOALS
from accelsim.papers.bench import LAYERS, SIMULATOR_QUEUE, energy, run, unlimited
from accelsim.papers.comparison import Cell, Comparison, Published
from accelsim.papers.facts import grids

WIDTHS_BITS = (32, 64, 128, 256, 512)
ALEXNET = ("alex-6", "alex-7", "alex-8")


def eie_fig9(seed: int = 1) -> Published:
    """Line reads of all PEs at 32 to 512 bits, and their energy; the width changes no time."""
    counted = {}
    for name in LAYERS:
        counters = run(name, seed, act_queue_depth=SIMULATOR_QUEUE).timed
        reads = int(counters.spmat_line_reads.sum())
        counted[name] = {
            "line_reads": reads,
            "line_reads_per_column": reads / int(counters.queue_pops.sum()),
        }
    by_width = {name: {str(w): _reads(name, seed, w) for w in WIDTHS_BITS} for name in LAYERS}
    alexnet = {str(w): sum(by_width[name][str(w)] for name in ALEXNET) for w in WIDTHS_BITS}
    by_width["AlexNet"] = alexnet
    total_nj = {
        f"{device}, {goal}": {str(w): _energy_nj(device, goal, seed, w) for w in WIDTHS_BITS}
        for goal in GOALS for device in DEVICES
    }
    each_pj = {
        memory: {w: 1e3 * nj / alexnet[w] for w, nj in energies.items()}
        for memory, energies in total_nj.items()
    }
    facts = grids()
    tables = (
        facts["eie-fig9"].beside("At 64 bits, all PEs", "layer", counted),
        facts["eie-fig9-widths"].beside("Line reads by line width in bits", "layer", by_width),
        facts["eie-fig9-each"].beside("Energy a read by width, a row a memory", "memory",
                                      each_pj),
        facts["eie-fig9-total"].beside("Energy of all AlexNet reads by width", "memory",
                                       total_nj),
        _least(total_nj),
    )
    return Published("eie-fig9", "EIE Fig. 9: SRAM line width", tables, _NOTES,
                     unlimited(run(name, seed) for name in ALEXNET))


def _least(total_nj: Mapping[str, Mapping[str, float]]) -> Comparison:
    """The width of least energy of each memory, beside the paper's."""
    fact = grids()["eie-fig9-least"]
    (row,), (column,) = fact.rows, fact.columns
    published = fact.value(row, column)
    cells = []
    for memory, energies in total_nj.items():
        width = min(energies, key=lambda w: energies[w])
        less = 100 * (1 - energies[width] / energies[f"{published:g}"])
        cells.append(Cell(
            memory, column, fact.units[0], float(width), published, fact.tolerance(row, column),
            fact.tag, f"CACTI, not fitted: {width} bits take {less:.0f} % less energy",
        ))
    return Comparison("The width of least energy", "memory", fact.source, tuple(cells))


_NOTES = (
    "A line is read when its address differs from the line last read; wide lines fetch entries of "
    "columns that are then skipped.",
    "Energy a read: a 128 KB array of the width by CACTI at 45 nm, and the line register. hp, lop, "
    "lstp: cells and periphery of high performance, low operating power, low standby power; mixed: "
    "lstp cells, hp periphery. balanced: CACTI's least energy x delay^2; 800mhz: the same among "
    "arrays with a cycle of 1.25 ns; 800mhz_energy: least energy among those. Nothing is fitted.",
    "The model's memory is 'lstp, 800mhz': of the others 128 KB leak 2.8 mW (lop) to 62 mW (hp), "
    "where Table II has 4.955 mW for all of SpmatRead. To reach the clock the array is cut into "
    "more subarrays, and wide lines pay for it in wires: that puts the least at 64 bits and 512 "
    "bits near the axis' 225 pJ. Without a clock CACTI prefers the widest line in every device.",
    "The bars have no labels; the paper's axes end at 500,000 reads, 225 pJ a read and 8,400 nJ, "
    "with the least energy at 64 bits.",
)


def _reads(name: str, seed: int, width_bits: int) -> float:
    return int(run(name, seed, spmat_width_bits=width_bits).timed.spmat_line_reads.sum())


def _energy_nj(device: str, goal: str, seed: int, width_bits: int) -> float:
    """Of AlexNet's line reads, the line register written with each included."""
    table = load_sram_table(device, goal)
    return sum(
        energy(name, seed, table, spmat_width_bits=width_bits).events_pj["spmat_read"]
        for name in ALEXNET
    ) / 1e3
