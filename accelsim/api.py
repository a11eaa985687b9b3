"""The Python face: machine, work, inputs; one line each.

`accelsim/__init__.py` re-exports these names and imports this module when one is first used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from accelsim.compression.binary_points import choose_binary_points
from accelsim.errors import UnsupportedError
from accelsim.machines import load_machine, machine_of
from accelsim.machines.network_run import run_network
from accelsim.records import (
    BinaryPoints,
    CompressedConv,
    CompressedLayer,
)
from accelsim.records.network import Network
from accelsim.records.network_result import NetworkResult
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.result import RunResult
from accelsim.renamed import also_called

__all__ = ["choose_binary_points", "make_job", "price", "simulate", "simulate_recurrent"]


def _image_size(work: Any, inputs: npt.ArrayLike) -> tuple[int, int] | None:
    """(rows, columns) of a convolution's images; None of other work."""
    shape = np.shape(inputs) if isinstance(work, CompressedConv) else ()
    return (shape[-2], shape[-1]) if len(shape) >= 3 else None


@overload
def simulate(
    machine: Any, work: Network, inputs: npt.ArrayLike, engine: str | None = None,
    **options: Any,
) -> NetworkResult: ...
@overload
def simulate(
    machine: Any, work: CompressedLayer | CompressedConv | RecurrentLayer, inputs: npt.ArrayLike,
    engine: str | None = None, *, outputs: bool = True, fixed_point: bool = False, **options: Any,
) -> RunResult: ...
@overload
def simulate(
    machine: Any, work: Any, inputs: npt.ArrayLike, engine: str | None = None, *,
    outputs: bool = True, fixed_point: bool = False, **options: Any,
) -> Any: ...
@also_called(config="machine", packed="work", layer="work", activations="inputs")
def simulate(
    machine: Any,
    work: Any,
    inputs: npt.ArrayLike,
    engine: str | None = None,
    *,
    outputs: bool = True,
    fixed_point: bool = False,
    **options: Any,
) -> Any:
    """Run one piece of work, or a whole network, on a machine.

    Parameters
    ----------
    machine : a configuration (`load_machine`), a machine's name or the path of its TOML file
    work : what the machine takes: a `CompressedLayer` or `CompressedConv` on EIE, a
        `RecurrentLayer` on ESE ...; or a compressed `Network` of them
    inputs : of a layer (n_inputs,), on EIE also (vectors, n_inputs); of a convolution (in, rows,
        columns) or (n, in, rows, columns), of a recurrent layer (n_steps, n_inputs) or (n_steps,
        n_channels, n_inputs); numbers of any type, which are quantised. Integers are numbers like
        any others (up to version 0.1 those of a layer were taken as fixed point). Of a network
        (n, ...) images or one
    engine : "fast", "reference" (both to the cycle) or "functional" (no time); None is the
        quickest that the machine is told by
    outputs : False for time and counters alone
    fixed_point : the inputs are integers in the binary point of the machine's inputs already
    options : the machine's own, as its ``make_job`` names them: ``binary_points`` of a layer,
        ``lowering`` of a convolution or a network (im2col; "auto" tries each), ``frac_bits`` and
        ``calibration`` of a recurrent layer

    Returns
    -------
    `RunResult`, of a network `NetworkResult`

    Raises
    ------
    InputError, CapacityError, UnsupportedError
        One line each: what is wrong, where, and the remedy.
    """
    config = load_machine(machine) if isinstance(machine, str | Path) else machine
    kind = machine_of(config)
    if isinstance(work, Network):
        if fixed_point or not outputs:
            raise UnsupportedError(f"{work.name}: a network runs on real numbers, with outputs: "
                                   f"each layer reads those of the one before it")
        return run_network(kind, config, work, inputs, engine, **options)
    engine = kind.check_engine(engine)
    config = kind.fitted(config, [work], [_image_size(work, inputs)])
    job = kind.job(config, work, inputs, fixed_point=fixed_point, **options)
    return kind.finish(config, job, engine, outputs)


@also_called(packed="work", activations="inputs", points="binary_points")
def make_job(
    config: Any, work: Any, inputs: npt.ArrayLike, binary_points: BinaryPoints | None = None,
    fixed_point: bool = False,
) -> Any:
    """The `Job` that a machine is given for a layer and an input vector, as `simulate` takes them.

    Raises
    ------
    InputError, CapacityError, UnsupportedError
    """
    points = {} if binary_points is None else {"binary_points": binary_points}
    return machine_of(config).job(config, work, inputs, fixed_point=fixed_point, **points)


simulate_recurrent = simulate
"""The same by the name that it had for recurrent layers."""


def price(config: Any, counters: Any, *rules: Any, **options: Any) -> Any:
    """Energy, power and area of counted events: an `accelsim.energy.EnergyReport`.

    Parameters
    ----------
    rules, options : the machine's own, as its price names them (EIE: ``sram``, ``calibration``)

    Raises
    ------
    UnsupportedError
        If the machine has no prices.
    """
    return machine_of(config).part("price")(config, counters, *rules, **options)

