"""Convolutions on EIE by Winograd's F(2x2, 3x3): contract W1 to W6 (README.md)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from accelsim.errors import CapacityError, InputError, LoweringError, UnsupportedError
from accelsim.fixedpoint import bounds, dequantise, frac_bits_for, quantise
from accelsim.lowering import winograd
from accelsim.lowering.im2col import Gather, in_register_rows
from accelsim.machines.eie.beside import Beside
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob, MapsJob, added
from accelsim.machines.eie.given import Images
from accelsim.machines.eie.job import IntArray, LayerJob, of_integers
from accelsim.records import BinaryPoints, CompressedConv, CompressedLayer, CscMatrix, Geometry
from accelsim.records.result import JobResult

_LEAST_BITS = 5


@dataclass(frozen=True, eq=False)
class WinogradJob(MapsJob):
    """A convolution as 16 products and their transforms.

    Attributes
    ----------
    elements : the products; vectors are tiles
    gathered : the tiles' pixels
    size : (rows, columns) of an image's outputs
    beside : the phases of the transforms
    accumulator_bits : of an output
    """

    elements: tuple[ConvJob, ...]
    gathered: Gather
    size: tuple[int, int]
    several: bool
    beside: Beside
    accumulator_bits: int

    @property
    def products(self) -> tuple[ConvJob, ...]:
        """The 16 elements."""
        return self.elements

    @property
    def n_vectors(self) -> int:
        """Of all 16 elements."""
        return winograd.ELEMENTS * self.gathered.n_vectors

    def vector_job(self, index: int) -> LayerJob:
        """One tile of one of the 16 products: those of the first come first."""
        if not 0 <= index < self.n_vectors:
            raise InputError(f"{self.name}: vector is {index}; there are 0 to {self.n_vectors - 1}")
        element, tile = divmod(index, self.gathered.n_vectors)
        return self.elements[element].vector_job(tile)

    def check(self, config: EieConfig) -> None:
        """Raise `InputError` if the job does not belong to this configuration."""
        for element in self.elements:
            element.check(config)

    def combined(self, results: list[JobResult]) -> JobResult:
        """The outputs of all pixels, and counters with the transforms'."""
        told = [r.outputs for r in results if r.outputs is not None]
        sums = np.stack(told) if told else None
        whole = self.beside.added_to(added(replace(r, outputs=None) for r in results))
        if sums is None:
            return whole
        exact = winograd.transformed_outputs(sums, self.gathered, self.size)
        outputs = np.clip(exact, *bounds(self.accumulator_bits))
        clipped = np.count_nonzero(outputs != exact, axis=0)
        operations = dict(whole.operations)
        operations["saturations"] += int(clipped.sum())
        counters = whole.counters
        if counters is not None:
            n_pe = counters.n_pe
            own = np.bincount(np.arange(len(clipped)) % n_pe, clipped, n_pe).astype(np.int64)
            values = {**vars(counters), "saturations": counters.saturations + own}
            counters = type(counters)(values)
        return replace(whole, outputs=outputs, counters=counters, operations=operations)

    def finished(self, outputs: IntArray) -> IntArray:
        """(pixels, out) as maps: (out, rows, columns), or several."""
        values = self.elements[0].one.finished(outputs)
        shape = self.gathered.n_images, *self.size, outputs.shape[1]
        maps = np.ascontiguousarray(values.reshape(shape).transpose(0, 3, 1, 2))
        return maps if self.several else maps[0]

    def input_sha256(self) -> str:
        """Digest of the maps."""
        return hashlib.sha256(self.gathered.maps.astype("<i8").tobytes()).hexdigest()


def winograd_job(config: EieConfig, packed: CompressedConv, given: Images) -> WinogradJob:
    """A convolution by F(2x2, 3x3).

    Raises
    ------
    UnsupportedError
        If the convolution has none, or was not compressed for it, or activations are too narrow.
    CapacityError
        If the 16 matrices do not fit the memories together.
    """
    layer, geometry = packed.winograd, packed.geometry
    if why := winograd.why_not(geometry):
        raise LoweringError(f"{packed.name}: lowering 'winograd': F(2x2, 3x3) needs {why}; take "
                            f"lowering='im2col'", why.partition("this one has ")[2])
    if layer is None:
        raise LoweringError(f"{packed.name}: lowering 'winograd': the weights were not "
                            f"transformed; compress with --winograd before or after, in Python "
                            f"Recipe(winograd=)", "weights not transformed")
    if config.activation_bits < _LEAST_BITS:
        raise UnsupportedError(f"{packed.name}: lowering 'winograd' needs activation_bits of "
                               f"{_LEAST_BITS} or more")
    points = _points(config, layer, given.points)
    real = dequantise(given.integers, given.points.input_frac_bits) if given.fixed else given.values
    pixels = quantise(real, config.activation_bits - winograd.GROWTH_BITS, points.input_frac_bits)
    gathered = winograd.tiles(geometry, pixels)
    size = geometry.output_size(*pixels.shape[2:])
    inputs = winograd.transformed_inputs(gathered.vectors(0, gathered.n_vectors))
    elements = tuple(
        _element(config, layer, geometry, index, inputs[:, index], points)
        for index in range(winograd.ELEMENTS))
    _check_fits(config, packed.name, elements)
    first = elements[winograd.BIASED].one
    return WinogradJob(
        elements, gathered, size, given.several, _beside(config, geometry, gathered, size),
        config.accumulator_bits, name=packed.name, frac_bits=first.frac_bits,
        provenance=first.provenance, lowering="winograd",
        losses=(*layer.losses, *first.losses), map_rows=given.map_rows)


