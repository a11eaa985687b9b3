"""How far each layer of a network is from 64-bit floating point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.lowering.network_floats import run_floats
from accelsim.records.network import Network
from accelsim.records.network_result import NetworkResult


def network_errors(named: Network, ran: Network, images: npt.ArrayLike, result: NetworkResult
                   ) -> dict[str, dict[str, float]]:
    """A layer's results, all layers before it on the machine too, beside float's: RMS of the
    difference over RMS of what float gives, and the largest difference.

    Parameters
    ----------
    named : as it was named: the error has pruning and sharing in it
    ran : the same compressed: the error is that of the arithmetic alone
    images : that the result is of

    Returns
    -------
    by layer ``relative_to_file``, ``largest_to_file``, ``relative_to_own_weights`` and
    ``largest_to_own_weights``; the former two are missing of a layer that `named` has not
    """
    told: dict[str, dict[str, float]] = {}
    for what, network in (("own_weights", ran), ("file", named)):
        wanted = run_floats(network, images)
        for name, own in result.layers.items():
            if name not in wanted or own.outputs is None:
                continue
            got = own.outputs_float.reshape(wanted[name].shape)
            scale = float(np.sqrt(np.mean(wanted[name]**2))) or 1.0
            told.setdefault(name, {}).update({
                f"relative_to_{what}": float(np.sqrt(np.mean((got - wanted[name])**2))) / scale,
                f"largest_to_{what}": float(np.abs(got - wanted[name]).max())})
    return told


def error_rows(errors: Mapping[str, Mapping[str, float]]) -> list[tuple[Any, ...]]:
    """For people, percent: (layer, as named, as it ran, largest difference from the latter)."""
    def percent(own: Mapping[str, float], key: str) -> str:
        return f"{100 * own[key]:.3g} %" if key in own else ""

    return [(name, percent(own, "relative_to_file"), percent(own, "relative_to_own_weights"),
             f"{own['largest_to_own_weights']:.3g}") for name, own in errors.items()]
