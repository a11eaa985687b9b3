"""One dense matrix, every pattern, three machines: cycles, load balance and storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.api import simulate
from accelsim.compression import Recipe, compress
from accelsim.compression.pattern_choice import n_m_parameters
from accelsim.compression.patterns import make_mask
from accelsim.formats.csb import encode_csb
from accelsim.formats.registry import huffman_bits
from accelsim.machines import BbsConfig, EieConfig, EseConfig, run_job
from accelsim.machines.bbs.job import make_job as make_bbs_job
from accelsim.machines.eie.job import image_for
from accelsim.papers.columns import on
from accelsim.papers.patterns import measure
from accelsim.records import Layer
from accelsim.records.recurrent import RecurrentLayer


@dataclass(frozen=True)
class MachineRow:
    """One pattern; cycles of one matrix times one dense vector on each machine.

    Attributes
    ----------
    eie_balance, ese_balance : theoretical over actual time: stored entries spread evenly
    ese_cycles : the slot of the multiplication in the steady state, fetch included
    eie_bits, ese_bits, csb_bits : stored weights and indices in each machine's format; CSB fills
        every bank up to the fullest one of the matrix
    eie_huffman_bits, ese_huffman_bits : the same Huffman-coded, with code tables
    n_m_bits : in the N:M format, places included, which no machine here reads; None for other
        patterns
    """

    pattern: str
    kept: float
    eie_cycles: int = on("eie")
    eie_balance: float = on("eie")
    ese_cycles: int = on("ese")
    ese_balance: float = on("ese")
    bbs_cycles: int = on("bbs")
    eie_bits: int = on("eie")
    eie_huffman_bits: int = on("eie")
    ese_bits: int = on("ese")
    ese_huffman_bits: int = on("ese")
    csb_bits: int = on("bbs")
    n_m_bits: int | None = on("n_m")


@dataclass(frozen=True)
class EieFigures:
    """A matrix on EIE; time, balance and energy are means over the vectors.

    Attributes
    ----------
    bits, huffman_bits : of its entries, codes and zero runs; pointers are left out
    energy_nj : of one product, leakage and clock included
    """

    cycles: float
    time_us: float
    balance: float
    bits: int
    huffman_bits: int
    energy_nj: float


def on_eie(
    eie: EieConfig, weights: npt.NDArray[np.floating[Any]],
    vectors: npt.NDArray[np.floating[Any]], name: str,
) -> EieFigures:
    """A pruned matrix (n_outputs, n_inputs) times each of ``vectors`` (n_vectors, n_inputs)."""
    layer = Layer(weights, activations=vectors, relu=False, name=name)
    packed = compress(layer, Recipe(weight_bits=eie.weight_bits, index_bits=eie.index_bits))
    runs = [simulate(eie, packed, vector, outputs=False) for vector in vectors]
    image = image_for(eie, packed)
    return EieFigures(
        float(np.mean([run.cycles for run in runs])),
        float(np.mean([run.time_us for run in runs])),
        float(np.mean([run.load_balance for run in runs])),
        image.n_entries * eie.entry_bits,
        huffman_bits(image.codes, eie.weight_bits) + huffman_bits(image.runs, eie.index_bits),
        float(np.mean([run.energy.total_uj for run in runs])) * 1e3,
    )


def usual_patterns(
    density: float, eie: EieConfig, bbs: BbsConfig
) -> dict[str, dict[str, Any]]:
    """Every pattern at (nearly) one density, fit for the machines.

    Rows balanced over EIE's PEs are balanced over ESE's too, which are half as many. Blocks are
    4 x 4.
    """
    return {
        "unstructured": {"density": density},
        "load_balanced": {"density": density, "n_pe": eie.n_pe},
        "bank_balanced": {"density": density, "n_banks": bbs.n_banks},
        "block": {"density": density, "shape": (4, 4)},
        "n_m": n_m_parameters(density),
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
        ones = np.ones((1, weights.shape[1]), dtype=np.float32)
        first = on_eie(eie, pruned, ones, pattern)
        second = measure(ese, RecurrentLayer("linear", {"Wyx": pruned}, name=pattern),
                         pattern, parameters)
        third = run_job("fast", bbs, make_bbs_job(bbs, pruned, ones[0])).counters
        rows.append(MachineRow(
            pattern,
            float(np.count_nonzero(pruned) / pruned.size),
            round(first.cycles),
            first.balance,
            round(second.spmv_us * ese.clock_mhz),
            second.load_balance,
            third.cycles,
            first.bits,
            first.huffman_bits,
            second.stream_bits,
            second.huffman_bits,
            encode_csb(pruned, bbs.n_banks).size_bits(bbs.weight_bits),
            second.own_format_bits if pattern == "n_m" else None,
        ))
    return rows
