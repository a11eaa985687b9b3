"""What keeps a configured EIE from being built for a layer, or from reaching its clock."""

from __future__ import annotations

from collections.abc import Iterator

from accelsim.energy.limits import physical_limits
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import MapsJob
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.memories import asked_for
from accelsim.machines.eie.sizes import register_needs, weight_needs
from accelsim.records.limits import Limit


def limits(config: EieConfig, job: LayerJob | MapsJob, counters: object) -> tuple[Limit, ...]:
    """Memories and widths that ``capacity = "ignore"`` takes as unlimited; then the clock.

    With "check" and "stream" a layer that does not fit is an error before it runs. Maps of a
    convolution are an error nowhere: beyond the activation SRAM they stand in a buffer that nothing
    prices (contract V5), and are a limit.
    """
    layers = [one.one for one in job.products] if isinstance(job, MapsJob) else [job]
    found = (limit for layer in layers for limit in _capacity(config, layer))
    return (*dict.fromkeys(found), *_maps(config, job), *physical_limits(
        config, asked_for(config), config.weight_value_bits, config.activation_bits))


def _maps(config: EieConfig, job: LayerJob | MapsJob) -> Iterator[Limit]:
    """One image's maps, where the activation SRAM does not hold them."""
    if isinstance(job, MapsJob) and job.map_rows > config.act_sram_words:
        kb = job.map_rows * config.register_bits / 8192
        yield Limit("maps in the activation SRAM", round(kb, 1), config.act_sram_kb, "KB a PE",
                    "use act_sram_kb='fit' or a larger n_pe; until then the rest stands in a "
                    "buffer without a price", job.name)


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
