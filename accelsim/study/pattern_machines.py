"""One dense matrix, every pattern, three machines: cycles, load balance and storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.api import simulate
from accelsim.arch import BbsConfig, EieConfig, EseConfig
from accelsim.compression import Recipe, compress
from accelsim.compression.patterns import make_mask
from accelsim.engines.bbs import make_bbs_job, run_bbs
from accelsim.formats.csb import encode_csb
from accelsim.records import Layer
from accelsim.recurrent import RecurrentLayer
from accelsim.study.patterns import measure


@dataclass(frozen=True)
class MachineRow:
    """One pattern; cycles of one matrix times one dense vector on each machine.

    Attributes
    ----------
    eie_balance : theoretical over actual time
    ese_cycles : the slot of the multiplication in the steady state, fetch included
    eie_bits, ese_bits, csb_bits : stored weights and indices in each machine's format; CSB fills
        every bank up to the fullest one of the matrix
    """

    pattern: str
    kept: float
    eie_cycles: int
    eie_balance: float
    ese_cycles: int
    bbs_cycles: int
    eie_bits: int
    ese_bits: int
    csb_bits: int


def usual_patterns(
    density: float, eie: EieConfig, bbs: BbsConfig
) -> dict[str, dict[str, Any]]:
    """Every pattern at (nearly) one density, fit for the machines.

    Rows balanced over EIE's PEs are balanced over ESE's too, which are half as many. N:M keeps
    n of 8, blocks are 4 x 4.
    """
    return {
        "unstructured": {"density": density},
        "load_balanced": {"density": density, "n_pe": eie.n_pe},
        "bank_balanced": {"density": density, "n_banks": bbs.n_banks},
        "block": {"density": density, "shape": (4, 4)},
        "n_m": {"n": max(round(8 * density), 1), "m": 8},
        "row": {"density": density},
        "channel": {"density": density},
    }


def compare_machines(
    machines: tuple[EieConfig, EseConfig, BbsConfig],
    weights: npt.NDArray[np.floating[Any]],
    patterns: Mapping[str, Mapping[str, Any]],
) -> list[MachineRow]:
    """Prune a dense matrix with each pattern and run it on EIE, ESE and the banked machine.

    Parameters
    ----------
    weights : (n_outputs, n_inputs)
    patterns : name to its parameters, see `accelsim.compression.patterns`
    """
    eie, ese, bbs = machines
    rows = []
    for pattern, parameters in patterns.items():
        pruned = np.where(make_mask(pattern, weights, **parameters), weights, 0.0)
        ones = np.ones(weights.shape[1], dtype=np.float32)
        layer = Layer(pruned, activations=ones, relu=False, name=pattern)
        recipe = Recipe(weight_bits=eie.weight_bits, index_bits=eie.index_bits)
        on_eie = simulate(eie, compress(layer, recipe), ones, outputs=False)
        on_ese = measure(ese, RecurrentLayer("linear", {"Wyx": pruned}, name=pattern),
                         pattern, parameters)
        on_bbs = run_bbs("fast", bbs, make_bbs_job(bbs, pruned, ones)).counters
        rows.append(MachineRow(
            pattern,
            float(np.count_nonzero(pruned) / pruned.size),
            on_eie.cycles,
            on_eie.load_balance,
            round(on_ese.spmv_us * ese.clock_mhz),
            on_bbs.cycles,
            on_eie.operations["entries"] * eie.entry_bits,
            on_ese.stream_bits,
            encode_csb(pruned, bbs.n_banks).size_bits(bbs.weight_bits),
        ))
    return rows
