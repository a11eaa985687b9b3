"""Random machines and layers for the Verilog array: everything that the RTL does not refuse."""

from __future__ import annotations

import numpy as np

from accelsim.errors import CapacityError, UnsupportedError
from accelsim.machines.eie.rtl.params import rtl_plan
from tests.contracts.cases import Case, make_case


def random_machine(rng: np.random.Generator, max_pe: int) -> dict:
    """Overrides of the published machine; small memories, odd sizes."""
    def pick(*choices):
        return choices[int(rng.integers(len(choices)))]

    weight_bits, index_bits = int(rng.integers(2, 9)), pick(2, 2, 3, 4, 8)
    line = max(8, pick(1, 2, 3, 4, 5, 7, 8) * (weight_bits + index_bits) + pick(0, 0, 1))
    n_pe = pick(1, 2, 3, 4, 5, int(rng.integers(1, max_pe + 1)))
    return {
        "n_pe": n_pe,
        "act_queue_depth": pick(1, 2, 3, 4, 8, 13),
        "weight_bits": weight_bits,
        "index_bits": index_bits,
        "spmat_width_bits": line,
        "spmat_kb": 512 * line / 8192,
        "pointer_kb": 1.0,
        "pointer_bits": pick(12, 16, 32),
        "act_sram_kb": 0.5,
        "regfile_depth": pick(1, 2, 3, 5, 16, 64, 64),
        "activation_bits": pick(2, 8, 16, 16, 32),
        "weight_value_bits": pick(2, 8, 16, 16, 32),
        "accumulator_bits": pick(4, 8, 16, 16, 31, 33, 48),
        "bypass": bool(rng.integers(2)),
        "capacity": pick("check", "check", "check", "ignore", "stream"),
    }


def started_machine(rng: np.random.Generator, max_pe: int) -> dict:
    """One with start phases of another length than the published one, or without."""
    return random_machine(rng, max_pe) | {"start_cycles": int(rng.choice([0, 0, 2, 3, 17, 64]))}


def random_layer(rng: np.random.Generator, overrides: dict, max_side: int) -> Case:
    """A layer that fits this machine; dimensions shrink until it does."""
    side = max_side
    shares = (0.6, 0.3, 1.0, 0.1, 0.4, 0.8, 0.0)
    while True:
        case = make_case(
            seed=int(rng.integers(1 << 32)),
            n_in=int(rng.integers(1, side + 1)),
            n_out=int(rng.integers(1, side + 1)),
            weights=float(rng.choice(shares)),
            active=float(rng.choice(shares)),
            bias=(False, True, "exact")[int(rng.integers(3))],
            values=str(rng.choice(["any", "bounds", "small"])),
            shift=int(rng.choice([0, 1, 2, 8, 15, 31, 64])),
            overrides=overrides,
            explicit_zeros=bool(rng.integers(4) == 0),
        )
        try:
            rtl_plan(case.config, case.job.image, case.job.bias is not None)
        except (CapacityError, UnsupportedError):
            side = max(1, side - side // 4)
        else:
            return case


def random_cases(seed: int, machines: int, layers: int, max_pe: int = 9, max_side: int = 40):
    """Yield (machine number, layer number, case): several layers on each machine."""
    rng = np.random.default_rng(seed)
    for machine in range(machines):
        overrides = random_machine(rng, max_pe)
        for layer in range(layers):
            yield machine, layer, random_layer(rng, overrides, max_side)
