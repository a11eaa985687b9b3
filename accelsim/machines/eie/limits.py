"""What keeps a configured EIE from being built for a layer, or from reaching its clock."""

from __future__ import annotations

from collections.abc import Iterator

from accelsim.energy.limits import physical_limits
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.memories import asked_for
from accelsim.machines.eie.sizes import register_needs, weight_needs
from accelsim.records.limits import Limit


def limits(config: EieConfig, job: LayerJob | ConvJob, counters: object) -> tuple[Limit, ...]:
    """Memories and widths that ``capacity = "ignore"`` takes as unlimited; then the clock.

    With "check" and "stream" a layer that does not fit is an error before it runs.
    """
    layer = job.one if isinstance(job, ConvJob) else job
    return (*_capacity(config, layer), *physical_limits(
        config, asked_for(config), config.weight_value_bits, config.activation_bits))


def _capacity(config: EieConfig, job: LayerJob) -> Iterator[Limit]:
    if config.capacity != "ignore":
        return
    for need in weight_needs(config, job.image):
        yield Limit(need.what, need.value, need.limit, need.unit,
                    f"use {need.would_do}, a larger n_pe, or capacity='stream'", job.name)
    for need in register_needs(config, job.image):
        yield Limit(need.what, need.value, need.limit, need.unit,
                    f"use capacity='check' or 'stream', which cut the layer into passes, or "
                    f"{need.would_do}", job.name)
