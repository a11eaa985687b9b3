"""What units that several machines have store and cost, so that they cost the same in each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from accelsim.energy.technology import Calibration, Events

INDEX_BITS = 16
"""Bits of a column index in the activation queue and of a row address (EIE sec. IV: 16-bit
pointers)."""

PUBLISHED_BITS: Mapping[str, int] = MappingProxyType({
    "act_queue": 8 * 32, "ptr_read": 48, "spmat_read": 96, "arith_unit": 96, "act_rw": 2 * 64 * 16,
})
"""Flip-flop bits of each module of the published EIE's PE, for which the calibration holds."""

FILLER_SHARE = 23_961.0 / 614_063.0
"""Area of filler cells over that of the modules of a PE (EIE Table II)."""


def queue_item_bits(activation_bits: int) -> int:
    """A column index and an activation."""
    return INDEX_BITS + activation_bits


def pointer_register_bits(pointer_bits: int, activation_bits: int) -> int:
    """ptr_read: the two pointers of a column, and its activation."""
    return 2 * pointer_bits + activation_bits


def arith_register_bits(weight_bits: int, activation_bits: int, accumulator_bits: int) -> int:
    """arith_unit: pipeline registers behind look-up, multiply and add."""
    return 2 * (weight_bits + activation_bits) + 2 * accumulator_bits


def elementwise_register_bits(bits: int) -> int:
    """An element-wise multiplier or adder: two operands and the result."""
    return 3 * bits


def mac_pj(
    events: Events, weight_bits: int, activation_bits: int, accumulator_bits: int
) -> float:
    """One multiply-accumulate with its pipeline registers, without reading the accumulator."""
    registers = arith_register_bits(weight_bits, activation_bits, accumulator_bits)
    return (
        events.multiply_pj(weight_bits, activation_bits)
        + events.linear_pj("add", accumulator_bits)
        + events.linear_pj("register", registers)
    )


def product_pj(events: Events, bits: int) -> float:
    """An element-wise product of two numbers of ``bits`` bits."""
    registers = events.linear_pj("register", elementwise_register_bits(bits))
    return events.multiply_pj(bits, bits) + registers


def sum_pj(events: Events, bits: int) -> float:
    """An element-wise sum of numbers of ``bits`` bits."""
    registers = events.linear_pj("register", elementwise_register_bits(bits))
    return events.linear_pj("add", bits) + registers


def clock_pj_a_bit(calibration: Calibration, like: str | None) -> float:
    """Clock energy of a flip-flop bit in one cycle: of a module of EIE's PE, or of all of it."""
    return _a_bit(calibration.clock_pj, like)


def area_um2_a_bit(calibration: Calibration, like: str | None) -> float:
    """Area beyond the SRAM macros over flip-flop bits, as `clock_pj_a_bit`.

    The published area of ptr_read and spmat_read is all in their macros' factor.
    """
    return _a_bit(calibration.area_um2, like)


def _a_bit(settled: Mapping[str, float], like: str | None) -> float:
    if like is not None:
        return settled.get(like, 0.0) / PUBLISHED_BITS[like]
    return sum(settled.values()) / sum(PUBLISHED_BITS[module] for module in settled or ("act_rw",))
