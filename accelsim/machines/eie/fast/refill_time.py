"""What the refills of all passes take, in one call of DRAM's kernel (contract M7 to M9)."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.kept import shared_result
from accelsim.machines.eie.passes import Plan
from accelsim.machines.eie.refill import Lists, Refills

IntArray = npt.NDArray[np.int64]


class RefillTime(NamedTuple):
    """(passes,) int64 each: `accelsim.machines.eie.refill.Refill`, field by field."""

    bits: IntArray
    bursts: IntArray
    cycles: IntArray
    rows: IntArray
    refreshes: IntArray


def refill_time(config: EieConfig, job: LayerJob, vector: bytes) -> RefillTime | None:
    """Of all passes; None where nothing is refilled.

    Parameters
    ----------
    vector : says which columns are active, where runs share their work
    """
    plan = Plan.of(job.plan)
    if not plan.field("refill_bits").any():
        return None
    key = ("refills", plan.digest, config.refill, config.dram, config.dram_channels,
           config.clock_mhz, config.dma_width_bits, config.pointer_bits,
           vector if config.refill == "active" else b"")
    return shared_result(job.image, key, lambda: _refill_time(config, job))


def _refill_time(config: EieConfig, job: LayerJob) -> RefillTime:
    lists = Refills(config, job).lists()
    before = np.concatenate([[0], np.cumsum(lists.counts)])
    bursts = np.diff(before[lists.starts])
    if config.dram_part is None:
        none = np.zeros_like(bursts)
        return RefillTime(lists.bits, bursts, bursts, none, none)
    return _from_dram(config, lists, bursts)


def _from_dram(config: EieConfig, lists: Lists, bursts: IntArray) -> RefillTime:
    from accelsim.dram.rows import read_lists  # late: a run without DRAM compiles no kernel of it

    part = config.dram_part
    assert part is not None
    clocks, rows, refreshes = read_lists(part, lists.starts, lists.first, lists.counts)
    ratio = Fraction(config.clock_mhz) / Fraction(part.clock_mhz)
    if int(clocks.max(initial=0)) * ratio.numerator < 1 << 62:
        cycles = -(-clocks * ratio.numerator // ratio.denominator)
    else:
        cycles = np.array([part.cycles(n, config.clock_mhz) for n in clocks.tolist()])
    # M9: the port passes what DRAM gives; the later of both is the end.
    port = -(-bursts * config.burst_bits // config.dma_width_bits)
    return RefillTime(lists.bits, bursts, np.maximum(port, cycles), rows, refreshes)
