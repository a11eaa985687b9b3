"""What EIE is given to do: one layer and one input vector as integers, with its passes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim import __version__
from accelsim.compression.binary_points import ById, choose_binary_points
from accelsim.errors import InputError
from accelsim.fixedpoint import bounds, quantise
from accelsim.formats import LayerImage, build_image
from accelsim.machines.eie.blocks import placed, scanned, unscanned
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.datapath import check_held
from accelsim.machines.eie.decoder import check_tables, decode, decoder_table
from accelsim.machines.eie.losses import job_losses
from accelsim.machines.eie.plan import Pass, make_plan, tile_rows
from accelsim.machines.eie.quantised import quantised_bias
from accelsim.numeric import fixed_point_integers, real_values
from accelsim.records import BinaryPoints, CompressedLayer
from accelsim.records.job import Job

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LayerJob(Job):
    """One layer and one input vector, as integers; `layer_job` makes it.

    Attributes
    ----------
    image : the memory images, built with ``config.index_bits`` and the plan's tile rows
    codebook : (2**weight_bits,) int64 weights of ``weight_value_bits`` bits, entry 0 is 0; with
        ``rows_per_table`` (n_tables, 2**weight_bits)
    activations : (n_inputs,) int64 of ``activation_bits`` bits, as the scan reads them
    shift : right shift of every product
    bias_activation : 1.0 in the activations' binary point
    plan : the passes, in order
    packed : the layer that the image was built from, or None
    in_blocks_of : that layer before its rows and columns were put into blocks, or None
    bias : (n_outputs,) int64 that the accumulators start from, of ``accumulator_bits`` bits in the
        outputs' binary point, in the image's order of rows; None starts from zero
    others : (n - 1, n_inputs) activations of further vectors, whose passes the plan has too (M10)
    rows_per_table : rows that share a table; None: all (contract D1)
    """

    image: LayerImage
    codebook: IntArray
    activations: IntArray
    shift: int
    bias_activation: int
    plan: Sequence[Pass]
    packed: CompressedLayer | None = None
    bias: IntArray | None = None
    others: IntArray | None = None
    in_blocks_of: CompressedLayer | None = None
    rows_per_table: int | None = None

    @property
    def inputs(self) -> IntArray:
        """(n, n_inputs) activations of all vectors of the plan."""
        first = self.activations[None]
        return first if self.others is None else np.concatenate([first, self.others])

    def check(self, config: EieConfig) -> None:
        """Raise `InputError` if the job does not belong to this configuration."""
        image = self.image
        name = image.name
        check_tables(config, name, image.n_outputs, self.rows_per_table)
        for what, got, want in (
            ("n_pe", image.n_pe, config.n_pe),
            ("weight_bits", image.weight_bits, config.weight_bits),
            ("index", image.index, config.index),
            ("rows", config.rows if self.packed is None else
             "blocked" if self.in_blocks_of else "interleaved", config.rows),
            ("index_bits", image.index_bits, config.index_bits),
            ("codebook entries", self.codebook.shape[-1], 1 << config.weight_bits),
            ("code tables", self.codebook.size >> config.weight_bits,
             -(-image.n_outputs // (self.rows_per_table or image.n_outputs))),
            ("activations", len(self.activations), image.n_inputs),
            ("biases", image.n_outputs if self.bias is None else len(self.bias), image.n_outputs),
        ):
            if got != want:
                raise InputError(f"{name}: {what} is {got}, the configuration needs {want}")
        if not 0 <= self.shift <= config.weight_value_bits + config.activation_bits:
            raise InputError(f"{name}: product shift is {self.shift}; need 0 or more; "
                             f"lower output_frac_bits or raise the others")
        for what, values, bits in (
            ("codebook", self.codebook, config.weight_value_bits),
            ("activations", self.activations, config.activation_bits),
            ("bias activation", np.array([self.bias_activation]), config.activation_bits),
            ("biases", np.zeros(0) if self.bias is None else self.bias, config.accumulator_bits),
        ):
            low, high = bounds(bits)
            if len(values) and (int(values.min()) < low or int(values.max()) > high):
                raise InputError(f"{name}: {what} exceed {bits} bits")
        check_held(config.multiplier, self.codebook, name)

    def decoded(self, rows: npt.NDArray[Any], codes: npt.NDArray[Any]) -> IntArray:
        """(n,) integer weights of codes in rows of the layer."""
        return decode(self.codebook, self.rows_per_table, rows, codes)

    def starts(self) -> IntArray:
        """(n_pe, rows) what the accumulators start from, a copy: biases, or zeros. Output i is in
        row i div n_pe of PE i mod n_pe."""
        n_pe, n_outputs = self.image.n_pe, self.image.n_outputs
        padded = np.zeros(-(-n_outputs // n_pe) * n_pe, np.int64)
        if self.bias is not None:
            padded[:n_outputs] = self.bias
        return padded.reshape(-1, n_pe).T

    def active_columns(self) -> IntArray:
        """Image columns that are broadcast, ascending: non-zero activations, then the bias."""
        active = np.flatnonzero(self.activations != 0)
        if self.image.has_bias:
            active = np.append(active, self.image.n_columns - 1)
        return active.astype(np.int64, copy=False)

    def finished(self, outputs: IntArray) -> IntArray:
        """The accumulators in the layer's order of rows, negative ones zero where it has a ReLU."""
        if self.packed is None:
            return outputs
        values = self.packed.in_layer_order(outputs)
        return np.maximum(values, 0) if self.packed.relu else values

    def input_sha256(self) -> str:
        """Digest of the activations."""
        return hashlib.sha256(self.activations.astype("<i8").tobytes()).hexdigest()

    def on(self, config: EieConfig, packed: CompressedLayer | None = None) -> LayerJob:
        """The same integers on another machine, or with another layer of the same values."""
        layer = packed or self.in_blocks_of or self.packed
        if layer is None:
            raise InputError(f"{self.name}: made from an image; there is no layer to encode again")
        image, laid = image_for(config, layer), placed(config, layer)
        bias = quantised_bias(config, laid, self.frac_bits["output"])
        plan = make_plan(config, image, bias is not None)
        inputs = self.activations
        if self.in_blocks_of is not None:
            inputs = unscanned(inputs, self.image.n_pe)
        return replace(self, image=image, plan=plan, packed=laid, bias=bias,
                       activations=scanned(config, inputs),
                       in_blocks_of=None if laid is layer else layer)

    def again(self, machine: Any, config: EieConfig, work: CompressedLayer | None = None
              ) -> LayerJob:
        """`on`: binary points stay, whatever this job was made from."""
        return self.on(config, work)


