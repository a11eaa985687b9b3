"""Work out a chunk: what a worker does, wherever it runs."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from accelsim import __version__
from accelsim.api import simulate
from accelsim.arch import EieConfig, load_config
from accelsim.errors import AccelsimError, InputError
from accelsim.records import CompressedLayer, Layer
from accelsim.study.metrics import FinishedPoint, Metric
from accelsim.study.points import Chunk, Settings
from accelsim.study.workloads import Workload, compressed, compressed_from

Made = tuple[CompressedLayer, Any] | str


@dataclass(frozen=True)
class Outcome:
    """One point: its metrics in the chunk's order, or the text of its error."""

    values: tuple[float, ...]
    error: str | None
    wall_s: float


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
    """
    if chunk.version != __version__:
        raise InputError(f"a worker runs accelsim {__version__}, this sweep {chunk.version}; "
                         f"install the same version everywhere")
    made = make_layer(chunk.workload, chunk.recipe) if layer is None else layer
    if isinstance(made, str):
        return [Outcome((), made, 0.0)] * len(chunk.points)
    return [_outcome(chunk, point.overrides, *made) for point in chunk.points]


def make_layer(
    workload: Workload, recipe: dict[str, Any], loaded: Layer | None = None
) -> Made:
    """The compressed layer and its input vector, or the text of the error.

    Parameters
    ----------
    loaded : the layer, where this process cannot read its file
    """
    try:
        return compressed(workload, recipe) if loaded is None else compressed_from(loaded, recipe)
    except Exception as problem:
        return error_text(problem)


def config_of(base: dict[str, Any], overrides: Settings) -> EieConfig:
    """The configuration of a point.

    Raises
    ------
    ConfigError
        If its values do not go together.
    """
    values = {**base, **overrides}
    try:
        return EieConfig(**values)
    except ValidationError:
        machine = values.pop("machine")
        return load_config(machine, **values)  # says it in one line


def error_text(problem: BaseException) -> str:
    """An exception in one line; the type's name where it is not one of ours."""
    text = " ".join(str(problem).split())[:500]
    return text if isinstance(problem, AccelsimError) else f"{type(problem).__name__}: {text}"


def _outcome(
    chunk: Chunk, overrides: Settings, packed: CompressedLayer, activations: Any
) -> Outcome:
    start = time.perf_counter()
    try:
        config = config_of(chunk.base, overrides)
        result = simulate(config, packed, activations, chunk.engine, outputs=False)
        point = FinishedPoint(config, packed, result)
        values = tuple(_finite(metric, point) for metric in chunk.metrics)
    except Exception as problem:
        return Outcome((), error_text(problem), time.perf_counter() - start)
    return Outcome(values, None, time.perf_counter() - start)


def _finite(metric: Metric, point: FinishedPoint) -> float:
    value = metric.value(point)
    if not math.isfinite(value):
        raise InputError(f"metric {metric.name} is {value}")
    return value
