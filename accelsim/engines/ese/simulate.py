"""The face of ESE: a recurrent layer and an utterance to a `RecurrentResult`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

import numpy.typing as npt

from accelsim import __version__
from accelsim.arch import EseConfig
from accelsim.engines.ese.job import RecurrentJob, RecurrentRun, make_job
from accelsim.errors import InputError, nearest
from accelsim.ese_results import RecurrentResult
from accelsim.recurrent import RecurrentLayer

ENGINES: dict[str, str] = {
    "functional": "accelsim.engines.ese.functional",
    "reference": "accelsim.engines.reference.ese",
    "fast": "accelsim.engines.fast.ese",
}
"""Engine name to the module whose ``run(config, job, outputs=True)`` it is."""


def simulate_recurrent(
    config: EseConfig,
    layer: RecurrentLayer,
    inputs: npt.ArrayLike,
    engine: str = "fast",
    *,
    frac_bits: Mapping[str, int] | None = None,
    calibration: npt.ArrayLike | None = None,
    outputs: bool = True,
) -> RecurrentResult:
    """Run one recurrent layer on an utterance.

    Parameters
    ----------
    inputs : (n_steps, n_inputs) or (n_steps, n_channels, n_inputs) floats
    engine : "fast", "reference" (both to the cycle) or "functional" (no time)
    frac_bits, calibration : binary points, or the inputs that they are chosen from;
        see `accelsim.engines.ese.job.make_job`

    Raises
    ------
    InputError, CapacityError
        One line each: what is wrong, where, and the remedy.
    """
    job = make_job(config, layer, inputs, frac_bits, calibration)
    run = run_recurrent(engine, config, job, outputs)
    operations = {**job.operations, "saturations": run.saturations}
    return RecurrentResult(
        layer.name, engine, config.clock_mhz, run.outputs, run.counters, run.slots,
        dict(job.frac_bits), operations, {"accelsim": __version__, **dict(layer.provenance)},
    )


def run_recurrent(
    engine: str, config: EseConfig, job: RecurrentJob, outputs: bool = True
) -> RecurrentRun:
    """Run one job on a named engine; counters are checked for conservation."""
    if engine not in ENGINES:
        raise InputError(f"no engine '{engine}'{nearest(engine, ENGINES)}")
    run: Callable[..., RecurrentRun] = import_module(ENGINES[engine]).run
    result = run(config, job, outputs=outputs)
    if result.counters is not None:
        result.counters.check(config.entry_bits, config.ddr_word_bits, job.n_channels)
    return result