def _points(config: EieConfig, layer: CompressedLayer, plain: BinaryPoints) -> BinaryPoints:
    """W1: those of im2col, with room for a sum of four activations."""
    inputs = plain.input_frac_bits - winograd.GROWTH_BITS
    weight = frac_bits_for(float(np.abs(layer.codebook).max()), config.weight_value_bits)
    limit = config.weight_value_bits + config.activation_bits
    output = plain.output_frac_bits
    return BinaryPoints(min(weight, output + limit - inputs), inputs,
                        min(output, weight + inputs))


def _element(config: EieConfig, layer: CompressedLayer, geometry: Geometry, index: int,
             inputs: IntArray, points: BinaryPoints) -> ConvJob:
    channels = geometry.in_channels
    one = Geometry(geometry.out_channels, channels, (1, 1), name=geometry.name)
    own = in_register_rows(_columns(layer, index, channels), one, config.n_pe)
    seen = inputs[:0]  # losses are told once, of all
    job = of_integers(config, replace(own, losses=()), np.zeros(own.n_inputs, np.int64), points,
                      (seen, seen), gathered=True)
    n = len(inputs)
    maps = np.vstack([inputs, np.zeros((1, channels), np.int64)])
    pixels = Gather(maps, np.arange(n, dtype=np.int32)[:, None], (n, 1), 1, (n, 1))
    return ConvJob(job, pixels, one, False, name=layer.name, frac_bits=job.frac_bits,
                   provenance=job.provenance, lowering="winograd", losses=job.losses,
                   overlap=config.overlap)


def _columns(layer: CompressedLayer, index: int, channels: int) -> CompressedLayer:
    """One element's matrix; the bias goes with one of them."""
    matrix, first = layer.matrix, index * channels
    biased = index == winograd.BIASED
    starts = matrix.column_starts
    spans = [(first, first + channels)]
    if biased and layer.has_bias:
        spans.append((layer.n_inputs, layer.n_inputs + 1))
    taken = [slice(int(starts[a]), int(starts[b])) for a, b in spans]
    counts = np.concatenate([np.diff(starts)[a:b] for a, b in spans])
    return replace(
        layer, has_bias=biased and layer.has_bias, bias=layer.bias if biased else None,
        matrix=CscMatrix(
            (layer.n_outputs, len(counts)), np.concatenate([[0], np.cumsum(counts)]),
            np.concatenate([matrix.rows[part] for part in taken]),
            np.concatenate([matrix.values[part] for part in taken])))


def _check_fits(config: EieConfig, name: str, elements: tuple[ConvJob, ...]) -> None:
    """W6: all elements stand in the memories at the same time."""
    if config.capacity == "ignore":
        return
    images = [element.one.image for element in elements]
    entries = int(np.sum([image.words[:, -1, -1] for image in images], axis=0).max())
    pointers = sum(image.n_tiles * (image.n_columns + 1) for image in images)
    limit = min(config.spmat_entries, (1 << config.pointer_bits) - 1)
    if entries > limit or pointers > config.pointer_words:
        raise CapacityError(
            f"{name}: lowering 'winograd': the 16 matrices have {entries} entries and {pointers} "
            f"pointers in one PE, the memories hold {limit} and {config.pointer_words}; take "
            f"lowering='im2col', a larger n_pe, or capacity='ignore'")
    if config.regfile_depth < winograd.ELEMENTS:
        raise CapacityError(
            f"{name}: lowering 'winograd': a tile's 16 words do not fit regfile_depth="
            f"{config.regfile_depth}; take lowering='im2col'")


def _beside(config: EieConfig, geometry: Geometry, gathered: Gather, size: tuple[int, int]
            ) -> Beside:
    """W3 and W5: the phases of all transforms."""
    n, elements = gathered.n_vectors, winograd.ELEMENTS
    rows_in = n * -(-geometry.in_channels // config.n_pe)
    rows_out = n * -(-geometry.out_channels // config.n_pe)
    pixels = gathered.n_images * size[0] * size[1]
    stored = pixels * -(-geometry.out_channels // config.n_pe)
    return Beside(
        loads=rows_in + rows_out, load_rows=elements * (rows_in + rows_out),
        store_rows=elements * rows_in + stored,
        transform_rows=(winograd.INPUT_ADDITIONS * rows_in
                        + winograd.OUTPUT_ADDITIONS * rows_out))



