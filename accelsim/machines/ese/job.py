"""What every ESE engine takes: one recurrent layer and an utterance as integers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim import __version__
from accelsim.compression.recurrent import linear_weights
from accelsim.compression.recurrent_points import choose_recurrent_points
from accelsim.errors import CapacityError, InputError, nearest
from accelsim.fixedpoint import dequantise, quantise
from accelsim.formats.weight_stream import WeightStream, build_stream
from accelsim.lowering.program import FUNCTION, Program, make_program
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.schedule import Schedule, make_schedule
from accelsim.machines.ese.sizes import needs
from accelsim.machines.ese.tables import Table, gate_frac_bits, make_tables
from accelsim.numeric import fixed_point_integers, real_values
from accelsim.records.job import Job
from accelsim.records.linear import LinearWeights
from accelsim.records.losses import Loss, of_quantising
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.utterance import as_run, checked_lengths

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RecurrentJob(Job):
    """One layer and one utterance.

    Attributes
    ----------
    layer : its kind, shape and options; the float weights are not used any more
    weights, streams : of each matrix
    program : the equations, with the shifts of their products
    vectors : biases and peepholes that there are, (n_cells,) int64
    shifts : right shift of every product of a matrix
    tables : "sigmoid" and "tanh"
    inputs : (n_steps, n_channels, n_inputs) int64, in the order in which they are run (V7)
    lengths : (n_channels,) steps of each channel; None is all
    """

    layer: RecurrentLayer
    program: Program
    schedule: Schedule
    weights: Mapping[str, LinearWeights]
    streams: Mapping[str, WeightStream]
    vectors: Mapping[str, IntArray]
    shifts: Mapping[str, int]
    tables: Mapping[str, Table]
    inputs: IntArray
    lengths: IntArray | None = None

    @property
    def operations(self) -> dict[str, int]:
        """Entries, padding and multiply-accumulates of the whole utterance, by construction."""
        entries = sum(len(s.values) for s in self.streams.values()) * len(self.inputs)
        padding = sum(int(s.padding.sum()) for s in self.streams.values()) * len(self.inputs)
        return {"entries": entries, "padding": padding,
                "macs": (entries - padding) * self.n_channels}

    def finished(self, outputs: IntArray) -> IntArray:
        """The outputs y_t in the order of the utterance (V7), negative ones zero where the layer
        has a ReLU."""
        outputs = as_run(outputs, self.layer.reverse, self.lengths)
        return np.maximum(outputs, 0) if self.layer.relu else outputs

    def again(self, machine: Any, config: EseConfig, work: RecurrentLayer | None = None) -> Job:
        """The same integers for another machine or layer: binary points stay."""
        inputs = as_run(self.inputs, self.layer.reverse, self.lengths)
        more = {} if self.lengths is None else {"lengths": self.lengths}
        made: Job = machine.job(
            config, work or self.layer, dequantise(inputs, self.frac_bits["x"]),
            frac_bits={s: bits for s, bits in self.frac_bits.items() if s != "output"}, **more,
        )
        return made

    def input_sha256(self) -> str:
        """Digest of the inputs."""
        return hashlib.sha256(self.inputs.astype("<i8").tobytes()).hexdigest()


def make_job(
    config: EseConfig,
    layer: RecurrentLayer,
    inputs: npt.ArrayLike,
    frac_bits: Mapping[str, int] | None = None,
    calibration: npt.ArrayLike | None = None,
    fixed_point: bool = False,
    lengths: npt.ArrayLike | None = None,
) -> RecurrentJob:
    """A layer and an utterance as integers, stage by stage.

    Weights are quantised and binary points chosen by `accelsim.compression`, the equations come
    from `accelsim.lowering`, the weights in DRAM from `accelsim.formats`.

    Parameters
    ----------
    inputs : (n_steps, n_inputs) or (n_steps, n_channels, n_inputs) numbers
    frac_bits : binary points by signal; None chooses them from a float run
    calibration : inputs of that float run; None takes ``inputs``
    fixed_point : the inputs are integers with ``frac_bits["x"]`` fraction bits already; needs
        ``frac_bits``, or ``calibration`` to choose them from
    lengths : (n_channels,) steps of each channel of ``inputs``; None is all

    Raises
    ------
    InputError
        If shapes or channels do not fit.
    CapacityError
        If ``capacity`` is "check" and a matrix does not fit a PE's buffers.
    """
    x = _utterance(config, layer, inputs)
    if fixed_point:
        fixed_point_integers(f"{layer.name}: inputs", inputs, config.activation_bits)
        if frac_bits is None and calibration is None:
            raise InputError(f"{layer.name}: fixed-point inputs have no binary point here; give "
                             f"frac_bits, or calibration inputs to choose it from")
    own = None if lengths is None else checked_lengths(layer.name, lengths, *x.shape[:2])
    x = as_run(x, layer.reverse, own)
    weights = linear_weights(layer, config.weight_bits)
    if frac_bits is None:
        sample = x if calibration is None else as_run(
            _utterance(config, layer, calibration), layer.reverse)
        forward = replace(layer, reverse=False)  # the sample is in the order of the run
        frac_bits = choose_recurrent_points(config, forward, weights, sample)
    points = {**frac_bits, FUNCTION: gate_frac_bits(config),
              **{name: quantised.frac_bits for name, quantised in weights.items()}}
    program = make_program(layer)
    for signal in {*program.signals.values(), "y"} - {FUNCTION} - frac_bits.keys():
        raise InputError(f"{layer.name}: no binary point of '{signal}'"
                         f"{nearest(signal, frac_bits)}")
    vectors = _vectors(config, layer, program, frac_bits)
    integers = x.astype(np.int64) if fixed_point else quantise(
        x, config.activation_bits, frac_bits["x"])
    meant = dequantise(integers, frac_bits["x"]) if fixed_point else x
    return RecurrentJob(
        layer, program.at_points(points), make_schedule(program, layer.n_cells), weights,
        _streams(config, weights), vectors,
        _shifts(config, layer, program, points),
        make_tables(config), integers, own,
        name=layer.name, frac_bits={**frac_bits, "output": frac_bits["y"]},
        n_channels=int(x.shape[1]),
        provenance={"accelsim": __version__, **layer.provenance},
        losses=tuple(_losses(config, layer, program, frac_bits, vectors, meant, integers)),
    )


def _losses(
    config: EseConfig, layer: RecurrentLayer, program: Program, frac_bits: Mapping[str, int],
    vectors: Mapping[str, IntArray], x: npt.NDArray[np.float64], integers: IntArray,
) -> Iterator[Loss]:
    """What the activations' width clips of inputs, biases and peepholes."""
    bits, remedy = config.activation_bits, "calibrate with such inputs, or raise activation_bits"
    yield from of_quantising(x, integers, bits, frac_bits["x"], "inputs", layer.name, remedy)
    given = {**layer.biases, **layer.peepholes}
    for name, values in vectors.items():
        yield from of_quantising(
            np.asarray(given[name]), values, bits, frac_bits[program.signals[name]],
            f"values of {name}", layer.name, remedy, most_rounded=1.0)


