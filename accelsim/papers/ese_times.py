"""ESE's main table side by side: published, ours, ratio, and what the row's time is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from accelsim.api import simulate_recurrent
from accelsim.machines import EseConfig, load_as
from accelsim.papers.facts import grids
from accelsim.workload.published_lstm import PUBLISHED, ese_layer, ese_utterance

_STEPS = 3
"""Time steps run; the last but one is in the steady state: it fetches for a next one."""

_VECTOR = "the 1,024-element vector fetched in its slot (16 bit a cycle)"
_COMPUTE = "multiplication: entries, and PEs out of step with the queue full"
_WITH_O_M = "multiplication, and o_t and m_t before it (STATE_5)"
_NO_ROW = "all slots of a step; STATE_4's Woc c_t and h_t belong to no row"

EXPLANATION = {
    "Wix": _VECTOR, "Wfx": _VECTOR, "Wcx": _VECTOR, "Wox": _VECTOR,
    "Wir": f"{_COMPUTE}; why it takes longer than Wfr is not explained",
    "Wfr": _COMPUTE, "Wcr": _COMPUTE, "Wor": _COMPUTE, "Wym": _WITH_O_M,
}


@dataclass(frozen=True)
class EseRow:
    """One row; times in microseconds. Ratios are ours over published."""

    matrix: str
    size: int
    entries: int
    theoretical_published_us: float
    theoretical_us: float
    real_published_us: float
    real_us: float
    gops: float
    equivalent_gops: float
    explanation: str

    @property
    def theoretical_ratio(self) -> float:
        """Of the time without any imbalance."""
        return self.theoretical_us / self.theoretical_published_us

    @property
    def real_ratio(self) -> float:
        """Of the real time."""
        return self.real_us / self.real_published_us


def published_ese(
    config: EseConfig | None = None, seed: int = 1, balanced: bool = True
) -> list[EseRow]:
    """The nine matrices and the whole step, on synthetic weights of the published counts.

    Parameters
    ----------
    config : None takes the published machine
    seed, balanced : of the synthetic layer, see `accelsim.workload.published_lstm.ese_layer`

    Returns
    -------
    list of ten `EseRow`; the last is the whole time step
    """
    machine = config or load_as(EseConfig, "ese")
    layer = ese_layer(seed, balanced)
    inputs = ese_utterance(_STEPS, 1, seed)
    result = simulate_recurrent(machine, layer, inputs, "fast")
    slots = [slot for slot in result.slots if slot.step == _STEPS - 2]
    cycles = {slot.spmv: slot.cycles for slot in slots if slot.spmv is not None}
    cycles["Wym"] += sum(slot.cycles for slot in slots if slot.name.startswith("STATE_5"))
    rows = [
        _row(machine, row.name, row.size, row.entries, row.theoretical_us, row.real_us,
             cycles[row.name], EXPLANATION[row.name])
        for row in PUBLISHED
    ]
    size, entries = (int(np.sum([getattr(r, what) for r in PUBLISHED]))
                     for what in ("size", "entries"))
    step = sum(slot.cycles for slot in slots)
    theoretical_us, real_us = (grids()["ese"].value("total", c) for c in ("theoretical", "real"))
    rows.append(
        _row(machine, "total", size, entries, theoretical_us, real_us, step, _NO_ROW))
    return rows


@dataclass(frozen=True)
class SeedSpread:
    """Real times of one row, in microseconds, one for each seed of the random weights."""

    matrix: str
    published_us: float
    real_us: tuple[float, ...]

    @property
    def mean_us(self) -> float:
        """Over all seeds."""
        return float(np.mean(self.real_us))

    def outside(self, share: float) -> int:
        """Seeds whose time is further from the published one than this share of it."""
        return sum(abs(us - self.published_us) > share * self.published_us for us in self.real_us)


@lru_cache(maxsize=4)
def spread_over_seeds(first: int = 1, n_seeds: int = 8) -> tuple[SeedSpread, ...]:
    """The rows that multiplication decides, over the seeds ``first``, ``first + 1``, ...

    The Wx rows are left out: a fetch decides them, whatever the weights are.
    """
    runs = [published_ese(seed=seed) for seed in range(first, first + n_seeds)]
    return tuple(
        SeedSpread(rows[0].matrix, rows[0].real_published_us, tuple(row.real_us for row in rows))
        for rows in zip(*runs, strict=True)
        if not rows[0].matrix.endswith("x")
    )


def _row(
    config: EseConfig, matrix: str, size: int, entries: int, theoretical_us: float,
    real_us: float, cycles: int, explanation: str,
) -> EseRow:
    ours = cycles / config.clock_mhz
    per_us = 2 * config.n_channels / ours / 1000
    return EseRow(
        matrix, size, entries, theoretical_us, entries / config.n_pe / config.clock_mhz, real_us,
        ours, entries * per_us, size * per_us, explanation,
    )
