"""Small machines with small work, drawn from a seed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from accelsim.compression import Recipe, compress
from accelsim.errors import CapacityError, ConfigError, InputError, LossWarning
from accelsim.machines import load_machine
from accelsim.machines.base import Machine
from accelsim.records import CompressedLayer
from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload import random_layer

LARGEST_SIDE = 24
"""Most rows and columns of the work that is drawn where a machine draws none itself."""


@dataclass(frozen=True, eq=False)
class Case:
    """One machine with one piece of work; ``seed`` makes it again."""

    seed: int
    config: Any
    job: Any


def draw(machine: Machine, seed: int) -> Case | None:
    """A small configuration and job; None where the work drawn does not fit the machine drawn."""
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)  # of numbers that nobody uses
        overrides, work, inputs = _cases(machine)(rng)
        try:
            config = load_machine(machine.name, **overrides)
            return Case(seed, config, machine.job(config, work, inputs))
        except (CapacityError, ConfigError):
            return None


def _cases(machine: Machine) -> Callable[[np.random.Generator], tuple[dict[str, Any], Any, Any]]:
    if machine.cases is not None:
        own: Callable[[np.random.Generator], tuple[dict[str, Any], Any, Any]]
        own = machine.part("cases")
        return own
    if CompressedLayer in machine.takes:
        return _compressed_case
    if RecurrentLayer in machine.takes:
        return _linear_case
    raise InputError(f"{machine.name}: takes neither CompressedLayer nor RecurrentLayer; give its "
                     f"Machine record a 'cases' part that draws (overrides, work, inputs)")


def _drawn(rng: np.random.Generator) -> tuple[dict[str, Any], Any]:
    rows, columns = (int(n) for n in rng.integers(1, LARGEST_SIDE + 1, 2))
    layer = random_layer((rows, columns), float(rng.choice([0.1, 0.4, 1.0])),
                         float(rng.choice([0.0, 0.4, 1.0])), int(rng.integers(1 << 30)),
                         bias=bool(rng.integers(2)))
    return {"n_pe": int(rng.integers(1, 7))}, layer


def _compressed_case(rng: np.random.Generator) -> tuple[dict[str, Any], Any, Any]:
    overrides, layer = _drawn(rng)
    packed = compress(replace(layer, activations=None), Recipe())
    return overrides, packed, np.asarray(layer.activations).ravel()


def _linear_case(rng: np.random.Generator) -> tuple[dict[str, Any], Any, Any]:
    overrides, layer = _drawn(rng)
    dense = layer.weights.to_dense()
    biases = {} if layer.bias is None else {"by": layer.bias}
    steps = np.abs(rng.normal(size=(int(rng.integers(1, 4)), 1, dense.shape[1])))
    return overrides, RecurrentLayer("linear", {"Wyx": dense}, biases), steps