def layer_job(
    config: EieConfig, image: LayerImage, codebook: IntArray, activations: IntArray, shift: int,
    bias_activation: int = 0, packed: CompressedLayer | None = None,
    bias: IntArray | None = None, *, gathered: bool = False,
    rows_per_table: int | None = None, **known: Any,
) -> LayerJob:
    """A job from integers: the passes are made here, once.

    Parameters
    ----------
    bias : what the accumulators start from, see `LayerJob`
    gathered : the vector is one of many (`accelsim.machines.eie.plan.make_plan`)
    rows_per_table : see `LayerJob`
    known : ``frac_bits``, ``provenance`` and ``losses`` of the `Job`

    Raises
    ------
    CapacityError
        If the layer does not fit the machine (`accelsim.machines.eie.plan.make_plan`).
    """
    return LayerJob(
        image, codebook, activations, shift, bias_activation,
        make_plan(config, image, bias is not None, gathered), packed, bias,
        rows_per_table=rows_per_table, name=image.name, **known,
    )


@lru_cache(maxsize=8)
def _cached_image(
    packed: ById, n_pe: int, index_bits: int, rows: int, index: str
) -> LayerImage:
    return build_image(packed.layer, n_pe, index_bits, rows, index)


def image_for(config: EieConfig, packed: CompressedLayer) -> LayerImage:
    """The memory images of a layer on this machine; the last few are kept.

    Raises
    ------
    InputError
        If the layer's code width is not the machine's.
    """
    if packed.weight_bits != config.weight_bits:
        raise InputError(
            f"{packed.name}: compressed with weight_bits={packed.weight_bits}, the machine has "
            f"{config.weight_bits}; compress again or set weight_bits={packed.weight_bits}"
        )
    rows, laid = tile_rows(config, packed.n_outputs), placed(config, packed)
    return _cached_image(ById(laid), config.n_pe, config.index_bits, rows, config.index)


