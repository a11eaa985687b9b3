"""Of the loop over cycles: an entry in the ArithmUnit, and where words lie in a sparse-matrix SRAM
(contract B1), counted column by column."""

from dataclasses import dataclass
from itertools import pairwise


@dataclass(eq=False)
class Slot:
    """An entry on its way through the ArithmUnit; ``acc`` is None for padding."""

    acc: tuple | None
    weight: int
    activation: int
    operand: int = 0
    total: int = 0


def word_addresses(config, layer, own):
    """Of one PE: (tile, column) to where its words begin and where its codes do.

    ``layer`` is the image of all PEs, ``own`` that of this one.
    """
    found, end = {}, 0
    rows_left = -(-layer.n_outputs // config.n_pe)
    for tile, pointers in enumerate(own.pointers.tolist()):
        rows = min(rows_left, layer.tile_rows)
        rows_left -= rows
        for column, (first, last) in enumerate(pairwise(pointers)):
            has_bits = config.index == "bitmap" and last > first
            bits = -(-rows // config.weight_bits) if has_bits else 0
            found[tile, column] = end, end + bits
            end += bits + last - first
    return found