def _utterance(
    config: EseConfig, layer: RecurrentLayer, inputs: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    x = real_values(f"{layer.name}: inputs", inputs).astype(np.float64)
    shape = x.shape
    if x.ndim == 2:
        x = x[:, None, :]
    if x.ndim != 3 or x.shape[2] != layer.n_inputs or 0 in x.shape:
        raise InputError(f"{layer.name}: inputs have shape {shape}; need (steps, "
                         f"{layer.n_inputs}) or (steps, channels, {layer.n_inputs})")
    if x.shape[1] > config.n_channels:
        raise InputError(f"{layer.name}: {x.shape[1]} channels of inputs, the machine has "
                         f"{config.n_channels}; split them or set n_channels={x.shape[1]}")
    return x


def _streams(
    config: EseConfig, weights: Mapping[str, LinearWeights]
) -> dict[str, WeightStream]:
    """The matrices as DRAM holds them."""
    streams = {
        name: build_stream(quantised, config.n_pe, config.index_bits)
        for name, quantised in weights.items()
    }
    _check_capacity(config, streams.values())
    return streams


def _vectors(
    config: EseConfig, layer: RecurrentLayer, program: Program, frac_bits: Mapping[str, int]
) -> dict[str, IntArray]:
    """Biases in the binary point of the sum that they join, peepholes in their own."""
    given = {**layer.biases, **layer.peepholes}
    return {
        name: quantise(given[name], config.activation_bits, frac_bits[program.signals[name]])
        for name in program.vectors
    }


def _shifts(
    config: EseConfig, layer: RecurrentLayer, program: Program, points: Mapping[str, int]
) -> dict[str, int]:
    """Right shifts of the products, matrix by matrix; those of element-wise ones are checked."""
    most = config.weight_bits + config.activation_bits
    for target, left, right in program.factors():
        shift = points[left] + points[right] - points[target]
        if shift < 0 or (left in layer.matrices and shift > most):
            what = left if left in layer.matrices else f"product in {target}"
            need = f"0 to {most}" if left in layer.matrices else "0 or more"
            raise InputError(f"{layer.name}.{what}: product shift is {shift}; need {need}; "
                             f"change the binary point of {target}")
    return {
        name: points[name] + points[program.signals[product.vector]] - points[product.signal]
        for name, product in program.products.items()
    }


def _check_capacity(config: EseConfig, streams: Iterable[WeightStream]) -> None:
    """Every matrix and buffer that does not fit, at once; sizes are those of the largest."""
    if config.capacity == "ignore":
        return
    found = [(stream.name, need) for stream in streams for need in needs(config, stream)]
    if not found:
        return
    largest = {need.what: need for _, need in sorted(found, key=lambda pair: pair[1].value)}
    told = "; ".join(f"{name}: {need.told}" for name, need in found)
    sizes = " with ".join(need.would_do for need in largest.values())
    raise CapacityError(f"{told}; use {sizes}, a larger n_pe, or capacity='ignore'")
