"""Of the loop over cycles: an entry in the ArithmUnit, and where words lie in a sparse-matrix SRAM
(contract B1), counted column by column."""

from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(eq=False)
class Slot:
    """An entry on its way through the ArithmUnit; ``acc`` is None for padding."""

    acc: tuple | None
    weight: int
    activation: int
    operand: int = 0
    total: int = 0
    saturated: bool = False


@dataclass
class Pe:
    """One processing element's state and its counters."""

    queue: list = field(default_factory=list)
    held: tuple | None = None        # (next entry, end, activation, column) in spmat_read
    bits: list = field(default_factory=list)    # lines to read before the first entry (B2)
    row: int = -1                    # of the latest entry of the column in stage 1
    stages: list = field(default_factory=lambda: [[]] * 4)    # Slots in each
    line: int | None = None
    file: dict = field(default_factory=dict)
    count: dict = field(default_factory=dict)

    def tally(self, name, n=1):
        self.count[name] = self.count.get(name, 0) + n


def add(slot, shift, bits):
    """A1, stage 3: the product, shifted and rounded half up, added and saturated once."""
    quotient, rest = divmod(slot.weight * slot.activation, 2**shift)
    exact = slot.operand + quotient + (1 if shift and 2 * rest >= 2**shift else 0)
    top = 2 ** (bits - 1)
    slot.total = min(max(exact, -top), top - 1)
    slot.saturated = slot.total != exact


def load_biases(machine, step):
    """M6: every row of the tile, whether or not the PE has an output there; one more cycle for
    the last word."""
    n_pe, first = len(machine.pes), step.tile * machine.job.image.tile_rows
    machine.idle("bias_cycles", step.bias_rows + 1)
    for p, pe in enumerate(machine.pes):
        for row in range(step.bias_rows):
            output = (first + row) * n_pe + p
            known = output < machine.job.image.n_outputs
            if step.restores:
                pe.file[row] = machine.sums.get((step.vector, output), 0)
            else:
                pe.file[row] = int(machine.job.bias[output]) if known else 0
        pe.tally("act_sram_reads", step.bias_rows)
        pe.tally("dst_reg_writes", step.bias_rows)


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
