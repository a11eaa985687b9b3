"""The Python face: configuration, layer, compression, simulation in a line each.

`accelsim/__init__.py` re-exports these names and imports this module when one is first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from accelsim import __version__
from accelsim.arch import EieConfig, EseConfig
from accelsim.arch.plan import make_plan, tile_rows
from accelsim.engines import ese
from accelsim.engines.job import LayerJob, run_job
from accelsim.errors import InputError
from accelsim.ese_results import EseCounters, RecurrentResult
from accelsim.fixedpoint import frac_bits_for, quantise
from accelsim.formats import LayerImage, build_image
from accelsim.records import BinaryPoints, CompressedLayer
from accelsim.recurrent import RecurrentLayer
from accelsim.results import Counters, RunResult

if TYPE_CHECKING:
    from accelsim.energy import EnergyReport
    from accelsim.energy.ese import EseEnergy

__all__ = ["choose_binary_points", "finish", "image_for", "make_job", "simulate",
           "simulate_recurrent"]


def choose_binary_points(
    config: EieConfig, packed: CompressedLayer, activations: npt.ArrayLike | None = None
) -> BinaryPoints:
    """Binary points of one layer: the most fraction bits with which the data do not saturate.

    The layer's own ``binary_points`` win; then its calibrated magnitudes; then the
    ``activations`` at hand. Without a calibrated output magnitude the bound is the largest sum of
    magnitudes of a row times the largest activation, which can never be exceeded.
    """
    if packed.binary_points is not None:
        return packed.binary_points
    input_max = packed.input_max_abs
    if input_max is None:
        if activations is None:
            raise InputError(
                f"{packed.name}: no activations to choose binary points from; give activations, "
                f"calibrate in compress(), or set binary_points"
            )
        input_max = float(np.abs(np.asarray(activations, dtype=np.float64)).max(initial=0.0))
    if packed.has_bias:
        input_max = max(input_max, 1.0)
    output_max = packed.output_max_abs
    if output_max is None:
        output_max = _largest_row_sum(_ById(packed)) * input_max
    weight = frac_bits_for(float(np.abs(packed.codebook).max()), config.weight_value_bits)
    inputs = frac_bits_for(input_max, config.activation_bits)
    outputs = min(frac_bits_for(output_max, config.accumulator_bits), weight + inputs)
    limit = config.weight_value_bits + config.activation_bits
    return BinaryPoints(weight, inputs, max(outputs, weight + inputs - limit))


@lru_cache(maxsize=8)
def _largest_row_sum(packed: _ById) -> float:
    """The largest sum of magnitudes of a row of weights."""
    matrix = packed.layer.matrix
    magnitudes = np.abs(packed.layer.codebook).astype(np.float64)[matrix.values]
    return float(np.bincount(matrix.rows, magnitudes, minlength=1).max())


@lru_cache(maxsize=8)
def _cached_image(packed: _ById, n_pe: int, index_bits: int, rows: int) -> LayerImage:
    return build_image(packed.layer, n_pe, index_bits, rows)


class _ById:
    """A hashable handle of a layer: the same object, not an equal one."""

    def __init__(self, layer: CompressedLayer) -> None:
        self.layer = layer

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.layer is self.layer

    def __hash__(self) -> int:
        return id(self.layer)


def image_for(config: EieConfig, packed: CompressedLayer) -> LayerImage:
    """The memory images of a layer on this machine; the last few are kept.

    Raises
    ------
    InputError
        If the layer's code width is not the machine's.
    CapacityError
        If it does not fit and ``capacity`` is "check".
    """
    if packed.weight_bits != config.weight_bits:
        raise InputError(
            f"{packed.name}: compressed with weight_bits={packed.weight_bits}, the machine has "
            f"{config.weight_bits}; compress again or set weight_bits={packed.weight_bits}"
        )
    rows = tile_rows(config, packed.n_outputs)
    image = _cached_image(_ById(packed), config.n_pe, config.index_bits, rows)
    make_plan(config, image)
    return image


def make_job(
    config: EieConfig, packed: CompressedLayer, activations: npt.ArrayLike, points: BinaryPoints
) -> LayerJob:
    """A layer and one input vector as integers.

    ``activations`` of a float type are quantised; of an integer type they are taken as fixed-point
    integers with ``points.input_frac_bits`` already.
    """
    vector = np.asarray(activations)
    if vector.shape != (packed.n_inputs,):
        raise InputError(
            f"{packed.name}: activations have shape {vector.shape}; need ({packed.n_inputs},)"
        )
    if np.issubdtype(vector.dtype, np.integer):
        integers = vector.astype(np.int64)
    elif np.issubdtype(vector.dtype, np.floating):
        integers = quantise(vector, config.activation_bits, points.input_frac_bits)
    else:
        raise InputError(f"{packed.name}: activations are {vector.dtype}; need float or integer")
    bias = 0
    if packed.has_bias:
        if points.input_frac_bits < 0 or points.input_frac_bits > config.activation_bits - 2:
            raise InputError(
                f"{packed.name}: the bias input 1.0 does not fit activation_bits="
                f"{config.activation_bits} with input_frac_bits={points.input_frac_bits}"
            )
        bias = 1 << points.input_frac_bits
    codebook = quantise(packed.codebook, config.weight_value_bits, points.weight_frac_bits)
    return LayerJob(image_for(config, packed), codebook, integers, points.shift, bias)


def simulate(
    config: EieConfig,
    packed: CompressedLayer,
    activations: npt.ArrayLike,
    engine: str = "fast",
    *,
    binary_points: BinaryPoints | None = None,
    outputs: bool = True,
) -> RunResult:
    """Run one compressed layer on one input vector.

    Parameters
    ----------
    activations : (n_inputs,); floats are quantised, integers are fixed-point integers already
    engine : "fast", "reference" (both to the cycle) or "functional" (no time)
    binary_points : None chooses them from the calibration or from ``activations``
    outputs : False for time and counters alone

    Raises
    ------
    InputError, CapacityError, UnsupportedError
        One line each: what is wrong, where, and the remedy.
    """
    points = binary_points or choose_binary_points(config, packed, activations)
    job = make_job(config, packed, activations, points)
    return finish(config, packed, job, engine, points, outputs)


def finish(
    config: EieConfig,
    packed: CompressedLayer,
    job: LayerJob,
    engine: str,
    points: BinaryPoints,
    outputs: bool,
) -> RunResult:
    """Run a job and give its result the layer's name, row order, ReLU and provenance."""
    raw = run_job(engine, config, job, outputs=outputs)
    values = None if raw.outputs is None else packed.in_layer_order(raw.outputs)
    if values is not None and packed.relu:
        values = np.maximum(values, 0)
    provenance: dict[str, Any] = {"accelsim": __version__, **dict(packed.provenance)}
    return RunResult(
        packed.name, engine, config, values, raw.counters, points, raw.operations, provenance,
        pricer=_price,
    )


def _price(config: EieConfig, counters: Counters) -> EnergyReport:
    # Late: a run that nobody prices does not read the energy tables.
    from accelsim.energy import price

    return price(config, counters)


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
    job = ese.make_job(config, layer, inputs, frac_bits, calibration)
    run = ese.run_recurrent(engine, config, job, outputs)
    operations = {**job.operations, "saturations": run.saturations}
    return RecurrentResult(
        layer.name, engine, config.clock_mhz, run.outputs, run.counters, run.slots,
        dict(job.frac_bits), operations, {"accelsim": __version__, **dict(layer.provenance)},
        partial(_price_recurrent, config, job.n_channels),
    )


def _price_recurrent(config: EseConfig, n_channels: int, counters: EseCounters) -> EseEnergy:
    from accelsim.energy.ese import price_ese

    return price_ese(config, counters, n_channels)
