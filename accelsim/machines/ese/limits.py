"""What keeps a configured ESE from being built for a layer, or from reaching its clock."""

from __future__ import annotations

from collections.abc import Iterator

from accelsim.energy.limits import physical_limits
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.energy import asked_for
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.sizes import needs
from accelsim.records.limits import Limit, worst


def limits(config: EseConfig, job: RecurrentJob, counters: object) -> tuple[Limit, ...]:
    """Buffers and widths that ``capacity = "ignore"`` takes as unlimited; then the clock.

    Clock and memories are held to the ASIC at 45 nm that the price describes.
    """
    return (*worst(_capacity(config, job)), *physical_limits(
        config, asked_for(config).values(), config.weight_bits, config.activation_bits))


def _capacity(config: EseConfig, job: RecurrentJob) -> Iterator[Limit]:
    if config.capacity != "ignore":
        return
    for name, stream in job.streams.items():
        for need in needs(config, stream):
            yield Limit(need.what, need.value, need.limit, need.unit,
                        f"use {need.would_do} or a larger n_pe", f"{job.name}.{name}")
