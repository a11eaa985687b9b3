"""Flat ports taken apart, where vectors lie, what is written to one; random element-wise operations
with what they compute."""

from accelsim.fixedpoint import saturate, shift_right
from accelsim.machines.ese.rtl.program import packed_fields
from tests.rtl_ese.bench import part


def flat(values, bits):
    """Numbers side by side, the first in the lowest bits."""
    return packed_fields([(int(value), bits) for value in values])


def lane(port, number, bits):
    """A value of a flat port, two's complement; None with an unknown bit."""
    value, half = part(port, number, bits), 1 << (bits - 1)
    return None if value is None else (value ^ half) - half


def writes(dut, count, address_bits, bits):
    """Address to value of the lanes that write."""
    assert dut.write_o.value.is_resolvable, f"write_o is {dut.write_o.value}"
    return {part(dut.write_addr_o, n, address_bits): lane(dut.write_data_o, n, bits)
            for n in range(count) if part(dut.write_o, n, 1)}


class Written:
    """A vector that notes what is written to it."""

    name = "written"

    def __init__(self):
        self.now = {}

    def begin(self):
        """Nothing is kept."""

    def write(self, index, value):
        """One element."""
        self.now[index] = value

    def taken(self):
        """What was written since the last call."""
        now, self.now = self.now, {}
        return now


class Operation:
    """A random element-wise operation, its bits, and what it computes (contract V3 to V6)."""

    def __init__(self, rng, width, frac_bits):
        self.width, self.one = width, 1 << frac_bits
        self.product, self.two = rng.random() < 0.7, rng.random() < 0.4
        self.complement = rng.random() < 0.3
        self.bracket = not self.two and rng.random() < 0.3
        self.valid = rng.randrange(1, 16)
        self.shifts = [rng.randrange(2 * width + 2), rng.randrange(2 * width + 2)]

    def fields(self):
        """Of op_i up to the shifts."""
        shift_bits = (2 * self.width + 1).bit_length()
        return [(self.product, 1), (self.two, 1), (self.complement, 1), (self.bracket, 1),
                (self.valid, 4), (self.shifts[0], shift_bits), (self.shifts[1], shift_bits)]

    def value(self, a, b, c, d):
        """Result and sums that saturate."""
        given = [v if self.valid >> n & 1 else 0 for n, v in enumerate((a, b, c, d))]
        if not self.product:
            total = sum(given)
            value = saturate(total, self.width)
            return value, int(value != total)
        inner = given[1] + given[2]
        right = saturate(inner, self.width) if self.bracket else b
        left = self.one - a if self.complement else a
        total = shift_right(left * right, self.shifts[0])
        total += shift_right(c * d, self.shifts[1]) if self.two else 0
        value = saturate(total, self.width)
        return value, int(value != total) + int(self.bracket and right != inner)


def place_of(reference, step, first, copy):
    """Where (kind, base) of a program word lies in a step, and whether it is read as zero."""
    kind, base = reference
    before = {1: step % 4, 2: (step - 1) % 4}.get(kind, 0)
    return base + before * copy, first and kind in (2, 3)
