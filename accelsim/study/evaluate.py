"""Work out a chunk: what a worker does, wherever it runs."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from accelsim import __version__
from accelsim.api import simulate
from accelsim.errors import AccelsimError, InputError, LossWarning
from accelsim.lowering.ways import parse_lowering
from accelsim.machines import get_machine, load_machine, machine_of
from accelsim.machines.plugins import adopt
from accelsim.records import Loss
from accelsim.records.limits import Limit
from accelsim.records.sharing import shared_work
from accelsim.study.metrics import FinishedPoint, Metric, arrived
from accelsim.study.network_work import NetworkWork
from accelsim.study.points import Chunk, Settings
from accelsim.study.recipes import LOWERING
from accelsim.study.utterances import Utterance
from accelsim.study.workloads import (
    AnyWorkload,
    Loaded,
    Packed,
    compressed,
    compressed_from,
)

Made = tuple[Packed, Any] | str


@dataclass(frozen=True)
class Outcome:
    """One point: its metrics in the chunk's order, or the text of its error; what was lost, and
    what keeps the machine from being built (None where it does not say)."""

    values: tuple[float, ...]
    error: str | None
    wall_s: float
    losses: tuple[Loss, ...] = ()
    limits: tuple[Limit, ...] | None = None


def evaluate(chunk: Chunk, layer: Made | None = None) -> list[Outcome]:
    """Run every point of a chunk; a point that fails does not stop the others.

    Parameters
    ----------
    layer : what `make_layer` gave, where the caller has it; else it is made here, once for all
        chunks of the layer in this process

    Raises
    ------
    InputError
        If this process runs another version of accelsim than the one that asks.
    ConfigError
        If a plug-in cannot be loaded here.
    """
    if chunk.version != __version__:
        raise InputError(f"a worker runs accelsim {__version__}, this sweep {chunk.version}; "
                         f"install the same version everywhere")
    for plugin in chunk.plugins:
        adopt(plugin)
    metrics = arrived(chunk.metrics, chunk.base["machine"])
    made = make_layer(chunk.workload, chunk.recipe) if layer is None else layer
    if isinstance(made, str):
        return [Outcome((), made, 0.0)] * len(chunk.points)
    try:
        others = tuple(made[0] if w == chunk.workload else compressed(w, chunk.recipe)[0]
                       for w in chunk.sized_to)
    except Exception as problem:
        return [Outcome((), error_text(problem), 0.0)] * len(chunk.points)
    with shared_work():
        return [_outcome(chunk, metrics, point.overrides, *made, others) for point in chunk.points]


def make_layer(
    workload: AnyWorkload, recipe: dict[str, Any], loaded: Loaded | None = None
) -> Made:
    """The compressed layer and its input vector or utterance, or the text of the error.

    Parameters
    ----------
    loaded : the layer, where this process cannot read its file
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LossWarning)  # every point tells them
            if loaded is None:
                return compressed(workload, recipe)
            return compressed_from(loaded, recipe)
    except Exception as problem:
        return error_text(problem)


def config_of(base: dict[str, Any], overrides: Settings) -> Any:
    """The configuration of a point.

    Raises
    ------
    ConfigError
        If its values do not go together.
    """
    values = {**base, **overrides}
    try:
        return get_machine(values["machine"]).config(**values)
    except ValidationError:
        load_machine(values.pop("machine"), **values)  # says it in one line
        raise


def error_text(problem: BaseException) -> str:
    """An exception in one line; the type's name where it is not one of ours."""
    text = " ".join(str(problem).split())[:500]
    return text if isinstance(problem, AccelsimError) else f"{type(problem).__name__}: {text}"


def _finished(
    config: Any, packed: Packed, inputs: Any, engine: str, lowering: str | None
) -> FinishedPoint:
    """Run a layer on its input vector, its utterance on as many channels as there are, or a
    network."""
    if isinstance(packed, NetworkWork):
        whole = packed.run(machine_of(config), config, engine, parse_lowering(lowering))
        return FinishedPoint(config, packed.network, whole)
    if not isinstance(inputs, Utterance):
        result = simulate(config, packed, inputs, engine, outputs=False)
        return FinishedPoint(config, packed, result)
    used = slice(getattr(config, "n_channels", None))
    options: dict[str, Any] = {} if inputs.lengths is None else {"lengths": inputs.lengths[used]}
    result = simulate(config, packed, inputs.inputs[:, used], engine, **options)
    return FinishedPoint(config, packed, result, inputs.wanted[:, used])


def _outcome(
    chunk: Chunk, metrics: Sequence[Metric], overrides: Settings, packed: Packed, inputs: Any,
    others: tuple[Packed, ...],
) -> Outcome:
    start = time.perf_counter()
    try:
        config = config_of(chunk.base, overrides)
        sized = [*_layers(others)]
        config = machine_of(config).fitted(
            config, [work for work, _ in sized], [size for _, size in sized])
        point = _finished(config, packed, inputs, chunk.engine, chunk.recipe.get(LOWERING))
        values = tuple(_finite(metric, point) for metric in metrics)
    except Exception as problem:
        return Outcome((), error_text(problem), time.perf_counter() - start)
    return Outcome(values, None, time.perf_counter() - start, point.result.losses,
                   point.result.limits)


def _layers(works: Sequence[Packed]) -> Iterator[tuple[Any, tuple[int, int] | None]]:
    """Layers of networks one by one, other work as it is, and the size of the maps that it reads.
    """
    for work in works:
        if isinstance(work, NetworkWork):
            yield from zip(work.works, work.map_sizes, strict=True)
        else:
            yield work, None


def _finite(metric: Metric, point: FinishedPoint) -> float:
    value = metric.value(point)
    if not math.isfinite(value):
        raise InputError(f"metric {metric.name} is {value}")
    return value
