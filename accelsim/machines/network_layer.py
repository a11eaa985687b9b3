"""One layer of a network as the machine is given it: what stands before it runs first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy.typing as npt

from accelsim.errors import InputError, nearest, printable
from accelsim.machines.base import Machine
from accelsim.machines.network_run import run_network
from accelsim.records.job import Job
from accelsim.records.network import Network


def layer_job(
    machine: Machine, config: Any, network: Network, images: npt.ArrayLike, layer: str | None
) -> Job:
    """The job of one layer of a compressed network: all images of a convolution, the last one of
    a matrix.

    Parameters
    ----------
    images : the network's input shape, or (n, ...) of it
    layer : its name; None is the first

    Raises
    ------
    InputError
        If there is no such layer; else as `accelsim.machines.network_run.run_network`.
    """
    names = [node.name for node in network.nodes if not node.on_host]
    name = names[0] if layer is None else layer
    if name not in names:
        raise InputError(f"{network.name}: no layer '{printable(name)}'{nearest(name, names)}")
    at = [node.name for node in network.nodes].index(name)
    made: list[Job] = []

    def note(*arguments: Any, **options: Any) -> Job:
        made.append(machine.part("make_job")(*arguments, **options))
        return made[-1]

    upto = replace(network, nodes=network.nodes[: at + 1], output=name)
    run_network(replace(machine, make_job=note), config, upto, images, "functional")
    return made[-1]
