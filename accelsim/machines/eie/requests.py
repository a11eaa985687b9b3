"""What EIE asks of DRAM in a run, request by request: for a memory simulator."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from accelsim.dram import load_part
from accelsim.dram.rows import read_requests
from accelsim.errors import UnsupportedError
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import MapsJob
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.refill import Refills


def requests(config: EieConfig, job: LayerJob | MapsJob) -> Iterator[int]:
    """Byte addresses in the order in which the DMA asks; one request is a burst of one channel,
    and a burst of channels in lockstep is as many requests.

    Raises
    ------
    UnsupportedError
        If there is no DRAM, or the layer is resident.
    """
    part = config.dram_part
    if part is None:
        raise UnsupportedError(f"{job.name}: dram is 'none', which has no requests; "
                               f"set dram=ddr3-1600 or another part, and capacity=stream")
    one = job.products[0].one if isinstance(job, MapsJob) else job
    if not any(step.refill_bits for step in one.plan):
        raise UnsupportedError(f"{job.name}: its weights are resident, nothing is asked of DRAM; "
                               f"set capacity=stream and a spmat_kb that does not hold them")
    return _addresses(config, job, load_part(config.dram).burst_bits // 8)


def _addresses(config: EieConfig, job: LayerJob | MapsJob, size: int) -> Iterator[int]:
    if isinstance(job, MapsJob):
        for product in job.products:
            for part in product.runs():
                yield from _addresses(config, part, size)
        return
    refills, lanes = Refills(config, job, read_requests), np.arange(config.dram_channels)
    for number, step in enumerate(job.plan):
        if step.refill_bits and step.fetches:
            for burst in refills.requests(number).addresses():
                yield from ((burst * config.dram_channels + lanes) * size).tolist()
