"""Time and counters of many vectors through one image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import UnsupportedError
from accelsim.formats import LayerImage
from accelsim.formats.column_table import EMPTY, ONLY
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.fast import narrow_time
from accelsim.machines.eie.fast.kernels import above, bits, counters, patterns, vectors
from accelsim.machines.eie.kept import kept_with_image
from accelsim.machines.eie.plan import Pass

IntArray = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

_CYCLE_LIMIT = 1 << 31
_NO_WEIGHTS = np.empty((0, 0, 0), np.int8)


class VectorTimer:
    """What the vectors of one image share, and the sums of a thread's.

    Parameters
    ----------
    maps : (pixels, channels) integers that vectors are gathered from; each kernel position begins
        ``width`` image columns behind the one before it
    count_bypasses : False leaves them out, and with them all that depends on rows

    Raises
    ------
    ValueError
        If the plan refills memories or bypasses are off, which these kernels do not have.
    UnsupportedError
        If a pass may take 2**31 cycles or more.
    """

    def __init__(
        self, config: EieConfig, image: LayerImage, plan: Sequence[Pass],
        maps: IntArray, width: int, count_bypasses: bool,
    ) -> None:
        if not config.bypass or any(step.refill_bits for step in plan) or (
                maps.shape[1] > width or width % config.n_pe):
            raise ValueError("a pass refilled or without bypass, or columns not in whole rows")
        self._config, self._image, self._width = config, image, width
        self._maps, self._words = maps, np.empty((len(maps), -(-maps.shape[1] // 64)), np.uint64)
        bits.pack(maps, self._words)
        self._count_bypasses, self.plan = count_bypasses, plan
        n_pe, table = config.n_pe, image.table
        if table.n_entries + 4 * image.n_columns >= _CYCLE_LIMIT:
            raise UnsupportedError(
                f"{image.name}: a pass may take 2**31 cycles or more, beyond engine 'fast'")
        steps = np.array([(step.tile, step.first_row, step.first_row + step.n_rows, step.bias)
                          for step in plan], np.int64).T.copy()
        self._passes = vectors.Passes(*steps)
        self._spans = _spans(steps, n_pe)
        self._lines = _lines(
            image, config.entries_per_line, tuple(map(tuple, steps.tolist())), n_pe)
        # Every column takes one slot of each PE, and no queue ever fills.
        self._even = (int(image.shape.rows_of_pes().max()) == 1 and config.empty_column_cycles == 1
                      and config.act_queue_depth > 1)
        self._real = _NO_WEIGHTS
        if self._even and count_bypasses:
            self._real = _real(image)
        self._narrow: narrow_time.NarrowTimer | None = None
        if self._even:
            return
        if narrow_time.fits(config, image):
            self._narrow = narrow_time.NarrowTimer(
                config, image, self._passes, width, maps, count_bypasses)
        else:
            self._rules, self._types = self._rules_and_types()
            self._table, self._maps = self._make_table(), maps.astype(np.int32)

    def _rules_and_types(self) -> tuple[vectors.Rules, tuple[type[Any], type[Any]]]:
        """Integers as narrow as the longest wait allows: before a column is popped, at most a
        queue of others issue."""
        config, image = self._config, self._image
        longest = 1 + (config.act_queue_depth + 1) * (image.table.most + 1)
        most = image.n_columns * image.n_tiles + (1 + above.TOGETHER) * len(self.plan)
        kinds: tuple[type[Any], type[Any]] = np.uint32, np.uint64
        if longest * above.TOGETHER < 1 << 8 and image.shape.tile_rows < 1 << 7:
            kinds = np.uint8, np.uint16 if longest * most < 1 << 16 else np.uint32
        elif longest * max(above.TOGETHER << 16, most) < 1 << 32 and (
                image.shape.tile_rows < 1 << 15):
            kinds = np.uint16, np.uint32
        longest = min(longest, _CYCLE_LIMIT // (2 * above.TOGETHER))
        marks = np.array([EMPTY, ONLY]).astype(kinds[0])
        return vectors.Rules(
            config.n_pe, image.n_tiles, config.act_queue_depth, config.row_change_cycles, longest,
            min(int(np.iinfo(kinds[1]).max) // longest, _CYCLE_LIMIT) - above.TOGETHER,
            self._count_bypasses, 6 if self._count_bypasses else 1, int(marks[0]), int(marks[1]),
        ), kinds

    def _make_table(self) -> npt.NDArray[Any]:
        """`kernels.vectors.run_vectors` says how it is laid out."""
        table, n_pe, kind = self._image.table, self._config.n_pe, self._types[0]
        groups = -(-n_pe // above.LANES)
        fields = [np.maximum(table.counts, self._config.empty_column_cycles)]
        if self._count_bypasses:
            edges = self._image.edges
            fields += [table.counts, *(edges[:, :, edge] for edge in range(4))]
        laid = np.zeros((*table.counts.shape[:2], groups, len(fields), above.LANES), kind)
        for number, values in enumerate(fields):
            whole = np.zeros((*values.shape[:2], groups * above.LANES), kind)
            whole[:, :, :n_pe] = values.astype(kind)
            laid[:, :, :, number] = whole.reshape(*values.shape[:2], groups, above.LANES)
        return laid.reshape(-1)

    def run(self, addresses: Int32, sums: IntArray, excess: IntArray) -> tuple[int, int, int, int]:
        """Count some vectors: compute cycles, row changes, blocked cycles and broadcasts of all.

        Parameters
        ----------
        addresses : (n_vectors, positions) pixels, inside of the maps
        sums, excess : what `PassTimer` adds up; added to

        Raises
        ------
        ValueError
            If vectors are not of the image's inputs.
        """
        image, config, width = self._image, self._config, self._width
        if addresses.shape[1] * width != image.n_inputs:
            raise ValueError(f"{addresses.shape[1]} x {width} columns of {image.n_inputs}")
        spans, bias_column = self._spans, image.n_columns - 1 if image.has_bias else -1
        n_columns = max(image.n_columns, int(spans.end.max()))
        often = np.zeros(n_columns, np.int64)
        block = np.zeros((n_columns, bits.WORDS), np.uint64)
        changed, idle = bits.count_blocks(
            bits.Vectors(self._words.view(np.uint8), addresses, self._maps.shape[1], width,
                         bias_column),
            spans, self._lines, config.row_change_cycles, config.n_pe, self._real, block,
            block.reshape(-1).view(np.uint8), often,
            sums[counters.SPMAT_LINE_READS], sums[counters.ADDER_BYPASSES],
            sums[counters.WRITE_BYPASSES],
        )
        before = np.concatenate([[0], np.cumsum(often)])
        broadcasts = int((before[spans.end] - before[spans.first]).sum()
                         + len(addresses) * spans.bias.sum())
        bits.count_columns(
            image.table.counts, image.table.padding, often, sums[counters.ISSUED_ENTRIES],
            sums[counters.PADDING_ENTRIES], sums[counters.EMPTY_COLUMNS])
        if self._even:
            excess[0] += broadcasts
            return broadcasts + int(changed + idle), int(changed), 0, broadcasts
        compute, blocked = self._run_kinds(addresses, n_columns, sums, excess)
        return compute, int(changed), blocked, broadcasts

    def _run_kinds(
        self, addresses: Int32, n_columns: int, sums: IntArray, excess: IntArray
    ) -> tuple[int, int]:
        """Compute cycles and blocked cycles, from a vector of each kind."""
        first, times = _kinds(self._words, addresses)
        if self._narrow is not None:
            return self._narrow.run(addresses, first, times, sums, excess)
        lanes = -(-self._config.n_pe // above.LANES) * above.LANES
        most = n_columns + 1 + above.TOGETHER
        kind, wide = self._types
        levels = -(-self._config.act_queue_depth // above.LEVELS) * above.LEVELS + 1
        columns, changes, issue = np.empty((3, most), np.int32)
        memory = vectors.Memory(
            columns, changes, issue, np.empty(most, kind), np.empty(most * lanes, kind),
            np.empty(above.LEVELS * most, kind), np.empty(vectors.STATES * lanes, kind),
            np.empty(levels * lanes, wide), np.empty(levels, np.int64),
        )
        compute, blocked = vectors.run_vectors(
            self._maps, addresses, first, times, self._width, self._image.n_columns - 1,
            self._passes, self._rules, self._table, memory,
            vectors.Added(excess, sums[counters.BLOCKING_CYCLES], sums[counters.ADDER_BYPASSES],
                          sums[counters.WRITE_BYPASSES]),
        )
        return int(compute), int(blocked)


@kept_with_image
def _lines(
    image: LayerImage, entries_per_line: int, steps: tuple[tuple[int, ...], ...], n_pe: int
) -> bits.Lines:
    """Lines that can be read in the passes ``steps``, the fields of `kernels.vectors.Passes`."""
    spans = _spans(np.array(steps, np.int64), n_pe)
    fixed = image.table.counts, image.table.starts, spans, entries_per_line, image.n_columns - 1
    none = np.empty(0, np.int32)
    n_lines, n_columns = bits.find_lines(*fixed, none, np.empty(0, np.int64), none)
    lines = bits.Lines(np.empty(n_lines, np.int32), np.empty(n_lines + 1, np.int64),
                       np.empty(n_columns, np.int32))
    bits.find_lines(*fixed, lines.pe, lines.starts, lines.columns)
    return lines


def _spans(steps: IntArray, n_pe: int) -> bits.Spans:
    return bits.Spans(steps[0], steps[1] * n_pe, steps[2] * n_pe, steps[3])


@kept_with_image
def _real(image: LayerImage) -> npt.NDArray[np.int8]:
    """(n_tiles, n_pe, n_columns) whether a PE has a weight in a column."""
    differ = image.table.counts != image.table.padding
    return np.ascontiguousarray(differ.transpose(0, 2, 1)).view(np.int8)


def _kinds(words: npt.NDArray[np.uint64], addresses: Int32) -> tuple[IntArray, IntArray]:
    """One vector of each pattern of non-zeros, and how many are like it."""
    n = len(addresses)
    first, times = np.empty(n, np.int64), np.empty(n, np.int64)
    table = np.empty(1 << (2 * max(n, len(words))).bit_length(), np.int32)
    kinds = patterns.find_patterns(
        words, addresses, np.empty(len(words), np.uint64), table, first, times)
    order = np.argsort(times[:kinds], kind="stable")  # those of as many are counted together
    return first[order], times[order]
