"""How far a run of recurrent layers is from 64-bit floating point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.lowering.float_run import float_outputs
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.result import RunResult
from accelsim.records.utterance import readers

Floats = npt.NDArray[np.float64]


def float_error(
    named: Sequence[RecurrentLayer], ran: Sequence[RecurrentLayer],
    inputs: Sequence[Floats], options: Sequence[Mapping[str, Any]],
    results: Sequence[Sequence[RunResult]],
) -> dict[str, float] | None:
    """RMS of the difference over RMS of what float gives, and the largest difference, of what the
    last layers give in all runs; None where the machine tells no values.

    Parameters
    ----------
    named : layers as they were named: the error has pruning and quantising in it
    ran : the same, pruned and quantised: the error is that of the arithmetic alone
    inputs, options : of each run
    results : of each run, one a layer
    """
    last = readers(ran)[-1]
    if any(run[k].no_outputs or run[k].outputs is None for run in results for k in last):
        return None
    got = _flat([[run[k].outputs_float for k in last] for run in results])
    told = {}
    for key, layers in (("relative_to_file", named), ("relative_to_own_weights", ran)):
        made = [float_outputs(layers, x, own.get("lengths"))
                for x, own in zip(inputs, options, strict=True)]
        wanted = _flat([[outputs[k] for k in last] for outputs in made])
        scale = float(np.sqrt(np.mean(wanted**2))) or 1.0
        told[key] = float(np.sqrt(np.mean((got - wanted) ** 2))) / scale
        told["largest_to_file" if layers is named else "largest_to_own_weights"] = float(
            np.abs(got - wanted).max())
    return told


def float_error_line(told: Mapping[str, float]) -> str:
    """The same for people."""
    return (f"outputs against 64-bit float, RMS of the difference over RMS: "
            f"{100 * told['relative_to_file']:.3g} % with the weights as named (largest difference "
            f"{told['largest_to_file']:.2g}), {100 * told['relative_to_own_weights']:.3g} % with "
            f"those that ran, pruned and quantised")


def _flat(runs: Sequence[Sequence[Floats]]) -> Floats:
    return np.concatenate([np.ravel(part) for run in runs for part in run])
