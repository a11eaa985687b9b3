"""The machines that lines and toggles are counted on, their layers, and the host's accesses.

Nothing of a machine is much larger than the widest number that a layer puts there: data, addresses
and counters (which wrap around, and are compared so) are as wide as they are so that every bit can
move. Together the machines have every parameter that builds other Verilog.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from accelsim import LossWarning
from accelsim.fixedpoint import read_activations
from accelsim.machines import load_config, run_job
from accelsim.machines.eie.rtl.images import Chained
from accelsim.machines.eie.works import make_job
from tests.contracts.cases import make_case
from tests.convolution.cases import make_case as make_conv

_SMALL = {"capacity": "check", "act_sram_kb": 0.25}


@dataclass(frozen=True)
class Measured:
    """A build: the machine, how many layers it runs, and what only the Verilog has.

    Attributes
    ----------
    sides : inputs and outputs of a layer, at most
    densities : of its weights, one of them
    column : a layer of so many inputs more, dense, one output: it writes one sum again and again
    counted : modules whose coverage is counted; all if empty
    """

    machine: dict
    layers: int
    sides: tuple[int, int]
    densities: tuple[float, ...]
    counter_bits: int
    trace: int = 0
    convolutions: bool = False
    column: int = 0
    counted: tuple[str, ...] = ()

    @property
    def overrides(self):
        """Of the published configuration."""
        return _SMALL | self.machine


MEASURED = {
    # Every number wide, convolutions, the trace.
    "wide": Measured(
        {"n_pe": 2, "act_queue_depth": 3, "index_bits": 2, "weight_bits": 6,
         "spmat_width_bits": 64, "spmat_kb": 1.0, "pointer_kb": 0.3125, "pointer_bits": 10,
         "regfile_depth": 12},
        layers=40, sides=(250, 90), densities=(0.05, 0.2, 0.35), counter_bits=6, trace=1,
        convolutions=True),
    # Nothing forwarded, a shifter, lines that no power of two divides, no start cycle.
    "waits": Measured(
        {"n_pe": 2, "act_queue_depth": 3, "bypass": False, "multiplier": "shift",
         "weight_value_bits": 5, "activation_bits": 5, "accumulator_bits": 7, "weight_bits": 3,
         "index_bits": 2, "spmat_width_bits": 20, "spmat_kb": 0.3125, "pointer_kb": 0.0625,
         "pointer_bits": 8, "act_sram_kb": 0.0625, "regfile_depth": 4, "start_cycles": 0},
        layers=20, sides=(60, 20), densities=(0.3, 0.6, 0.9), counter_bits=6, column=55,
        counted=("act_rw", "arith_unit", "arith_unit_shift", "ccu", "pe", "pe_counters",
                 "spmat_read")),
    # Two levels of LNZD nodes; signs in place of products; activations wider than sums; a longer
    # start.
    "signs": Measured(
        {"n_pe": 5, "multiplier": "sign", "weight_value_bits": 2, "activation_bits": 16,
         "accumulator_bits": 6, "weight_bits": 2, "index_bits": 2, "spmat_width_bits": 8,
         "act_queue_depth": 1, "pointer_kb": 0.0625, "pointer_bits": 8, "spmat_kb": 0.25,
         "act_sram_kb": 0.0625, "regfile_depth": 4, "start_cycles": 3},
        layers=10, sides=(40, 30), densities=(0.05, 0.2, 0.35), counter_bits=6,
        counted=("act_rw", "arith_unit_sign", "ccu", "lnzd_node", "lnzd_tree", "scan")),
}


def jobs_of(measured: Measured, seed: int = 17):
    """(configuration, jobs with how each reads what the one before left)."""
    rng, overrides = np.random.default_rng(seed), measured.overrides
    config, jobs = load_config("eie", **overrides), []
    while len(jobs) < measured.layers:
        case = _layer(rng, measured, len(jobs))
        if not case.job.plan:
            continue
        jobs.append((case.job, None))
        if len(jobs) % 3 == 0:
            following = _following(config, case.job, rng, overrides)
            jobs += [following] if following[0].plan else []
    if measured.column:
        case = make_case(seed=1, n_in=measured.column, n_out=1, weights=1.0, active=1.0, bias=False,
                         values="any", shift=3, overrides=overrides)
        jobs.append((case.job, None))
    if measured.convolutions:
        jobs += ((job, None) for job in _convolutions(config, overrides))
    return config, jobs


def _layer(rng, measured, number):
    """Many passes, wide and narrow, dense and empty."""
    config = load_config("eie", **measured.overrides)
    product_bits = config.weight_value_bits + config.activation_bits
    n_in, n_out = measured.sides
    if number % 3 == 0:
        n_in, n_out = rng.integers((n_in // 2, n_out // 4), (n_in, n_out))
    else:
        n_in, n_out = rng.integers(1, (n_in // 4 + 2, n_out))
    if number % 9 == 0:
        n_in, n_out = measured.sides[0] - 5, measured.sides[1] // 4
    return make_case(
        seed=int(rng.integers(1 << 32)), n_in=int(n_in), n_out=int(n_out),
        weights=float(rng.choice(measured.densities)), active=float(rng.choice([0.1, 0.5, 1.0])),
        bias=(False, True, "exact")[number % 3],
        values=str(rng.choice(["any", "bounds"])),
        shift=product_bits if number % 10 == 0 else int(rng.integers(0, product_bits)),
        overrides=measured.overrides,
    )


def _following(config, job, rng, overrides):
    """A layer that reads what this one leaves, shifted by any amount."""
    chained = Chained(relu=bool(rng.integers(2)),
                      read_shift=int(rng.integers(0, config.register_bits + 1)))
    left = run_job("functional", config, job).outputs
    read = read_activations(left, chained.relu, chained.read_shift, config.activation_bits)
    case = make_case(seed=int(rng.integers(1 << 32)), n_in=len(read), n_out=20, weights=0.2,
                     active=1.0, bias=False, values="any", shift=12, overrides=overrides)
    return replace(case.job, activations=read), chained


def _convolutions(config, overrides):
    words = {"n": 1, "density": 0.4, "active": 0.6, "bias": "accumulator", "calibrated": True,
             "machine": overrides}
    loops = [
        {"seed": 3, "size": (5, 6), "group": (5, 8), "kernel": (2, 3), "geometry":
            {"stride": (2, 1), "padding": ((1, 0), (2, 1)), "dilation": (1, 2), "groups": 1}},
        {"seed": 4, "size": (2, 30), "group": (1, 3), "kernel": (1, 20), "geometry":
            {"stride": (1, 3), "padding": ((0, 0), (3, 3)), "dilation": (1, 1), "groups": 1}},
        {"seed": 5, "size": (24, 2), "group": (2, 3), "kernel": (9, 2), "geometry":
            {"stride": (5, 1), "padding": ((4, 70), (1, 1)), "dilation": (2, 1), "groups": 1}},
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)
        for loop in loops:
            case = make_conv(**words | loop)
            yield make_job(config, case.packed, case.images)


def march(config, parameters, rng) -> Iterator[str]:
    """Host's lines that write the program and the loops twice, all bits the other way round the
    second time, read and write every memory of every PE, and leave what the layers overwrite.

    Addresses have any upper bits: each memory looks at as many as it has.
    """
    passes = parameters.program_depth
    for flip in (0, (1 << 32) - 1):
        for memory, words in ((8, 16 * passes), (10, 64 if parameters.gather else 0)):
            yield from (f"w {memory:x} 0 {address:x} {address * 0x9E3779B1 % (1 << 32) ^ flip:x}"
                        for address in range(words))
        for memory in (0, 1, 3, 4, 5):
            for pe in range(config.n_pe):
                for address in rng.integers(0, 1 << 32, 12):
                    data = int(rng.integers(1 << 62)) ^ (flip << 32 | flip)
                    yield f"w {memory:x} {pe:x} {address:x} {data:x}"
                    yield f"r {memory:x} {pe:x} {address:x} 0"
