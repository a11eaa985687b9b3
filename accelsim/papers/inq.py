"""Size ratios of AlexNet pruned and quantised to powers of two, by formula."""

from __future__ import annotations

from math import log2

from accelsim.papers.comparison import Published
from accelsim.papers.facts import grids

FLOAT_BITS = 32
RUN_BITS = range(2, 9)


def inq(seed: int = 1) -> Published:
    """Each printed ratio beside what codes and places of the kept weights take; ``seed`` draws
    nothing here."""
    facts = grids()
    kept = 1 / facts["inq-pruned"].value("pruned", "rate")
    ours = {}
    for row in facts["inq"].rows:
        bits = int(row.split("/")[0])
        ours[row] = {
            "rate": FLOAT_BITS / kept / (2 * bits),
            "codes_alone": FLOAT_BITS / kept / bits,
            "places_at_least": FLOAT_BITS / kept / (bits + place_bits(kept)),
            "padded": max(FLOAT_BITS / kept / padded_bits(kept, bits, run) for run in RUN_BITS),
        }
    table = facts["inq"].beside("Ratio", "bits", ours)
    return Published("inq", "INQ: sizes of AlexNet", (table,), (
        "rate: the pruned network's factor, times 32 over a code and a run as wide as the code.",
        "codes_alone: without the places of the weights. places_at_least: with the fewest bits "
        "that tell the places of weights kept at random (their entropy). padded: with runs of the "
        "best width, padding entries for longer ones counted, as this decoder stores them.",
        "Only the whole network's factor is at hand; densities of its layers were not found, and "
        "places in layers that differ need fewer bits than those of weights kept at random.",
    ))


def place_bits(kept: float) -> float:
    """Bits a kept weight that tell where it stands, at least: the entropy of a place over the share
    of weights that are kept."""
    return -(log2(kept) + (1 - kept) / kept * log2(1 - kept))


def padded_bits(kept: float, code_bits: int, run_bits: int) -> float:
    """Bits a kept weight, with the padding that runs beyond ``2**run_bits - 1`` zeros need.

    A run of g zeros costs ``g >> run_bits`` padding entries; of weights kept at random that is
    p / (1 - p) on average, with p the chance of ``2**run_bits`` zeros.
    """
    p = (1 - kept) ** (1 << run_bits)
    return (code_bits + run_bits) * (1 + p / (1 - p))
