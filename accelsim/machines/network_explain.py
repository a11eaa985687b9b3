"""Why a network took its cycles: each layer explained while it runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy.typing as npt

from accelsim.compression import Recipe
from accelsim.errors import UnsupportedError
from accelsim.inside.explain import Explanation, explain_result
from accelsim.inside.network import NetworkExplanation
from accelsim.lowering.ways import Lowering
from accelsim.machines.base import Machine
from accelsim.machines.network_alone import run_alone
from accelsim.machines.network_run import run_network
from accelsim.records.job import Job
from accelsim.records.network import Network, Node
from accelsim.records.result import RunResult

__all__ = ["explain_network"]


def explain_network(
    machine: Machine, config: Any, network: Network, images: npt.ArrayLike | None = None,
    recipe: Recipe | None = None, lowering: Lowering = None,
    on_node: Callable[[Node], object] = lambda node: None,
) -> NetworkExplanation:
    """Run a network and explain every layer of it from its counters.

    Starved cycles are one state here; one layer alone is explained to their causes by
    `accelsim.inside.explain.explain`.

    Parameters
    ----------
    network : compressed; without ``images`` not compressed, with activations in every layer
    images : as `run_network` takes them; None runs each layer on its own activations
    recipe : of the compression, without ``images``

    Raises
    ------
    UnsupportedError
        If the machine is not told by an engine with time.
    InputError, CapacityError
        As `run_network`.
    """
    found: dict[str, Explanation] = {}

    def note(node: Node, jobs: list[Job], result: RunResult) -> None:
        if result.counters is None:
            raise UnsupportedError(f"{network.name}: engine '{result.engine}' tells no time")
        found[node.name] = explain_result(
            machine, result.config, node.work, jobs[0], result, False, **_options(machine))

    engine = machine.default_engine
    if images is None:
        result = run_alone(machine, config, network, recipe, engine, lowering, on_node, note)
    else:
        result = run_network(machine, config, network, images, engine, lowering, on_node, note)
    return NetworkExplanation(result, found)


def _options(machine: Machine) -> dict[str, bool]:
    """Not to walk through entries, where a machine would."""
    if machine.explain is None:
        return {}
    known = inspect.signature(machine.part("explain")).parameters
    return {"walk": False} if "walk" in known else {}
