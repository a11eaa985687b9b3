"""How far the fixed-point outputs are from float, time step by time step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelsim.fixedpoint import dequantise
from accelsim.lowering.float_run import run_float
from accelsim.machines import run_job
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.job import make_job
from accelsim.numeric import real_values
from accelsim.records.recurrent import RecurrentLayer


@dataclass(frozen=True)
class StepError:
    """Outputs of one time step, over all channels.

    Attributes
    ----------
    rms, largest : of the difference
    relative : ``rms`` over the RMS of the float outputs of the whole utterance
    """

    step: int
    rms: float
    largest: float
    relative: float


def error_a_step(
    config: EseConfig,
    layer: RecurrentLayer,
    inputs: npt.ArrayLike,
    *,
    against: RecurrentLayer | None = None,
    frac_bits: Mapping[str, int] | None = None,
    calibration: npt.ArrayLike | None = None,
) -> list[StepError]:
    """Run an utterance in fixed point and in float.

    Parameters
    ----------
    inputs : (n_steps, n_inputs) or (n_steps, n_channels, n_inputs)
    against : the float layer to compare with; None takes ``layer`` itself, so that the error is
        that of the number format; the layer before pruning adds the error of pruning
    """
    x = real_values(f"{layer.name}: inputs", inputs).astype(np.float64)
    if x.ndim == 2:
        x = x[:, None, :]
    job = make_job(config, layer, x, frac_bits, calibration)
    outputs = run_job("fast", config, job).outputs
    got = dequantise(np.asarray(outputs), job.frac_bits["y"])
    return step_errors(got, against or layer, x)


def step_errors(
    got: npt.NDArray[np.float64], layer: RecurrentLayer, inputs: npt.NDArray[np.float64]
) -> list[StepError]:
    """Outputs (n_steps, n_channels, n_outputs) against those of ``layer`` in float."""
    return errors_between(got, run_float(layer, inputs).outputs)


def errors_between(
    got: npt.NDArray[np.float64], want: npt.NDArray[np.float64]
) -> list[StepError]:
    """Outputs (n_steps, n_channels, n_outputs) against those that are wanted."""
    scale = float(np.sqrt(np.mean(want**2))) or 1.0
    return [
        StepError(step, rms, float(np.abs(difference).max()), rms / scale)
        for step, difference in enumerate(got - want)
        for rms in [float(np.sqrt(np.mean(difference**2)))]
    ]
