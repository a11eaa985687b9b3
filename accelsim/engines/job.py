"""What every engine takes and gives, and the register of engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import numpy.typing as npt

from accelsim.arch.config import EieConfig
from accelsim.errors import InputError, nearest
from accelsim.fixedpoint import bounds
from accelsim.formats import LayerImage
from accelsim.results import Counters

IntArray = npt.NDArray[np.int64]
Engine = Callable[..., "JobResult"]

ENGINES: dict[str, str | Engine] = {
    "functional": "accelsim.engines.functional",
    "reference": "accelsim.engines.reference.eie",
    "fast": "accelsim.engines.fast.eie",
}
"""Engine name to ``run(config, job, outputs=True)``, or to the module that has it."""


@dataclass(frozen=True, eq=False)
class LayerJob:
    """One layer and one input vector, as integers.

    Attributes
    ----------
    image : the memory images, built with ``config.index_bits`` and the plan's tile rows
    codebook : (2**weight_bits,) int64 weights of ``weight_value_bits`` bits; entry 0 is 0
    activations : (n_inputs,) int64 of ``activation_bits`` bits, as the scan reads them
    shift : right shift of every product
    bias_activation : 1.0 in the activations' binary point
    """

    image: LayerImage
    codebook: IntArray
    activations: IntArray
    shift: int
    bias_activation: int = 0

    def check(self, config: EieConfig) -> None:
        """Raise `InputError` if the job does not belong to this configuration."""
        image = self.image
        name = image.name
        for what, got, want in (
            ("n_pe", image.n_pe, config.n_pe),
            ("weight_bits", image.weight_bits, config.weight_bits),
            ("index_bits", image.index_bits, config.index_bits),
            ("codebook entries", len(self.codebook), 1 << config.weight_bits),
            ("activations", len(self.activations), image.n_inputs),
        ):
            if got != want:
                raise InputError(f"{name}: {what} is {got}, the configuration needs {want}")
        if not 0 <= self.shift <= config.weight_value_bits + config.activation_bits:
            raise InputError(f"{name}: product shift is {self.shift}; need 0 or more; "
                             f"lower output_frac_bits or raise the others")
        for what, values, bits in (
            ("codebook", self.codebook, config.weight_value_bits),
            ("activations", self.activations, config.activation_bits),
            ("bias activation", np.array([self.bias_activation]), config.activation_bits),
        ):
            low, high = bounds(bits)
            if len(values) and (int(values.min()) < low or int(values.max()) > high):
                raise InputError(f"{name}: {what} exceed {bits} bits")

    def active_columns(self) -> IntArray:
        """Image columns that are broadcast, ascending: non-zero activations, then the bias."""
        active = np.flatnonzero(self.activations != 0)
        if self.image.has_bias:
            active = np.append(active, self.image.n_columns - 1)
        return active.astype(np.int64, copy=False)


@dataclass(frozen=True, eq=False)
class JobResult:
    """Raw outputs (accumulators before ReLU) and counters of one job; None where not told."""

    outputs: IntArray | None
    counters: Counters | None
    operations: dict[str, int]


def register_engine(name: str, run: Engine) -> None:
    """Offer another engine to `accelsim.simulate` and all that is built on it.

    Parameters
    ----------
    run : as `accelsim.engines.reference.eie.run`: (config, job, outputs) to `JobResult`

    Raises
    ------
    InputError
        If the name is taken.
    """
    if name in ENGINES:
        raise InputError(f"there is an engine '{name}' already; choose another name")
    ENGINES[name] = run


def check_engine(name: str) -> None:
    """Raise `InputError` if there is no such engine."""
    if name not in ENGINES:
        raise InputError(f"no engine '{name}'{nearest(name, ENGINES)}")


def get_engine(name: str) -> Engine:
    """The engine's ``run`` function, imported when first asked for.

    Raises
    ------
    InputError
        If there is no such engine.
    """
    check_engine(name)
    engine = ENGINES[name]
    if isinstance(engine, str):
        engine = import_module(engine).run
    return engine


def run_job(engine: str, config: EieConfig, job: LayerJob, outputs: bool = True) -> JobResult:
    """Run one job on a named engine; counters are checked for conservation."""
    job.check(config)
    result = get_engine(engine)(config, job, outputs=outputs)
    if result.counters is not None:
        result.counters.check()
    return result
