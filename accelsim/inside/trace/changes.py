"""The text of a value change dump's changes, compiled: many cycles of all signals in one call."""

from __future__ import annotations

from typing import Any

import numpy as np

from accelsim.kernels.jit import kernel
from accelsim.records.signals import NOTHING


@kernel
def write_changes(
    times: Any, half: int, values: Any, shown: Any, bits: Any, idents: Any, lengths: Any, out: Any
) -> int:
    """Write what changes in some cycles; the number of bytes written.

    Parameters
    ----------
    times : (cycles,) int64, when each cycle begins
    half : time units after which its clock falls
    values : (cycles, signals) int64, two's complement, or `NOTHING`
    shown : (signals,) int64, what each signal shows, or `NOTHING`; kept up to date here
    bits : (signals,) int64, 1 to 63
    idents : (signals + 1, characters) uint8, identifier codes; the clock's is the last
    lengths : (signals + 1,) int64, of these
    out : uint8, `most_bytes` a cycle
    """
    clock = len(shown)
    at = 0
    for cycle in range(len(times)):
        time = times[cycle]
        # The header has told the clock and the values of time 0.
        for edge in range(time == 0, 2):
            digits = 1
            power = np.int64(10)
            while time + half * edge >= power:
                digits += 1
                power *= 10
            out[at] = 35  # "#"
            rest = time + half * edge
            for place in range(digits):
                out[at + digits - place] = 48 + rest % 10
                rest //= 10
            out[at + digits + 1] = 10
            out[at + digits + 2] = 49 - edge
            at += digits + 3
            for character in range(lengths[clock]):
                out[at + character] = idents[clock, character]
            at += lengths[clock] + 1
            out[at - 1] = 10
            if edge:
                continue
            for signal in range(len(shown)):
                value = values[cycle, signal]
                if value == shown[signal] or value == NOTHING:
                    continue
                shown[signal] = value
                if bits[signal] == 1:
                    out[at] = 48 + (value & 1)
                    at += 1
                else:
                    out[at] = 98  # "b"
                    top = bits[signal] - 1
                    while top > 0 and not value >> top & 1:
                        top -= 1
                    for place in range(top + 1):
                        out[at + 1 + place] = 48 + (value >> (top - place) & 1)
                    out[at + top + 2] = 32
                    at += top + 3
                for character in range(lengths[signal]):
                    out[at + character] = idents[signal, character]
                at += lengths[signal] + 1
                out[at - 1] = 10
    return at


def most_bytes(bits: Any, lengths: Any) -> int:
    """Of one cycle: two times of at most 20 characters, the clock twice, and every signal."""
    clock = 2 * (22 + 2 + int(lengths[-1]))
    return clock + int((bits + 3 + lengths[:-1]).sum())
