"""From a configuration to the parameters and the interfaces of ``rtl/eie/eie_array.v``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accelsim.errors import CapacityError, UnsupportedError
from accelsim.formats import LayerImage
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.datapath import MULTIPLIERS, word_bits
from accelsim.machines.eie.plan import Pass, make_plan
from accelsim.machines.rtl import ArrayParameters

CCU_COUNTERS = (
    "cycles", "passes", "start_cycles", "load_cycles", "drain_cycles", "store_cycles",
    "broadcasts", "row_change_cycles", "blocked_cycles", "scan_idle_cycles", "bias_cycles",
)
"""Counters of `accelsim.machines.eie.counters.Counters` that ``ccu_counters`` holds, by index."""

PE_COUNTERS = (
    "issued_entries", "padding_entries", "empty_column_cycles", "hazard_stall_cycles",
    "starved_cycles", "blocking_cycles", "queue_pushes", "queue_pops", "queue_occupancy_sum",
    "queue_occupancy_max", "ptr_reads_even", "ptr_reads_odd", "spmat_line_reads", "macs",
    "saturations", "adder_bypasses", "write_bypasses", "src_reg_reads", "src_reg_writes",
    "dst_reg_reads", "dst_reg_writes", "act_sram_reads", "act_sram_writes",
)
"""Counters that ``pe_counters`` holds, by index."""


@dataclass(frozen=True)
class RtlParameters(ArrayParameters):
    """Parameters of ``eie_array``, as `EieConfig` names them, and the widths it derives.

    Sizes in kB become words here: a Verilog parameter is an integer.
    """

    n_pe: int
    act_queue_depth: int
    weight_bits: int
    index_bits: int
    spmat_width_bits: int
    spmat_lines: int
    pointer_bits: int
    pointer_words: int
    act_sram_words: int
    regfile_depth: int
    activation_bits: int
    weight_value_bits: int
    accumulator_bits: int
    bypass: int
    program_depth: int
    gather: int
    counters: int
    trace: int
    multiplier: int = 0
    start_cycles: int = 1
    decoder_tables: int = 1

    @property
    def host_bits(self) -> int:
        """A word of the host's bus, as the test benches print it."""
        return max(self.spmat_width_bits, 64)

    @property
    def column_bits(self) -> int:
        """A pointer address."""
        return _address_bits(self.pointer_words)

    @property
    def row_bits(self) -> int:
        """A register-file address."""
        return _address_bits(self.regfile_depth)

    @property
    def act_addr_bits(self) -> int:
        """An activation SRAM address."""
        return _address_bits(self.act_sram_words)

    @property
    def register_bits(self) -> int:
        """A word of a register file."""
        return max(self.activation_bits, self.accumulator_bits)

    @property
    def word_bits(self) -> int:
        """A word of the weight decoder."""
        return word_bits(MULTIPLIERS[self.multiplier], self.weight_value_bits)

    @property
    def shift_bits(self) -> int:
        """The shift of a product."""
        return (self.weight_value_bits + self.activation_bits).bit_length()

    def ccu_trace_fields(self) -> list[tuple[str, int]]:
        """(name, bits) of the control unit's part of ``trace_o``, highest bits first.

        ``start`` is a cycle of a start phase, ``pass_start`` the cycle behind which a pass begins:
        the last one of that phase, or the one before the pass where there is none.
        """
        return [
            *((flag, 1) for flag in (
                "running", "start", "pass_start", "swap", "clear", "load", "bias_load", "compute",
                "drain", "store",
            )),
            ("batch_row", self.row_bits),
            ("batch_addr", self.act_addr_bits),
            ("looks", 1),
            ("scan_read", 1),
            ("scan_row", self.row_bits),
            ("position", _address_bits(self.n_pe)),
            ("lnzd_tree.found", 1),
            ("lnzd_tree.index", _address_bits(self.n_pe)),
            ("lnzd_tree.value", self.activation_bits),
            ("blocked", 1),
            ("row_change", 1),
            ("broadcast", 1),
            ("broadcast_column", self.column_bits),
            ("broadcast_activation", self.activation_bits),
        ]

    def pe_trace_fields(self) -> list[tuple[str, int]]:
        """(name, bits) of one PE's part of ``trace_o``, highest bits first.

        Names are ``unit.signal``; addresses and values are zero while nothing happens there.
        ``act_rw.dst_row`` and ``dst_value`` are the write of the destination file, whatever it
        writes; ``sram_value`` is what a store writes to the activation SRAM.
        """
        return [
            # A PE of version 0.1 leaves these, the highest bits, undriven.
            ("arith_unit.activation", self.activation_bits),
            ("act_rw.dst_row", self.row_bits),
            ("act_rw.dst_value", self.register_bits),
            ("act_rw.sram_value", self.register_bits),
            ("act_rw.scan_value", self.activation_bits),
            ("act_rw.load_write", 1),
            ("act_rw.bias_write", 1),
            ("act_queue.count", self.act_queue_depth.bit_length()),
            ("act_queue.column", self.column_bits),
            ("act_queue.activation", self.activation_bits),
            ("ptr_read.begin", self.pointer_bits),
            ("ptr_read.end", self.pointer_bits),
            ("spmat_read.code", self.weight_bits),
            ("spmat_read.run", self.index_bits),
            ("weight_decoder.weight", self.word_bits),
            ("arith_unit.wait", 1),
            ("spmat_read.issue", 1),
            ("spmat_read.empty", 1),
            ("spmat_read.frees", 1),
            ("spmat_read.line_read", 1),
            ("spmat_read.line", _address_bits(self.spmat_lines)),
            ("ptr_read.pop", 1),
            ("ptr_read.even_word", self.column_bits),
            ("ptr_read.odd_word", self.column_bits),
            ("arith_unit.padding", 1),
            ("arith_unit.mac", 1),
            ("arith_unit.read_row", self.row_bits),
            ("act_rw.read_value", self.accumulator_bits),
            ("arith_unit.adder_bypass", 1),
            ("arith_unit.write_bypass", 1),
            ("arith_unit.saturation", 1),
            ("arith_unit.write", 1),
            ("arith_unit.write_row", self.row_bits),
            ("arith_unit.write_value", self.accumulator_bits),
        ]


