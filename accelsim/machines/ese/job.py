"""What every ESE engine takes: one recurrent layer and an utterance as integers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
from accelsim.machines.ese.tables import Table, gate_frac_bits, make_tables
from accelsim.records.job import Job
from accelsim.records.linear import LinearWeights
from accelsim.records.losses import Loss, of_quantising
from accelsim.records.recurrent import RecurrentLayer

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
    inputs : (n_steps, n_channels, n_inputs) int64
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

    @property
    def operations(self) -> dict[str, int]:
        """Entries, padding and multiply-accumulates of the whole utterance, by construction."""
        entries = sum(len(s.values) for s in self.streams.values()) * len(self.inputs)
        padding = sum(int(s.padding.sum()) for s in self.streams.values()) * len(self.inputs)
        return {"entries": entries, "padding": padding,
                "macs": (entries - padding) * self.n_channels}

    def finished(self, outputs: IntArray) -> IntArray:
        """The outputs y_t, negative ones zero where the layer has a ReLU."""
        return np.maximum(outputs, 0) if self.layer.relu else outputs

    def again(self, machine: Any, config: EseConfig, work: RecurrentLayer | None = None) -> Job:
        """The same integers for another machine or layer: binary points stay."""
        made: Job = machine.job(
            config, work or self.layer, dequantise(self.inputs, self.frac_bits["x"]),
            frac_bits={s: bits for s, bits in self.frac_bits.items() if s != "output"},
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
) -> RecurrentJob:
    """A layer and an utterance as integers, stage by stage.

    Weights are quantised and binary points chosen by `accelsim.compression`, the equations come
    from `accelsim.lowering`, the weights in DRAM from `accelsim.formats`.

    Parameters
    ----------
    inputs : (n_steps, n_inputs) or (n_steps, n_channels, n_inputs) floats
    frac_bits : binary points by signal; None chooses them from a float run
    calibration : inputs of that float run; None takes ``inputs``

    Raises
    ------
    InputError
        If shapes or channels do not fit.
    CapacityError
        If ``capacity`` is "check" and a matrix does not fit a PE's buffers.
    """
    x = _utterance(config, layer, inputs)
    weights = linear_weights(layer, config.weight_bits)
    if frac_bits is None:
        sample = x if calibration is None else _utterance(config, layer, calibration)
        frac_bits = choose_recurrent_points(config, layer, weights, sample)
    points = {**frac_bits, FUNCTION: gate_frac_bits(config),
              **{name: quantised.frac_bits for name, quantised in weights.items()}}
    program = make_program(layer)
    for signal in {*program.signals.values(), "y"} - {FUNCTION} - frac_bits.keys():
        raise InputError(f"{layer.name}: no binary point of '{signal}'"
                         f"{nearest(signal, frac_bits)}")
    vectors = _vectors(config, layer, program, frac_bits)
    integers = quantise(x, config.activation_bits, frac_bits["x"])
    return RecurrentJob(
        layer, program.at_points(points), make_schedule(program, layer.n_cells), weights,
        _streams(config, weights), vectors,
        _shifts(config, layer, program, points),
        make_tables(config), integers,
        name=layer.name, frac_bits={**frac_bits, "output": frac_bits["y"]},
        n_channels=int(x.shape[1]),
        provenance={"accelsim": __version__, **layer.provenance},
        losses=tuple(_losses(config, layer, program, frac_bits, vectors, x, integers)),
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
    x = np.asarray(inputs, dtype=np.float64)
    if x.ndim == 2:
        x = x[:, None, :]
    if x.ndim != 3 or x.shape[2] != layer.n_inputs or 0 in x.shape:
        raise InputError(f"{layer.name}: inputs have shape {np.shape(inputs)}; need (steps, "
                         f"{layer.n_inputs}) or (steps, channels, {layer.n_inputs})")
    if not np.isfinite(x).all():
        raise InputError(f"{layer.name}: inputs hold NaN or infinity")
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
    for stream in streams.values():
        _check_capacity(config, stream)
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


def _check_capacity(config: EseConfig, stream: WeightStream) -> None:
    if config.capacity == "ignore":
        return
    entries, pointers = int(np.diff(stream.pe_starts).max()), stream.shape[1] + 1
    limit = min(config.weight_buffer_entries, (1 << config.pointer_bits) - 1)
    if entries > limit:
        kb = entries * config.entry_bits / 8192
        raise CapacityError(
            f"{stream.name}: {entries} entries in one PE, half a weight buffer holds {limit}; "
            f"use weight_buffer_kb={kb:.4g}, a larger n_pe, or capacity='ignore'"
        )
    if pointers > config.pointer_buffer_words:
        kb = pointers * config.pointer_bits / 8192
        raise CapacityError(
            f"{stream.name}: {pointers} pointers, half a pointer buffer holds "
            f"{config.pointer_buffer_words}; use pointer_buffer_kb={kb:.4g}, or capacity='ignore'"
        )
