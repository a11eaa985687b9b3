"""What keeps a configured bbs from reaching its clock; its memories are sized by what it runs."""

from __future__ import annotations

from accelsim.energy.limits import physical_limits
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.counters import BbsCounters
from accelsim.machines.bbs.energy import asked_for
from accelsim.machines.bbs.job import BbsJob
from accelsim.records.limits import Limit


def limits(config: BbsConfig, job: BbsJob, counters: BbsCounters | None) -> tuple[Limit, ...]:
    """Clock and reach of the tables; of the memories where there are counters, which size them."""
    memories = () if counters is None else asked_for(config, counters)
    return physical_limits(config, memories, config.weight_bits, config.activation_bits)
