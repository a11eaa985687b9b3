"""Whole networks: layers in sequence, the outputs of one the inputs of the next."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.binary_points import choose_binary_points
from accelsim.compression.calibrate import calibrated, network_floats
from accelsim.errors import InputError
from accelsim.fixedpoint import dequantise, quantise, read_activations
from accelsim.kernels.accumulate import accumulate
from accelsim.machines import EieConfig
from accelsim.machines.eie.job import LayerJob, make_job
from accelsim.machines.eie.machine import MACHINE
from accelsim.records import BinaryPoints, CompressedLayer, CscMatrix
from accelsim.records.result import RunResult

_LARGE = 3_000_000  # non-zero weights; with fewer, threads wait for each other's Python


def simulate_network(
    config: EieConfig,
    layers: list[CompressedLayer],
    inputs: npt.ArrayLike,
    engine: str = "fast",
    threads: int | None = None,
) -> list[list[RunResult]]:
    """Run layers in sequence on one or several input vectors.

    Between layers the register files swap and nothing is copied. A layer that is calibrated to
    another binary point than the one before it wrote shifts on reading.

    Parameters
    ----------
    inputs : (n_inputs,) or (n_vectors, n_inputs) floats
    threads : run so many vectors at a time; None takes all cores where that helps, which is the
        fast engine with layers of some million non-zero weights. The results are the same.

    Returns
    -------
    list of one list per input vector, of one `RunResult` per layer

    Raises
    ------
    InputError, CapacityError, UnsupportedError
    """
    vectors = np.atleast_2d(np.asarray(inputs))
    points = network_binary_points(config, layers, vectors)

    def run_chain(vector: npt.NDArray[Any]) -> list[RunResult]:
        chain: list[RunResult] = []
        current = vector
        for index, (packed, point) in enumerate(zip(layers, points, strict=True)):
            job = make_job(config, packed, current, point)
            result = MACHINE.finish(config, job, engine)
            chain.append(result)
            if index + 1 < len(layers) and result.outputs is not None:
                current = _next_inputs(config, result.outputs, point, points[index + 1])
        return chain

    if threads is None:
        large = engine == "fast" and sum(len(p.matrix.rows) for p in layers) >= _LARGE
        threads = (os.cpu_count() or 1) if large else 1
    first = [run_chain(vector) for vector in vectors[:1]]  # makes images that others share
    if threads == 1 or len(vectors) < 3:
        return first + [run_chain(vector) for vector in vectors[1:]]
    with ThreadPoolExecutor(threads) as pool:
        return first + list(pool.map(run_chain, vectors[1:]))


def job_of_layer(
    config: EieConfig, layers: list[CompressedLayer], inputs: npt.ArrayLike, index: int
) -> tuple[LayerJob, BinaryPoints]:
    """What layer ``index`` of a network is given to do for one input vector of the first layer.

    Raises
    ------
    InputError, CapacityError, UnsupportedError
    """
    current: npt.NDArray[Any] = np.asarray(inputs)
    points = network_binary_points(config, layers, current)
    for at in range(index):
        job = make_job(config, layers[at], current, points[at])
        result = MACHINE.finish(config, job, "functional")
        if result.outputs is not None:
            current = _next_inputs(config, result.outputs, points[at], points[at + 1])
    return make_job(config, layers[index], current, points[index]), points[index]


def network_outputs(
    config: EieConfig, layers: list[CompressedLayer], inputs: npt.ArrayLike
) -> npt.NDArray[np.int64]:
    """The last layer's outputs for many input vectors at once, by the functional model.

    Returns
    -------
    (n_vectors, n_outputs) int64, equal to what `simulate_network` gives vector by vector
    """
    vectors = np.atleast_2d(np.asarray(inputs))
    points = network_binary_points(config, layers, vectors)
    current = quantise(vectors, config.activation_bits, points[0].input_frac_bits)
    for index, (packed, point) in enumerate(zip(layers, points, strict=True)):
        codebook = quantise(packed.codebook, config.weight_value_bits, point.weight_frac_bits)
        m = packed.matrix
        weights = CscMatrix(m.shape, m.column_starts, m.rows, codebook[m.values])
        if packed.has_bias:
            one = np.full((len(current), 1), 1 << point.input_frac_bits)
            current = np.hstack([current, one])
        current, _ = accumulate(
            weights, current, np.arange(m.shape[1]), point.shift, config.accumulator_bits
        )
        current = packed.in_layer_order(current)
        if packed.relu:
            current = np.maximum(current, 0)
        if index + 1 < len(layers):
            current = _next_inputs(config, current, point, points[index + 1])
    return current


def network_binary_points(
    config: EieConfig, layers: list[CompressedLayer], inputs: npt.NDArray[Any]
) -> list[BinaryPoints]:
    """Binary points of a chain: no layer reads with more fraction bits than were written.

    Raises
    ------
    InputError
        If the widths of neighbouring layers do not match.
    """
    if not layers:
        raise InputError("a network needs at least one layer")
    points: list[BinaryPoints] = []
    for index, packed in enumerate(layers):
        if index and layers[index - 1].n_outputs != packed.n_inputs:
            raise InputError(
                f"{packed.name} takes {packed.n_inputs} inputs, but {layers[index - 1].name} "
                f"gives {layers[index - 1].n_outputs} outputs"
            )
        point = choose_binary_points(config, packed, inputs if index == 0 else None)
        if points and point.input_frac_bits > points[-1].output_frac_bits:
            written = points[-1].output_frac_bits
            output = min(point.output_frac_bits, point.weight_frac_bits + written)
            point = replace(point, input_frac_bits=written, output_frac_bits=output)
        points.append(point)
    return points


def accuracy(
    config: EieConfig | None,
    layers: list[CompressedLayer],
    inputs: npt.ArrayLike,
    labels: npt.ArrayLike,
) -> float:
    """Share of inputs whose largest output is their label; ``config`` None is 32-bit float."""
    outputs = (
        network_floats(layers, inputs)
        if config is None
        else dequantise(network_outputs(config, layers, inputs), 0)
    )
    return float(np.mean(outputs.argmax(axis=1) == np.asarray(labels)))


def _next_inputs(
    config: EieConfig,
    outputs: npt.NDArray[np.int64],
    written: BinaryPoints,
    read: BinaryPoints,
) -> npt.NDArray[np.int64]:
    shift = written.output_frac_bits - read.input_frac_bits
    return read_activations(outputs, False, shift, config.activation_bits)


__all__ = [
    "accuracy", "calibrated", "job_of_layer", "network_binary_points", "network_floats",
    "network_outputs", "simulate_network",
]
