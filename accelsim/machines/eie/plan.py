"""How a layer is cut into passes when it is larger than the memories (contract M1 to M5).

The plan is data: every engine and the RTL's CCU execute the same list of passes. It depends on
shapes, entry counts and the configuration only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from accelsim.errors import CapacityError
from accelsim.formats.column_table import ZERO_RUNS
from accelsim.formats.interleaved_csc import LayerImage
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.kept import kept_with_image
from accelsim.machines.eie.passes import IntArray, Pass, Plan
from accelsim.machines.eie.sizes import (
    activation_needs,
    n_pe_that_fits,
    rows_of,
    weight_needs,
)
from accelsim.units.arith_unit import ARITH_STAGES

__all__ = ["Pass", "Plan", "make_plan", "sharing_refills", "tile_rows"]


def tile_rows(config: EieConfig, n_outputs: int) -> int:
    """Outputs of one PE in a full tile: what the destination register file holds."""
    rows = -(-n_outputs // config.n_pe)
    return rows if config.capacity == "ignore" else min(rows, config.regfile_depth)


def make_plan(
    config: EieConfig, image: LayerImage, exact_bias: bool = False, gathered: bool = False
) -> Plan:
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
    depth, unlimited = config.regfile_depth, config.capacity == "ignore"
    resident = unlimited or not _needs_refills(config, image, exact_bias, gathered)
    if unlimited or (resident and max(in_rows, out_rows) <= depth):
        load, store = (in_rows, out_rows) if gathered else (0, 0)
        biased = out_rows * exact_bias
        return Plan([Pass(0, 0, in_rows, True, image.has_bias, load, store, 0, biased)])
    asked = _Asked(gathered or in_rows > depth, gathered or image.n_tiles > 1, exact_bias,
                   config.overlap)
    if resident:
        first = np.arange(0, in_rows, depth)
        tile = np.repeat(np.arange(image.n_tiles), len(first))
        first = np.tile(first, image.n_tiles)
        cut = _Cut(tile, first, np.minimum(first + depth, in_rows), np.zeros_like(tile))
        return _plan(image, depth, asked, cut)
    halves = config.half(0), config.half(1)
    return _segmented(image, depth, asked, halves, config.pointer_bits, config.entries_per_line,
                      config.spmat_width_bits, config.refill_overlap)


class _Asked(NamedTuple):
    """Whether rows are loaded, and stored, whether accumulators start from biases, and whether
    loads overlap drains."""

    loads: bool
    stores: bool
    exact_bias: bool
    overlap: bool


class _Cut(NamedTuple):
    """(passes,) int64 each: tile, first row, row behind the last, bits of the segment."""

    tile: IntArray
    first: IntArray
    end: IntArray
    bits: IntArray


def _plan(image: LayerImage, depth: int, asked: _Asked, cut: _Cut) -> Plan:
    """The passes of a layer that is cut, with register files of a depth."""
    n_pe = image.n_pe
    in_rows, out_rows = -(-image.n_inputs // n_pe), -(-image.n_outputs // n_pe)
    tile, first, end, bits = cut
    rows_here = np.minimum(depth, out_rows - tile * depth)
    ends_tile, begins = end == in_rows, first == 0
    load = np.where(first % depth == 0, np.minimum(depth, in_rows - first), 0) * asked.loads
    early = np.minimum(ARITH_STAGES, load + 1) * (load > 0) * asked.overlap
    early[:1] = 0
    return Plan(columns={
        "tile": tile, "first_row": first, "n_rows": end - first, "clear": begins.astype(np.int64),
        "bias": (ends_tile & image.has_bias).astype(np.int64), "load_rows": load,
        "store_rows": rows_here * (ends_tile & asked.stores), "refill_bits": bits,
        "bias_rows": rows_here * (begins & asked.exact_bias), "early": early,
    })


@kept_with_image
def _segmented(
    image: LayerImage, depth: int, asked: _Asked, halves: tuple[tuple[int, int], tuple[int, int]],
    pointer_bits: int, per_line: int, line_bits: int, has_halves: bool,
) -> Plan:
    """Batches of rows cut so that each part fits the SRAMs, or its half of them (M5, M8)."""
    from accelsim.machines.eie.kernels import Halves, Rows, cut  # late: it imports Numba

    n_pe, words = image.n_pe, image.table.words
    reach = (1 << pointer_bits) - 1
    rows = Rows(-(-image.n_inputs // n_pe), depth, image.has_bias, n_pe, image.n_inputs)
    limits = Halves((min(halves[0][0], reach), min(halves[1][0], reach)),
                    (halves[0][1], halves[1][1]))
    found = np.empty((5, image.n_tiles * rows.all), np.int64)
    count, too_small = cut(words, rows, limits, per_line, found)
    tile, first, end, columns, lines = found[:, :count].copy()
    if too_small:
        row = words[tile[-1], first[-1] * n_pe :][[0, columns[-1]]]
        hold = "a half of the SRAMs holds" if has_halves else "the SRAMs hold"
        raise CapacityError(
            f"{image.name}: one row of {columns[-1]} columns needs {int((row[1] - row[0]).max())} "
            f"entries and {columns[-1] + 1} pointers in one PE, more than {hold}; "
            f"try a larger spmat_kb, pointer_kb or pointer_bits"
        )
    bits = lines * line_bits + (columns + 1) * pointer_bits * n_pe
    return _plan(image, depth, asked, _Cut(tile, first, end, bits))


def sharing_refills(
    config: EieConfig, image: LayerImage, plan: Sequence[Pass], n_vectors: int
) -> Plan:
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
    return Plan(passes)


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
