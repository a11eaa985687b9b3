"""The ESE machine model. The published values and their sources are in ``ese.toml``."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from accelsim.dram.part import NONE, DramPart, check_part, load_part
from accelsim.energy.process import HIGHEST, LOWEST, Node
from accelsim.records.fit import PointerBits, SizeKb
from accelsim.records.shown import Configuration


class EseConfig(Configuration):
    """ESE: channels of PEs that share one stream of weights from DRAM."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    machine: Literal["ese"] = Field(description="which machine these numbers describe")
    n_channels: int = Field(ge=1, le=1024, description="voice vectors worked on at the same time")
    n_pe: int = Field(ge=1, le=4096, description="processing elements of a channel")
    clock_mhz: float = Field(gt=0, le=100_000, description="clock frequency")
    node_nm: Node = Field(description="technology node; figures at 45 nm are scaled to others")
    voltage_ratio: float = Field(
        ge=LOWEST, le=HIGHEST, description="supply voltage over the node's nominal one"
    )
    act_queue_depth: int = Field(ge=1, le=4096, description="entries a PE's queue can hold")
    weight_bits: int = Field(ge=2, le=16, description="bits of a linear weight")
    index_bits: int = Field(ge=2, le=8, description="bits of a zero run")
    activation_bits: int = Field(ge=4, le=16, description="an activation or intermediate value")
    accumulator_bits: int = Field(ge=4, le=32, description="an accumulator")
    pointer_bits: PointerBits = Field(description="one pointer; addresses entries")
    start_cycles: int = Field(ge=0, le=64, description="cycles before a slot's first broadcast")
    ddr_word_bits: int = Field(ge=8, le=65_536, description="bits a DDR module gives a cycle")
    ddr_latency_cycles: int = Field(ge=1, le=4096, description="from a request to its first word")
    ddr_burst_words: int = Field(ge=1, le=65_536, description="words in a row without a gap")
    ddr_burst_gap_cycles: int = Field(ge=0, le=4096, description="cycles lost between bursts")
    dram: str = Field(
        default=NONE, description="the DRAM of each module: a part, or none, which follows the "
                                  "latency and gaps above"
    )
    dram_channels: int = Field(
        default=1, ge=1, le=64, description="channels of that part in lockstep"
    )
    column_align_bits: int = Field(ge=1, le=65_536, description="columns are zero-padded to this")
    vector_path_bits: int = Field(ge=1, le=4096, description="bits of a vector a cycle")
    weights_ready: Literal["column", "matrix"] = Field(
        description="broadcast a column once it has arrived, or once its matrix has"
    )
    weight_buffer_kb: SizeKb = Field(description="half of a PE's weight buffer")
    pointer_buffer_kb: SizeKb = Field(description="half of its pointer buffer")
    capacity: Literal["check", "ignore"] = Field(
        description="matrices beyond the buffers: an error, or unlimited buffers"
    )
    elementwise_width: int = Field(ge=1, le=4096, description="elements a cycle and channel")
    elementwise_latency_cycles: int = Field(ge=1, le=4096, description="pipeline of those units")
    table_samples: int = Field(ge=2, le=65_536, description="samples of a look-up table")
    sigmoid_input_max: float = Field(gt=0, le=65_536, description="end of the sigmoid table")
    tanh_input_max: float = Field(gt=0, le=65_536, description="end of the tanh table")
    table_interpolation: Literal["linear", "nearest"] = Field(
        description="between samples: a straight line, or the nearest sample"
    )

    @field_validator("dram")
    @classmethod
    def _there_is_such_a_part(cls, name: str) -> str:
        return check_part(name)

    @property
    def dram_part(self) -> DramPart | None:
        """The DRAM of a module, all channels together."""
        return None if self.dram == NONE else load_part(self.dram, self.dram_channels)

    @model_validator(mode="after")
    def _tables_are_powers_of_two(self) -> EseConfig:
        for what, value in (
            ("table_samples", self.table_samples),
            ("sigmoid_input_max", self.sigmoid_input_max),
            ("tanh_input_max", self.tanh_input_max),
        ):
            if math.frexp(value)[0] != 0.5:
                raise ValueError(f"{what} is {value:g}; need a power of two, so that a shift "
                                 f"gives the sample")
        if self.elementwise_width > self.n_pe:
            raise ValueError(
                f"elementwise_width is {self.elementwise_width}, more than the {self.n_pe} "
                f"results (n_pe) that Assemble collects a cycle"
            )
        return self

    @property
    def entry_bits(self) -> int:
        """Bits of one (weight, zero run) entry."""
        return self.weight_bits + self.index_bits

    @property
    def weight_buffer_entries(self) -> int:
        """Entries that half of a PE's weight buffer holds."""
        return int(self.weight_buffer_kb * 8192) // self.entry_bits

    @property
    def pointer_buffer_words(self) -> int:
        """Pointers that half of a PE's pointer buffer holds."""
        return int(self.pointer_buffer_kb * 8192) // self.pointer_bits