def make_job(
    config: EieConfig, packed: CompressedLayer, activations: npt.ArrayLike,
    binary_points: BinaryPoints | None = None, fixed_point: bool = False,
) -> LayerJob:
    """A layer and one input vector as integers.

    Parameters
    ----------
    activations : (n_inputs,) or (1, n_inputs) numbers, which are quantised
    fixed_point : the activations are integers with ``input_frac_bits`` fraction bits already; the
        layer then needs binary points, its own or given ones
    binary_points : None chooses them (`accelsim.compression.binary_points`)

    Raises
    ------
    InputError
        If shapes, widths or binary points do not fit.
    CapacityError
        If the layer does not fit and ``capacity`` is "check".
    """
    what = f"{packed.name}: activations"
    vector = (fixed_point_integers(what, activations, config.activation_bits) if fixed_point
              else real_values(what, activations))
    if vector.shape == (1, packed.n_inputs):  # a batch of one, or a row of scipy.sparse
        vector = vector[0]
    if vector.shape != (packed.n_inputs,):
        raise InputError(
            f"{packed.name}: activations have shape {vector.shape}; need ({packed.n_inputs},)"
        )
    points, integers = settled(config, packed, vector, binary_points, fixed_point)
    return of_integers(config, packed, integers, points, (vector, integers))


def settled(
    config: EieConfig, packed: CompressedLayer, values: npt.NDArray[Any],
    binary_points: BinaryPoints | None, fixed_point: bool,
) -> tuple[BinaryPoints, IntArray]:
    """The binary points of a layer, and its activations of any shape as the scan reads them."""
    if fixed_point and binary_points is None:
        check_has_point(packed)
    points = binary_points or choose_binary_points(config, packed, None if fixed_point else values)
    integers = (values.astype(np.int64) if fixed_point
                else quantise(values, config.activation_bits, points.input_frac_bits))
    return points, integers


def of_integers(
    config: EieConfig, packed: CompressedLayer, integers: IntArray, points: BinaryPoints,
    seen: tuple[npt.NDArray[Any], IntArray], gathered: bool = False,
) -> LayerJob:
    """A layer and (n_inputs,) integers at binary points; errors as in `make_job`.

    Parameters
    ----------
    seen : all inputs before and after they became integers, for what was lost
    gathered : the vector is one of many (`accelsim.machines.eie.plan.make_plan`)
    """
    one = 0
    if packed.has_bias:
        if points.input_frac_bits < 0 or points.input_frac_bits > config.activation_bits - 2:
            raise InputError(
                f"{packed.name}: the bias input 1.0 does not fit activation_bits="
                f"{config.activation_bits} with input_frac_bits={points.input_frac_bits}"
            )
        one = 1 << points.input_frac_bits
    codebook = decoder_table(config, packed, points)
    laid, bits = placed(config, packed), points.output_frac_bits
    job = layer_job(
        config, image_for(config, packed), codebook, scanned(config, integers), points.shift, one,
        laid, quantised_bias(config, laid, bits), gathered=gathered,
        rows_per_table=packed.rows_per_table, frac_bits=signals(points),
        provenance={"accelsim": __version__, **packed.provenance},
        losses=job_losses(config, packed, points, *seen, quantised_bias(config, packed, bits)),
    )
    return job if laid is packed else replace(job, in_blocks_of=packed)


def check_has_point(packed: CompressedLayer) -> None:
    """Raise `InputError` where nothing says which binary point fixed-point inputs have."""
    if packed.binary_points is None and packed.input_max_abs is None:
        raise InputError(f"{packed.name}: fixed-point inputs have no binary point here; give "
                         f"binary_points, or calibrate the layer when it is compressed")


def signals(points: BinaryPoints) -> Mapping[str, int]:
    """Binary points by signal, as results keep them."""
    return {"weight": points.weight_frac_bits, "input": points.input_frac_bits,
            "output": points.output_frac_bits}
