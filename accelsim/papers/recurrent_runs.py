"""One utterance on ESE with its error against float, step by step."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.api import simulate_recurrent
from accelsim.compression.patterns import prune_recurrent
from accelsim.lowering.float_run import float_outputs
from accelsim.machines import EseConfig
from accelsim.machines.ese.error import StepError, errors_between, step_errors
from accelsim.machines.ese.machine import MACHINE
from accelsim.network import simulate_network
from accelsim.papers.tradeoff import pattern_parameters
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.result import RunResult
from accelsim.sources.sequences import Sequence as Utterance
from accelsim.workload.recurrent_folder import RecurrentFolder

_SHOWN = 6
"""Errors shown of a long utterance."""


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """``errors`` of the fixed-point outputs against the same weights in float.

    ``wall_s`` is what the simulation took: quantisation is part of it, imports and the comparison
    are not.
    """

    result: RunResult
    errors: list[StepError]
    wall_s: float

    def some_errors(self) -> list[StepError]:
        """Evenly spaced steps, the first and the last among them."""
        last = len(self.errors) - 1
        chosen = np.unique(np.linspace(0, last, _SHOWN).round().astype(int))
        return [self.errors[step] for step in chosen]

    def as_dict(self) -> dict[str, Any]:
        """Plain values; arrays are left out."""
        timed = self.result.counters
        told: dict[str, Any] = {
            "layer": self.result.name, "engine": self.result.engine,
            "operations": self.result.operations, "frac_bits": dict(self.result.frac_bits),
            "errors": [asdict(error) for error in self.errors],
        }
        if timed is not None:
            told |= {
                "cycles": timed.cycles, "time_us": self.result.time_us,
                "counters": timed.totals(), "slots": [asdict(s) for s in self.result.slots],
                "energy_pj": dict(self.result.energy.events_pj),
            }
        return told


def run_and_compare(
    config: EseConfig, layer: RecurrentLayer, inputs: npt.NDArray[np.float64], engine: str = "fast"
) -> ComparedRun:
    """Run ``inputs`` (n_steps, n_channels, n_inputs) on an engine and against float."""
    MACHINE.telling(engine)
    start = time.perf_counter()
    result = simulate_recurrent(config, layer, inputs, engine)
    wall_s = time.perf_counter() - start
    return ComparedRun(result, step_errors(result.outputs_float, layer, inputs), wall_s)


def run_sequence(
    config: EseConfig, layers: Sequence[RecurrentLayer], given: Utterance, engine: str = "fast"
) -> list[ComparedRun]:
    """Layers in sequence: each on what the machine gave before it, against float all the way.

    Parameters
    ----------
    given : what the first runs on
    """
    lengths: dict[str, Any] = {} if given.lengths is None else {"lengths": given.lengths}
    start = time.perf_counter()
    (results,) = simulate_network(config, layers, given.inputs, engine, **lengths)
    wall_s = (time.perf_counter() - start) / len(layers)
    wanted = float_outputs(layers, given.inputs, given.lengths)
    return [ComparedRun(result, errors_between(result.outputs_float, want), wall_s)
            for result, want in zip(results, wanted, strict=True)]


def chosen_layer(
    network: RecurrentFolder, config: EseConfig, pattern: str | None, density: float
) -> tuple[RecurrentLayer, str]:
    """A folder's layer under a pattern, and where its weights are from.

    The retrained one if the folder holds it, else the dense one pruned without retraining.
    """
    if pattern is None:
        return network.layer, "dense, as trained"
    percent = f"{100 * density:g}"
    retrained = network.retrained.get(pattern, {})
    if percent in retrained:
        return retrained[percent], f"retrained, {percent} %"
    parameters = pattern_parameters(pattern, density, config, network.layer.n_inputs)
    return prune_recurrent(network.layer, pattern, **parameters), f"one-shot, {parameters}"
