"""Whole networks: layers in sequence, the outputs of one the inputs of the next."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.calibrate import calibrated, network_floats
from accelsim.errors import InputError
from accelsim.fixedpoint import dequantise
from accelsim.machines import machine_of
from accelsim.machines.chain import Chain, chain_of, inputs_of
from accelsim.numeric import real_numbers
from accelsim.records import BinaryPoints, CompressedLayer
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.result import RunResult

__all__ = [
    "accuracy",
    "calibrated",
    "job_of_layer",
    "network_binary_points",
    "network_floats",
    "network_job",
    "network_outputs",
    "simulate_network",
]

_LARGE = 3_000_000  # non-zero weights; with fewer, threads wait for each other's Python


def simulate_network(
    config: Any,
    layers: Sequence[Any],
    inputs: npt.ArrayLike,
    engine: str | None = None,
    threads: int | None = None,
    *,
    fixed_point: bool = False,
    **options: Any,
) -> list[list[RunResult]]:
    """Run layers in sequence on one or several input vectors.

    Parameters
    ----------
    layers : what the machine takes: `CompressedLayer` records on EIE, `RecurrentLayer` ones on ESE
    inputs : (n_inputs,) or (n_vectors, n_inputs) numbers; of recurrent layers each is an
        utterance, (n_steps, n_channels, n_inputs)
    threads : run so many vectors at a time; None takes all cores where that helps, which is the
        fast engine with layers of some million non-zero weights. The results are the same.
    fixed_point : the inputs are integers in the binary point of the first layer
    options : the machine's own, of every layer, as its ``make_job`` names them: ``lengths``

    Returns
    -------
    list of one list per input vector, of one `RunResult` per layer

    Raises
    ------
    InputError, CapacityError, UnsupportedError
    """
    machine = machine_of(config)
    engine = machine.check_engine(engine)
    if not layers:
        raise InputError("a network needs at least one layer")
    config = machine.fitted(config, layers)
    vectors = _each(layers, _numbers(layers, inputs))
    chain = chain_of(machine, config, layers, vectors, fixed_point, options)

    def run(vector: npt.NDArray[Any]) -> list[RunResult]:
        results: list[RunResult] = []
        for index in range(len(layers)):
            given = inputs_of(chain, index, vector, results)
            result = machine.finish(config, chain.job(index, given), engine)
            if index + 1 < len(layers):
                # A plug-in's chain of the last version tells none.
                lost = tuple(getattr(chain, "lost", _nothing)(index, result))
                result = replace(result, losses=(*result.losses, *lost)) if lost else result
            results.append(result)
        return results

    if threads is None:
        weights = sum(len(p.matrix.rows) for p in layers if isinstance(p, CompressedLayer))
        threads = (os.cpu_count() or 1) if engine == "fast" and weights >= _LARGE else 1
    first = [run(vector) for vector in vectors[:1]]  # makes images that others share
    if threads == 1 or len(vectors) < 3:
        return first + [run(vector) for vector in vectors[1:]]
    with ThreadPoolExecutor(threads) as pool:
        return first + list(pool.map(run, vectors[1:]))


def _nothing(index: int, result: RunResult) -> tuple[()]:
    return ()


def _each(layers: Sequence[Any], inputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What the first layer is run on, one after the other along the first axis."""
    if isinstance(layers[0], RecurrentLayer):
        return inputs.reshape(-1, *inputs.shape[-3:]) if inputs.ndim >= 3 else np.atleast_2d(inputs)
    return np.atleast_2d(inputs)


def _numbers(layers: Sequence[Any], inputs: npt.ArrayLike) -> npt.NDArray[Any]:
    return real_numbers(f"{getattr(layers[0], 'name', 'layer')}: inputs", inputs)


def network_job(
    config: Any, layers: Sequence[Any], inputs: npt.ArrayLike, index: int,
    fixed_point: bool = False, **options: Any,
) -> Any:
    """The `Job` that layer ``index`` of a network is given for one input of the first layer.

    Parameters
    ----------
    fixed_point : the inputs are integers in the binary point of the first layer
    options : as of `simulate_network`

    Raises
    ------
    InputError, CapacityError, UnsupportedError
    """
    machine = machine_of(config)
    current = _numbers(layers, inputs)
    config = machine.fitted(config, layers)
    chain = chain_of(machine, config, layers, current, fixed_point, options)
    told = "functional" if "functional" in machine.tellings else machine.default_engine
    results: list[RunResult] = []
    for at in range(index):
        job = chain.job(at, inputs_of(chain, at, current, results))
        results.append(machine.finish(config, job, told))
    return chain.job(index, inputs_of(chain, index, current, results))


def job_of_layer(
    config: Any, layers: Sequence[Any], inputs: npt.ArrayLike, index: int
) -> tuple[Any, BinaryPoints]:
    """As `network_job`, with the layer's binary points beside it."""
    job = network_job(config, layers, inputs, index)
    return job, BinaryPoints(*(job.frac_bits[s] for s in ("weight", "input", "output")))


def network_binary_points(
    config: Any, layers: Sequence[CompressedLayer], inputs: npt.ArrayLike
) -> list[BinaryPoints]:
    """Binary points of a chain of layers: no layer reads with more fraction bits than were written.

    Raises
    ------
    InputError
        If the widths of neighbouring layers do not match.
    """
    if not layers:
        raise InputError("a network needs at least one layer")
    chain: Any = chain_of(machine_of(config), config, layers, _numbers(layers, inputs))
    return list(chain.points)


def network_outputs(
    config: Any, layers: Sequence[Any], inputs: npt.ArrayLike, fixed_point: bool = False
) -> npt.NDArray[np.int64]:
    """The last layer's outputs for many input vectors at once, by the functional model.

    Parameters
    ----------
    fixed_point : the inputs are integers in the binary point of the first layer

    Returns
    -------
    (n_vectors, n_outputs) int64, equal to what `simulate_network` gives vector by vector
    """
    vectors = np.atleast_2d(_numbers(layers, inputs))
    config = machine_of(config).fitted(config, layers)
    chain: Chain = chain_of(machine_of(config), config, layers, vectors, fixed_point)
    return chain.outputs(vectors)


def accuracy(
    config: Any | None,
    layers: Sequence[CompressedLayer],
    inputs: npt.ArrayLike,
    labels: npt.ArrayLike,
) -> float:
    """Share of inputs whose largest output is their label; ``config`` None is 32-bit float."""
    outputs = (
        network_floats(list(layers), inputs)
        if config is None
        else dequantise(network_outputs(config, layers, inputs), 0)
    )
    return float(np.mean(outputs.argmax(axis=1) == np.asarray(labels)))
