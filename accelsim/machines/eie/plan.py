"""How a layer is cut into passes when it is larger than the memories (contract M1 to M5).

The plan is data: every engine and the RTL's CCU execute the same list of passes. It depends on
shapes, entry counts and the configuration only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from accelsim.errors import CapacityError
from accelsim.formats.column_table import ZERO_RUNS
from accelsim.formats.interleaved_csc import LayerImage
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.sizes import (
    activation_needs,
    n_pe_that_fits,
    rows_of,
    weight_needs,
)
from accelsim.units.arith_unit import ARITH_STAGES


@dataclass(frozen=True)
class Pass:
    """One run of the scan over register rows ``[first_row, first_row + n_rows)``.

    A row is one activation of every PE. ``tile`` is the batch of outputs that the pass adds to.
    """

    tile: int
    first_row: int
    n_rows: int
    clear: bool             # accumulators start at zero
    bias: bool              # 1.0 is broadcast after the last row
    load_rows: int          # rows copied from the activation SRAM to the source file first
    store_rows: int         # rows copied from the destination file to the activation SRAM after
    refill_bits: int        # bits of the pass's segment, over all PEs; 0 if the layer is resident
    bias_rows: int = 0      # rows of biases copied from the activation SRAM to the destination file
    early: int = 0          # cycles of the load that ran in the drain before the pass (O1)
    vector: int = 0         # of those that share a refill (M10)
    input_base: int = 0     # activation SRAM row of the vector's first input
    output_base: int = 0    # and of its first output, behind all inputs
    fetches: bool = True    # not if the pass before it has refilled the segment
    restores: bool = False  # the biases are the vector's sums so far (M10)

    def behind_another(self) -> Pass:
        """The pass with as much of its load as a drain hides."""
        return replace(self, early=min(ARITH_STAGES, self.load_rows + 1) if self.load_rows else 0)


def tile_rows(config: EieConfig, n_outputs: int) -> int:
    """Outputs of one PE in a full tile: what the destination register file holds."""
    rows = -(-n_outputs // config.n_pe)
    return rows if config.capacity == "ignore" else min(rows, config.regfile_depth)


def make_plan(
    config: EieConfig, image: LayerImage, exact_bias: bool = False, gathered: bool = False
) -> tuple[Pass, ...]:
    """The passes of one layer, in order.

    Parameters
    ----------
    exact_bias : whether accumulators start from biases; one in a column is the image's
    gathered : the vector is one of many of a map: its rows are loaded even if they fit the
        register files, its outputs stored, and both stand in the map's memory, which is not held
        to ``act_sram_kb`` (contract V2 to V5)

    Raises
    ------
    CapacityError
        If ``capacity`` is "check" and a memory is too small, or "stream" and a single row is
        larger than a memory; the message says by how much and what would fit.
    """
    in_rows, out_rows = rows_of(config, image)
    if config.capacity == "ignore":
        load, store = (in_rows, out_rows) if gathered else (0, 0)
        biased = out_rows * exact_bias
        return (Pass(0, 0, in_rows, True, image.has_bias, load, store, 0, biased),)
    resident = not _needs_refills(config, image, exact_bias, gathered)
    passes: list[Pass] = []
    for tile in range(image.n_tiles):
        rows_here = min(config.regfile_depth, out_rows - tile * config.regfile_depth)
        for first in range(0, in_rows, config.regfile_depth):
            last = min(first + config.regfile_depth, in_rows)
            load = last - first if gathered or in_rows > config.regfile_depth else 0
            for a, b, bits in _segments(config, image, tile, (first, last), resident, len(passes)):
                ends_tile = b == in_rows
                stores = ends_tile and (gathered or image.n_tiles > 1)
                passes.append(
                    Pass(
                        tile=tile,
                        first_row=a,
                        n_rows=b - a,
                        clear=a == 0,
                        bias=ends_tile and image.has_bias,
                        load_rows=load if a == first else 0,
                        store_rows=rows_here if stores else 0,
                        refill_bits=bits,
                        bias_rows=rows_here * exact_bias if a == 0 else 0,
                    )
                )
    if config.overlap:
        passes[1:] = [step.behind_another() for step in passes[1:]]
    return tuple(passes)


def sharing_refills(
    config: EieConfig, image: LayerImage, plan: tuple[Pass, ...], n_vectors: int
) -> tuple[Pass, ...]:
    """The passes of several vectors of a map: each segment's for one after the other (M10).

    Parameters
    ----------
    plan : of one of them, "gathered"
    """
    in_rows, out_rows = rows_of(config, image)
    tile_rows = {step.tile: step.store_rows for step in plan if step.store_rows}
    passes = []
    for step in plan:
        rows = tile_rows[step.tile]
        begins = step.clear and step.first_row == 0
        for vector in range(n_vectors):
            passes.append(replace(
                step, vector=vector, input_base=vector * in_rows, output_base=vector * out_rows,
                fetches=vector == 0, load_rows=step.n_rows, store_rows=rows,
                bias_rows=step.bias_rows if begins else rows, restores=not begins, early=0))
    if config.overlap:
        passes[1:] = [step.behind_another() for step in passes[1:]]
    return tuple(passes)


def _needs_refills(config: EieConfig, image: LayerImage, exact_bias: bool, gathered: bool) -> bool:
    """Whether the layer's weights are not resident; what is too small and cannot be refilled is
    an error, every memory of it at once."""
    needs = [] if gathered else activation_needs(config, image, exact_bias)
    weights = weight_needs(config, image)
    refused = needs if config.capacity == "stream" else needs + weights
    if not refused:
        return bool(weights)
    limit = min(config.spmat_entries, (1 << config.pointer_bits) - 1)
    runs = image.index == ZERO_RUNS
    only_entries = runs and {need.what for need in refused} <= {"SpMat SRAM", "pointer width"}
    more = f"n_pe={n_pe_that_fits(image, limit)}" if only_entries else "a larger n_pe"
    told = "; ".join(need.told for need in refused)
    sizes = " with ".join(need.would_do for need in refused)
    raise CapacityError(f"{image.name}: {told}; try {more}, {sizes}, or "
                        f"capacity='{'stream' if runs and not needs else 'ignore'}'")


def _segments(
    config: EieConfig, image: LayerImage, tile: int, rows: tuple[int, int], resident: bool,
    number: int,
) -> list[tuple[int, int, int]]:
    """Cut rows [first, last) so that each part fits the SRAMs: (row, end row, DMA bits).

    Parameters
    ----------
    number : of the first part among the layer's segments, which take the halves in turn (M8)
    """
    start, last = rows
    if resident:
        return [(start, last, 0)]
    parts: list[tuple[int, int, int]] = []
    while start < last:
        limit, words = config.half(number + len(parts))
        limit = min(limit, (1 << config.pointer_bits) - 1)
        end = start
        while end < last:
            entries, columns = _span(image, tile, start, end + 1)
            if entries.max() > limit or columns + 1 > words:
                break
            end += 1
        if end == start:
            entries, columns = _span(image, tile, start, start + 1)
            hold = ("a half of the SRAMs holds" if config.refill_overlap else "the SRAMs hold")
            raise CapacityError(
                f"{image.name}: one row of {columns} columns needs {int(entries.max())} entries "
                f"and {columns + 1} pointers in one PE, more than {hold}; "
                f"try a larger spmat_kb, pointer_kb or pointer_bits"
            )
        entries, columns = _span(image, tile, start, end)
        lines = int((-(-entries // config.entries_per_line)).sum())
        pointer_bits = (columns + 1) * config.pointer_bits * config.n_pe
        parts.append((start, end, lines * config.spmat_width_bits + pointer_bits))
        start = end
    return parts


def _span(image: LayerImage, tile: int, first: int, end: int) -> tuple[np.ndarray, int]:
    """Entries of each PE and number of columns in rows [first, end), the bias with the last."""
    n_pe = image.n_pe
    a = first * n_pe
    b = min(end * n_pe, image.n_inputs)
    if image.has_bias and end * n_pe >= image.n_inputs:
        b = image.n_columns
    pointers = image.words[:, tile]
    return pointers[:, b] - pointers[:, a], b - a
