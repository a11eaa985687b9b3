"""Random numbers of the cocotb benches."""

from __future__ import annotations


def signed(rng, bits):
    """A number of ``bits`` bits: small, extreme, or anything."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    kind = rng.random()
    if kind < 0.2:
        return rng.choice([low, high, low + 1, high - 1])
    if kind < 0.4:
        return rng.randint(max(low, -3), min(high, 3))
    return rng.randint(low, high)
