"""The bank-balanced machine model. The values and their sources are in ``bbs.toml``."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from accelsim.energy.process import HIGHEST, LOWEST, Node
from accelsim.records.shown import Configuration


class BbsConfig(Configuration):
    """PEs that each take a matrix row at a time, with one multiplier for every bank of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    machine: Literal["bbs"] = Field(description="which machine these numbers describe")
    n_pe: int = Field(ge=1, le=4096, description="processing elements")
    n_banks: int = Field(ge=1, le=4096, description="banks of a row; multipliers of a PE")
    clock_mhz: float = Field(gt=0, le=100_000, description="clock frequency")
    node_nm: Node = Field(description="technology node; figures at 45 nm are scaled to others")
    voltage_ratio: float = Field(
        ge=LOWEST, le=HIGHEST, description="supply voltage over the node's nominal one"
    )
    weight_bits: int = Field(ge=2, le=16, description="bits of a linear weight")
    activation_bits: int = Field(ge=4, le=16, description="an activation or result")
    start_cycles: int = Field(ge=0, le=64, description="cycles before a matrix's first slot")
    elementwise_width: int = Field(ge=1, le=4096, description="elements a cycle")
    elementwise_latency_cycles: int = Field(ge=1, le=4096, description="pipeline of those units")

    @property
    def pipeline_stages(self) -> int:
        """Read, multiply, one stage for every level of the adder tree, accumulate, write."""
        return 4 + (self.n_banks - 1).bit_length()
