"""Run a recurrent job on a named engine."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from accelsim.arch import EseConfig
from accelsim.engines.ese.job import RecurrentJob, RecurrentRun
from accelsim.errors import InputError, nearest

ENGINES: dict[str, str] = {
    "functional": "accelsim.engines.ese.functional",
    "reference": "accelsim.engines.reference.ese",
    "fast": "accelsim.engines.fast.ese",
}
"""Engine name to the module whose ``run(config, job, outputs=True)`` it is."""


def load_engine(engine: str) -> Callable[..., RecurrentRun]:
    """The ``run`` of a named engine; imports Numba or SimPy where it is the first."""
    if engine not in ENGINES:
        raise InputError(f"no engine '{engine}'{nearest(engine, ENGINES)}")
    run: Callable[..., RecurrentRun] = import_module(ENGINES[engine]).run
    return run


def run_recurrent(
    engine: str, config: EseConfig, job: RecurrentJob, outputs: bool = True
) -> RecurrentRun:
    """Run one job on a named engine; counters are checked for conservation."""
    result = load_engine(engine)(config, job, outputs=outputs)
    if result.counters is not None:
        result.counters.check(config.entry_bits, config.ddr_word_bits, job.n_channels)
    return result