def rtl_parameters(
    config: EieConfig, n_passes: int = 1, counters: bool = True, trace: bool = False,
    map_words: int | None = None,
) -> RtlParameters:
    """The array that a configuration describes, with a program for ``n_passes`` passes.

    Parameters
    ----------
    map_words : it runs convolutions, whose maps take so many words of the activation SRAM, which
        is made as large (contract V5)
    """
    words = max(1, config.act_sram_words)
    if map_words is not None:
        words = max(words, _power_of_two(map_words))
    return RtlParameters(
        n_pe=config.n_pe,
        act_queue_depth=config.act_queue_depth,
        weight_bits=config.weight_bits,
        index_bits=config.index_bits,
        spmat_width_bits=config.spmat_width_bits,
        spmat_lines=max(1, config.spmat_entries // config.entries_per_line),
        pointer_bits=config.pointer_bits,
        pointer_words=max(2, config.pointer_words),
        act_sram_words=words,
        regfile_depth=config.regfile_depth,
        activation_bits=config.activation_bits,
        weight_value_bits=config.weight_value_bits,
        accumulator_bits=config.accumulator_bits,
        bypass=int(config.bypass),
        program_depth=_power_of_two(n_passes),
        gather=int(map_words is not None),
        counters=int(counters),
        trace=int(trace),
        multiplier=MULTIPLIERS.index(config.multiplier),
        start_cycles=config.start_cycles,
        decoder_tables=config.decoder_tables,
    )


def rtl_plan(
    config: EieConfig, image: LayerImage, exact_bias: bool = False
) -> Sequence[Pass]:
    """The passes of one layer (`make_plan`), if the RTL tells this machine and layer exactly.

    Raises
    ------
    UnsupportedError
        Naming the setting that the RTL does not have (machines/eie/README.md, last table).
    CapacityError
        If the layer does not fit and ``capacity`` is "check".
    """
    plan = make_plan(config, image, exact_bias)
    refuse(config, image, plan)
    return plan


def refuse(config: EieConfig, image: LayerImage, plan: Sequence[Pass]) -> None:
    """Raise `UnsupportedError` unless the RTL tells this machine and layer exactly."""
    for key, want in (("empty_column_cycles", 1), ("row_change_cycles", 1),
                      ("index", "zero_runs"), ("issue_width", 1), ("queue_pes", 1)):
        got = getattr(config, key)
        if got != want:
            raise UnsupportedError(f"the RTL has no {key}={got}; use {key}={want} or --engine fast")
    if config.overlap:
        raise UnsupportedError("the RTL has no overlap=true; use overlap=false or --engine fast")
    if config.capacity == "check":
        return
    checked = config.model_copy(update={"capacity": "check"})
    exact_bias = any(step.bias_rows for step in plan)
    try:
        same = image.tile_rows <= config.regfile_depth and any(
            make_plan(checked, image, exact_bias, gathered) == plan for gathered in (False, True))
    except CapacityError:
        same = False
    if not same:
        raise UnsupportedError(
            f"{image.name}: the RTL has no capacity='{config.capacity}', which this layer needs; "
            f"use capacity='check' or --engine fast"
        )


def _address_bits(words: int) -> int:
    return max(1, (words - 1).bit_length())


def _power_of_two(least: int) -> int:
    """At least 16: layers of few passes, and small maps, share one build."""
    return max(16, 1 << (least - 1).bit_length())
