"""What every ESE engine takes: one recurrent layer and an utterance as integers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim import __version__
from accelsim.errors import CapacityError, InputError
from accelsim.fixedpoint import dequantise, frac_bits_for, quantise
from accelsim.formats.weight_stream import WeightStream, build_stream
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.float_model import run_float
from accelsim.machines.ese.schedule import Schedule, make_schedule
from accelsim.machines.ese.tables import Table, gate_frac_bits, make_tables
from accelsim.records.job import Job
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import CELLS, RecurrentLayer

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RecurrentJob(Job):
    """One layer and one utterance.

    Attributes
    ----------
    layer : its kind, shape and options; the float weights are not used any more
    weights, streams : of each matrix
    vectors : biases (zeros where the layer has none) and peepholes, (n_cells,) int64
    shifts : right shift of every product of a matrix
    tables : "sigmoid" and "tanh"
    inputs : (n_steps, n_channels, n_inputs) int64
    """

    layer: RecurrentLayer
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

    def input_sha256(self) -> str:
        """Digest of the input integers of all steps and channels."""
        return hashlib.sha256(self.inputs.astype("<i8").tobytes()).hexdigest()

    def again(self, machine: Any, config: EseConfig, work: RecurrentLayer | None = None) -> Job:
        """The same integers for another machine or layer: binary points stay."""
        made: Job = machine.job(
            config, work or self.layer, dequantise(self.inputs, self.frac_bits["x"]),
            frac_bits={s: bits for s, bits in self.frac_bits.items() if s != "output"},
        )
        return made


def signals_of(layer: RecurrentLayer, matrix: str) -> tuple[str, str]:
    """(signal that a matrix multiplies, signal of its products' sums)."""
    if matrix == "Wym":
        return "m", "y"
    gate, source = matrix[1], "x" if matrix[2] == "x" else "y"
    return source, "nr" if matrix == "Wnr" and layer.reset_after else gate


def choose_frac_bits(
    config: EseConfig, layer: RecurrentLayer, weights: Mapping[str, LinearWeights],
    largest: Mapping[str, float],
) -> dict[str, int]:
    """Binary points (contract V1): the most fraction bits that hold each signal's largest value.

    A sum never has more fraction bits than the products that it is made of.
    """
    bits = min(config.activation_bits, config.accumulator_bits)
    result = {
        signal: frac_bits_for(top, config.activation_bits if signal == "x" else bits)
        for signal, top in largest.items()
    }
    # Element-wise results are products of two gates, shifted right.
    for signal in ("cell", "m", "y"):
        if signal in result:
            result[signal] = min(result[signal], 2 * gate_frac_bits(config))
    if layer.kind == "lstm" and "Wym" not in layer.matrices:
        result["y"] = result["m"]
    order = ["Wym"] if "Wym" in layer.matrices else []
    order += [name for name in layer.matrices if name != "Wym"]
    for name in order:
        source, target = signals_of(layer, name)
        result[target] = min(result[target], weights[name].frac_bits + result[source])
    for name, vector in layer.peepholes.items():
        result[name] = frac_bits_for(float(np.abs(vector).max()), config.activation_bits)
        gate = name[1]
        result[gate] = min(result[gate], result[name] + result["cell"])
    if "nr" in result:
        result["n"] = min(result["n"], gate_frac_bits(config) + result["nr"])
    return result


def make_job(
    config: EseConfig,
    layer: RecurrentLayer,
    inputs: npt.ArrayLike,
    frac_bits: Mapping[str, int] | None = None,
    calibration: npt.ArrayLike | None = None,
) -> RecurrentJob:
    """Quantise a layer and an utterance for a machine.

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
    quantised = {
        name: m if isinstance(m, LinearWeights)
        else LinearWeights.from_floats(m, config.weight_bits, f"{layer.name}.{name}")
        for name, m in layer.matrices.items()
    }
    for name, weights in quantised.items():
        if weights.weight_bits != config.weight_bits:
            raise InputError(
                f"{layer.name}.{name}: weights of {weights.weight_bits} bits, the machine has "
                f"{config.weight_bits}; quantise again or set weight_bits={weights.weight_bits}"
            )
    if frac_bits is None:
        sample = x if calibration is None else _utterance(config, layer, calibration)
        frac_bits = choose_frac_bits(config, layer, quantised, run_float(layer, sample).largest)
    shifts = {}
    for name, weights in quantised.items():
        source, target = signals_of(layer, name)
        shifts[name] = weights.frac_bits + frac_bits[source] - frac_bits[target]
        if not 0 <= shifts[name] <= config.weight_bits + config.activation_bits:
            raise InputError(f"{layer.name}.{name}: product shift is {shifts[name]}; need 0 to "
                             f"{config.weight_bits + config.activation_bits}; change the binary "
                             f"point of {target}")
    streams = {
        name: build_stream(weights, config.n_pe, config.index_bits)
        for name, weights in quantised.items()
    }
    for stream in streams.values():
        _check_capacity(config, stream)
    return RecurrentJob(
        layer, make_schedule(layer), quantised, streams, _vectors(config, layer, frac_bits),
        shifts, make_tables(config), quantise(x, config.activation_bits, frac_bits["x"]),
        name=layer.name, frac_bits={**frac_bits, "output": frac_bits["y"]},
        n_channels=int(x.shape[1]),
        provenance={"accelsim": __version__, **layer.provenance},
    )


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


def _vectors(
    config: EseConfig, layer: RecurrentLayer, frac_bits: Mapping[str, int]
) -> dict[str, IntArray]:
    """Biases in the binary point of the sum that they join, peepholes in their own."""
    result = {}
    for name in CELLS[layer.kind].biases:
        if name == "bnr" and not layer.reset_after:
            continue
        bias = layer.biases.get(name, np.zeros(layer.n_cells))
        result[name] = quantise(bias, config.activation_bits, frac_bits[name[1:]])
    for name, vector in layer.peepholes.items():
        result[name] = quantise(vector, config.activation_bits, frac_bits[name])
    return result


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
