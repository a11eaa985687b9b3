"""The nine benchmark layers, compressed once, and their runs; the same run is never made twice."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.api import simulate
from accelsim.compression import compress
from accelsim.energy import EnergyReport, SramTable, price
from accelsim.machines import EieConfig, load_config
from accelsim.records import CompressedLayer
from accelsim.records.result import RunResult
from accelsim.workload import load_layer, published_layers

LAYERS = tuple(published_layers())
"""EIE Table III, in its order."""

SIMULATOR_QUEUE = 7
"""Columns that the authors' simulator's queue holds when it is set to 8: a ring that counts as
full with one slot free."""


def machine(**overrides: Any) -> EieConfig:
    """EIE as the published tables were made: memories without limits."""
    return load_config("eie", **{"capacity": "ignore", **overrides})


@lru_cache(maxsize=len(LAYERS))
def workload(name: str, seed: int) -> tuple[CompressedLayer, npt.NDArray[Any]]:
    """A published layer on synthetic data, and its input vector."""
    layer = load_layer(name, seed=seed)
    return compress(layer), np.asarray(layer.activations)


def run(name: str, seed: int = 1, **overrides: Any) -> RunResult:
    """A layer on the published machine, with overrides; time and counters alone."""
    return _run(name, seed, tuple(sorted(overrides.items())))


@lru_cache(maxsize=1024)
def _run(name: str, seed: int, overrides: tuple[tuple[str, Any], ...]) -> RunResult:
    packed, activations = workload(name, seed)
    return simulate(machine(**dict(overrides)), packed, activations, outputs=False)


def unlimited(runs: Iterable[RunResult]) -> tuple[str, ...]:
    """What a figure must say of its machine: memories have no limits here, and which of the runs
    need that; nothing where the published memories hold them all."""
    every = list(runs)
    beyond = [result for result in every if result.limits]
    names = dict.fromkeys(result.name for result in beyond)
    if not beyond:
        return ()
    which = ", ".join(names) if len(names) <= 4 else f"of {len(names)} layers"
    return (f"memories without limits: {len(beyond)} of {len(every)} runs exceed the published "
            f"ones ({which})",)


def energy(
    name: str, seed: int = 1, sram: SramTable | None = None, **overrides: Any
) -> EnergyReport:
    """Energy and area of the same run; ``sram`` None is the shipped choice of memories."""
    return price(machine(**overrides), run(name, seed, **overrides).timed, sram)
