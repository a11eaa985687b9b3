"""Parameters of `rtl/ese`: those of the configuration, and sizes that jobs need."""

from __future__ import annotations

from accelsim.machines.rtl import Layout


def pe_fields(
    count: int, column: int, pointer: int, activation: int, row: int, accumulator: int
) -> Layout:
    """(name, bits) of one PE's part of the trace, as ese_pe.v has them, highest bits first."""
    return [
        ("act_queue.count", count), ("ptr_read.pop", 1), ("ptr_read.column", column),
        ("weight_read.busy", 1), ("weight_read.entry", pointer), ("weight_read.end", pointer),
        ("weight_read.issue", 1), ("weight_read.empty", 1),
        ("weight_read.activation", activation), ("arith_unit.padding", 1), ("arith_unit.mac", 1),
        ("arith_unit.read_row", row), ("arith_unit.read_value", accumulator),
        ("arith_unit.adder_bypass", 1), ("arith_unit.write_bypass", 1),
        ("arith_unit.saturation", 1), ("arith_unit.write", 1), ("arith_unit.write_row", row),
        ("arith_unit.write_value", accumulator),
    ]
