"""Machine models: frozen, keyword-only, checked once. Defaults live in the TOML files."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from accelsim.dram.part import NONE, DramPart, check_part, load_part
from accelsim.energy.process import HIGHEST, LOWEST, Node
from accelsim.machines.eie.datapath import (
    DECODER_NAND2_A_BIT,
    SIGN_BITS,
    Multiplier,
    gates,
    word_bits,
)
from accelsim.records.fit import Depth, PointerBits, SizeKb, Tables
from accelsim.records.shown import Configuration


class EieConfig(Configuration):
    """One EIE array. The published values and their sources are in ``eie.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    machine: Literal["eie"] = Field(description="which machine these numbers describe")
    n_pe: int = Field(ge=1, le=4096, description="processing elements")
    clock_mhz: float = Field(gt=0, le=100_000, description="clock frequency")
    node_nm: Node = Field(description="technology node; figures at 45 nm are scaled to others")
    voltage_ratio: float = Field(
        ge=LOWEST, le=HIGHEST, description="supply voltage over the node's nominal one"
    )
    act_queue_depth: int = Field(ge=1, le=4096, description="entries a PE's queue can hold")
    queue_pes: int = Field(
        default=1, ge=1, le=2, description="PEs that share an activation queue, with one output"
    )
    weight_bits: int = Field(ge=2, le=8, description="bits of a weight code")
    rows: Literal["interleaved", "blocked"] = Field(
        default="interleaved", description="rows of a PE, and its activations: every n_pe-th, or "
                                           "as many side by side"
    )
    index: Literal["zero_runs", "bitmap"] = Field(
        default="zero_runs", description="what says an entry's row: the zeros before it, or a bit "
                                         "for each row of its column"
    )
    index_bits: int = Field(ge=1, le=8, description="bits of a zero run")
    issue_width: int = Field(
        default=1, ge=1, le=8, description="entries of one column and one line that a PE issues in "
                                           "a cycle"
    )
    spmat_width_bits: int = Field(ge=8, le=4096, description="one sparse-matrix SRAM line")
    spmat_kb: SizeKb = Field(description="sparse-matrix SRAM of one PE")
    pointer_kb: SizeKb = Field(description="pointer SRAM of one PE, both banks")
    pointer_bits: PointerBits = Field(description="one pointer; addresses entries")
    act_sram_kb: SizeKb = Field(description="activation SRAM of one PE")
    regfile_depth: Depth = Field(
        description="activations in each of a PE's two register files"
    )
    activation_bits: int = Field(ge=1, le=32, description="an activation")
    weight_value_bits: int = Field(ge=2, le=32, description="a decoded weight")
    decoder_tables: Tables = Field(
        default=1, description="code tables that the weight decoder of a PE holds (contract D1)"
    )
    multiplier: Multiplier = Field(
        default="full", description="the ArithmUnit multiplies, shifts (powers of two), or adds "
                                    "and subtracts (weights of 1 and -1)"
    )
    accumulator_bits: int = Field(ge=4, le=48, description="an accumulator, and an output")
    row_change_cycles: int = Field(
        ge=0, le=1, description="cycles the scan spends on a row with nothing left in it"
    )
    empty_column_cycles: int = Field(
        ge=0, le=1, description="issue cycles of a column without entries"
    )
    bypass: bool = Field(description="forward sums that are not yet written; off: wait for them")
    overlap: bool = Field(
        default=False, description="load the next pass's or vector's activations while the one "
                                   "before drains"
    )
    start_cycles: int = Field(ge=0, le=64, description="cycles before the first scan cycle")
    capacity: Literal["check", "stream", "ignore"] = Field(
        description="layers beyond the memories: an error, refilled by DMA, or unlimited memories"
    )
    dma_width_bits: int = Field(ge=1, le=65_536, description="DMA bits per cycle (stream)")
    refill: Literal["all", "active"] = Field(
        default="all", description="columns that the DMA brings: all of a segment, or those with a "
                                   "non-zero activation (stream)"
    )
    refill_overlap: bool = Field(
        default=False, description="SpMat and pointer SRAM in two halves: one is refilled while "
                                   "the other is read (stream)"
    )
    refill_split: float = Field(
        default=0.5, gt=0, lt=1, description="the first half's share of both SRAMs (refill_overlap)"
    )
    refill_batch: int = Field(
        default=1, ge=1, le=4096, description="vectors of one matrix that share a refill (stream)"
    )
    dram: str = Field(
        default=NONE, description="the DRAM behind the DMA: a part, or none, which gives a word of "
                                  "the DMA's width every cycle (stream)"
    )
    dram_channels: int = Field(
        default=1, ge=1, le=64, description="channels of the DRAM in lockstep"
    )

    @field_validator("dram")
    @classmethod
    def _there_is_such_a_part(cls, name: str) -> str:
        return check_part(name)

    @field_validator("activation_bits")
    @classmethod
    def _activations_are_numbers(cls, bits: int) -> int:
        if bits == 1:
            raise ValueError(
                "activations of one bit (XNOR-Net, BNN) are signs: none is zero, so nothing could "
                "be skipped, and products are counted equal bits, not sums; take 2 or more")
        return bits

    @model_validator(mode="after")
    def _line_holds_an_entry(self) -> EieConfig:
        if self.entry_bits > self.spmat_width_bits:
            runs = " + index_bits" if self.index == "zero_runs" else ""
            raise ValueError(
                f"spmat_width_bits is {self.spmat_width_bits}, less than one entry of "
                f"weight_bits{runs} = {self.entry_bits}"
            )
        return self

    @model_validator(mode="after")
    def _is_refilled(self) -> EieConfig:
        if self.capacity == "stream" and self.index == "bitmap":
            raise ValueError(
                "capacity 'stream' refills zero runs; use index='zero_runs', or capacity='check'")
        if self.capacity == "stream" and self.issue_width > 1:
            raise ValueError("capacity 'stream' refills PEs that issue one entry a cycle; use "
                             "issue_width=1, or capacity='check'")
        return self

    @model_validator(mode="after")
    def _lanes_forward(self) -> EieConfig:
        if self.queue_pes > 1 and not self.bypass:
            raise ValueError("queue_pes is 2; PEs that share a queue wait for no accumulator; use "
                             "bypass=true, or queue_pes=1")
        if self.issue_width > 1 and not self.bypass:
            raise ValueError(f"issue_width is {self.issue_width}; several entries wait for no "
                             f"accumulator; use bypass=true, or issue_width=1")
        return self

    @property
    def published_units(self) -> bool:
        """Whether PEs are made of the published units: zero runs, an entry a cycle, a queue."""
        return self.index == "zero_runs" and self.issue_width == self.queue_pes == 1

    @model_validator(mode="after")
    def _signs_have_two_bits(self) -> EieConfig:
        if self.multiplier == "sign" and self.weight_value_bits != SIGN_BITS:
            raise ValueError(
                f"multiplier 'sign' has weights of 1 and -1, weight_value_bits is "
                f"{self.weight_value_bits}; set weight_value_bits={SIGN_BITS}"
            )
        return self

    @property
    def decoder_nand2(self) -> float:
        """Two-input NANDs of a PE's weight decoder."""
        word = word_bits(self.multiplier, self.weight_value_bits)
        return DECODER_NAND2_A_BIT * (word << self.weight_bits) * self.decoder_tables

    @property
    def arith_nand2(self) -> float:
        """Two-input NANDs of a PE's ArithmUnit as it was synthesised, at 16 bits."""
        return gates()["arith_unit_nand2"][self.multiplier]

    @property
    def entry_bits(self) -> int:
        """Bits of one (code, zero run) entry; with a bitmap of a code, or of a word of bits."""
        return self.weight_bits + (self.index_bits if self.index == "zero_runs" else 0)

    @property
    def entries_per_line(self) -> int:
        """Whole entries in one sparse-matrix SRAM line."""
        return self.spmat_width_bits // self.entry_bits

    @property
    def spmat_entries(self) -> int:
        """Entries, or words of bitmaps, that the sparse-matrix SRAM of one PE holds."""
        lines = int(self.spmat_kb * 8192) // self.spmat_width_bits
        return lines * self.entries_per_line

    @property
    def pointer_words(self) -> int:
        """Pointers that the two banks of one PE hold together."""
        return int(self.pointer_kb * 8192) // self.pointer_bits

    def half(self, number: int) -> tuple[int, int]:
        """Entries and pointers of one PE that segment ``number`` may have (contract M8)."""
        def part(size: int) -> int:
            first = int(size * self.refill_split)
            return size - first if number % 2 else first

        lines, words = int(self.spmat_kb * 8192) // self.spmat_width_bits, self.pointer_words
        if self.refill_overlap:
            lines, words = part(lines), part(words)
        return lines * self.entries_per_line, words

    @property
    def dram_part(self) -> DramPart | None:
        """The DRAM behind the DMA, all channels together."""
        return None if self.dram == NONE else load_part(self.dram, self.dram_channels)

    @property
    def burst_bits(self) -> int:
        """What the DMA asks for at once: a burst of the DRAM, or a word of its own width."""
        part = self.dram_part
        return self.dma_width_bits if part is None else part.burst_bits

    @property
    def register_bits(self) -> int:
        """Width of a register-file word: it holds activations and accumulators."""
        return max(self.activation_bits, self.accumulator_bits)

    @property
    def act_sram_words(self) -> int:
        """Activations that the activation SRAM of one PE holds."""
        return int(self.act_sram_kb * 8192) // self.register_bits

    @property
    def batch_size(self) -> int:
        """Longest vector that one set of register files holds, over all PEs."""
        return self.n_pe * self.regfile_depth
