"""Lowerings of EIE with one matrix: pixel by pixel, rows of pixels, several pixels a vector.

``im2col`` is V1 to V7 of the contract (README.md), ``shifted`` T1 to T4, ``pixels`` X1 to X3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np

from accelsim.compression.binary_points import ById
from accelsim.errors import CapacityError, LoweringError
from accelsim.lowering.im2col import Gather, gather, in_register_rows, pixel_width
from accelsim.machines.eie import job as vectors
from accelsim.machines.eie.beside import Beside
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob
from accelsim.machines.eie.given import Images
from accelsim.machines.eie.job import IntArray
from accelsim.machines.eie.plan import Pass, sharing_refills
from accelsim.records import CompressedConv, CompressedLayer, CscMatrix, Geometry


def im2col_job(config: EieConfig, packed: CompressedConv, given: Images) -> ConvJob:
    """A vector a pixel."""
    geometry = packed.geometry
    pixels = gather(geometry, given.integers)
    one = _one(config, packed.layer, geometry, given)
    sharing = None
    if config.refill_batch > 1 and any(step.refill_bits for step in one.plan):
        sharing = partial(sharing_refills, config, one.image, one.plan), config.refill_batch
    return ConvJob(
        one, pixels, geometry, given.several, name=packed.name, frac_bits=one.frac_bits,
        provenance=one.provenance, lowering="im2col", losses=one.losses,
        map_rows=given.map_rows, overlap=config.overlap, sharing=sharing,
    )


def shifted_job(config: EieConfig, packed: CompressedConv, given: Images) -> ConvJob:
    """A pass a kernel position and pixel; a row of pixels keeps its accumulators.

    Raises
    ------
    UnsupportedError
        If the kernel has one position, or the machine refills its memories.
    CapacityError
        If a row of outputs or of inputs does not fit a register file.
    """
    what = f"{packed.name}: lowering 'shifted'"
    geometry = packed.geometry
    if geometry.n_positions == 1:
        raise LoweringError(f"{what}: a kernel of one position is nothing to shift; take "
                            f"lowering='im2col'", "kernel 1 x 1")
    plain = im2col_job(config, packed, given)
    plan = plain.one.plan
    if any(step.refill_bits for step in plan):
        raise LoweringError(f"{what}: the layer is refilled for every vector; take "
                            f"lowering='im2col'", "refilled for every vector")
    rows = pixel_width(geometry, config.n_pe) // config.n_pe
    _, wide = plain.pixels.output_size
    out_rows = -(-geometry.out_channels // config.n_pe)
    loads = _row_loads(plain.pixels, geometry)
    if config.capacity != "ignore":
        for need, file in ((wide * out_rows, "destination"), (int(max(loads)) * rows, "source")):
            if need > config.regfile_depth:
                raise CapacityError(
                    f"{what}: a row of pixels takes {need} words of a PE's {file} register file, "
                    f"which has {config.regfile_depth}; take lowering='im2col', "
                    f"regfile_depth={need}, or a larger n_pe")
    first, last = plan[0], plan[-1]
    positions = range(geometry.n_positions)
    steps = tuple(Pass(
        0, place * rows, rows, clear=place == 0, bias=last.bias and place == positions[-1],
        load_rows=0, store_rows=last.store_rows if place == positions[-1] else 0, refill_bits=0,
        bias_rows=first.bias_rows if place == 0 else 0) for place in positions)
    return replace(plain, one=replace(plain.one, plan=steps), lowering="shifted",
                   beside=Beside(loads=len(loads), load_rows=int(sum(loads)) * rows))


def _row_loads(pixels: Gather, geometry: Geometry) -> list[int]:
    """Pixels, that of zeros among them, that the products of each output row and kernel row read:
    each is loaded once."""
    high, wide = pixels.output_size
    shape = pixels.n_images * high, wide, *geometry.kernel
    read = pixels.addresses.reshape(shape).transpose(0, 2, 1, 3)
    return [len(np.unique(part)) for row in read for part in row]


@dataclass(frozen=True, eq=False)
class SpreadJob(ConvJob):
    """Vectors of ``at_once`` pixels each; pixels of zeros fill the last."""

    at_once: int = 1
    size: tuple[int, int] = (0, 0)
    n_images: int = 1

    def finished(self, outputs: IntArray) -> IntArray:
        """(n_vectors, pixels at once * out) accumulators as maps."""
        out = outputs.shape[1] // self.at_once
        n_pixels = self.n_images * self.size[0] * self.size[1]
        values = self.one.finished(outputs).reshape(-1, out)[:n_pixels]
        maps = np.ascontiguousarray(
            values.reshape(self.n_images, *self.size, out).transpose(0, 3, 1, 2))
        return maps if self.several else maps[0]


def pixels_job(config: EieConfig, packed: CompressedConv, given: Images) -> SpreadJob:
    """Several pixels a vector, each with PEs of its own.

    Raises
    ------
    UnsupportedError
        If the rows leave no PEs for a second pixel.
    CapacityError
        If the matrix, which stands there for each of the pixels, does not fit.
    """
    geometry, n_pe = packed.geometry, config.n_pe
    at_once = n_pe // geometry.out_channels
    if at_once < 2:
        raise LoweringError(
            f"{packed.name}: lowering 'pixels': {geometry.out_channels} rows leave no PEs of "
            f"{n_pe} for a second pixel; take lowering='im2col'",
            f"{geometry.out_channels} rows, {n_pe} PEs")
    pixels = gather(geometry, given.integers)
    n = -(-pixels.n_vectors // at_once)
    zeros = len(pixels.maps) - 1
    addresses = np.full((n * at_once, geometry.n_positions), zeros, np.int32)
    addresses[: pixels.n_vectors] = pixels.addresses
    wide = Geometry(geometry.out_channels * at_once, geometry.in_channels,
                    (geometry.kernel[0] * at_once, geometry.kernel[1]), name=packed.name)
    one = _one(config, _repeated(ById(packed.layer), at_once), wide, given)
    return SpreadJob(
        one, Gather(pixels.maps, addresses.reshape(n, -1), (n, 1), 1, pixels.input_size), wide,
        given.several, name=packed.name, frac_bits=one.frac_bits, provenance=one.provenance,
        lowering="pixels",
        losses=one.losses, map_rows=given.map_rows, at_once=at_once,
        size=pixels.output_size, n_images=pixels.n_images, overlap=config.overlap,
    )


@lru_cache(maxsize=8)
def _repeated(handle: ById, times: int) -> CompressedLayer:
    """The matrix as blocks along a diagonal; a bias column has those of all blocks."""
    layer = handle.layer
    matrix, out, n_inputs = layer.matrix, layer.n_outputs, layer.n_inputs
    end = int(matrix.column_starts[n_inputs])
    counts = np.diff(matrix.column_starts)
    block = np.arange(times, dtype=np.int32)[:, None] * out
    rows = (matrix.rows[None, :end] + block).ravel()
    codes = np.tile(matrix.values[:end], times)
    every = np.tile(counts[:n_inputs], times)
    if layer.has_bias:
        rows = np.concatenate([rows, (matrix.rows[None, end:] + block).ravel()])
        codes = np.concatenate([codes, np.tile(matrix.values[end:], times)])
        every = np.append(every, counts[-1] * times)
    starts = np.concatenate([[0], np.cumsum(every)]).astype(np.int64)
    order, tables = layer.row_order, layer.codebook
    if layer.rows_per_table is not None:
        if out % layer.rows_per_table:
            raise LoweringError(
                f"{layer.name}: lowering 'pixels': a table for {layer.rows_per_table} rows, the "
                f"{out} rows of a pixel are no multiple of it; take lowering='im2col'",
                f"tables of {layer.rows_per_table} rows")
        tables = np.tile(tables, (times, 1))
    return replace(
        layer, matrix=CscMatrix((out * times, len(starts) - 1), starts, rows, codes),
        codebook=tables,
        row_order=None if order is None else (order[None, :] + block).ravel().astype(np.int64),
        bias=None if layer.bias is None else np.tile(layer.bias, times))


def _one(config: EieConfig, layer: CompressedLayer, geometry: Geometry, given: Images
         ) -> vectors.LayerJob:
    """The job of a vector of zeros."""
    matrix = matrix_of(ById(layer), geometry, config.n_pe)
    nothing = np.zeros(matrix.n_inputs, np.int64)
    return vectors.of_integers(config, matrix, nothing, given.points,
                               (given.values, given.integers), gathered=True)


@lru_cache(maxsize=32)
def matrix_of(packed: ById, geometry: Geometry, n_pe: int) -> CompressedLayer:
    """The matrix of a convolution, its columns in register rows; the last few are kept."""
    return in_register_rows(packed.layer, geometry, n_pe)
