"""The packed trace of the array, one vector a cycle: taken apart, and compared field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelsim.engines.job import IntArray
from accelsim.rtl_bridge.params import RtlParameters

Fields = Mapping[str, IntArray]
"""Field name to (cycles,) values of the control unit, or (cycles, n_pe) values of the PEs."""

UNKNOWN = -1
"""Value of a field in which a bit is unknown; fields are never negative."""

_NIBBLES = np.full(256, 255, dtype=np.uint8)
for _digit in range(16):
    _NIBBLES[ord(f"{_digit:x}")] = _digit


@dataclass(frozen=True)
class TraceDifference:
    """Where two traces part first.

    Attributes
    ----------
    cycle : counted from 0, the layer's first start cycle
    unit, signal : as `RtlParameters` names the fields
    pe : number of the PE, None for the control unit
    expected, got : two's-complement bits; `UNKNOWN` for unknown ones
    """

    cycle: int
    unit: str
    signal: str
    pe: int | None
    expected: int
    got: int

    def __str__(self) -> str:
        where = self.unit if self.pe is None else f"PE {self.pe} {self.unit}"
        got = "unknown bits" if self.got == UNKNOWN else f"{self.got:#x}"
        return f"cycle {self.cycle}, {where}.{self.signal}: expected {self.expected:#x}, got {got}"


def unpack(parameters: RtlParameters, digits: npt.NDArray[np.bytes_]) -> dict[str, IntArray]:
    """Fields of a trace.

    Parameters
    ----------
    digits : (cycles, digits) hexadecimal, the highest bits first, as `RtlResult` has them
    """
    flat, unknown = _bits(digits, parameters.trace_bits)
    pe_bits = sum(width for _, width in parameters.pe_trace_fields())
    of_pes = parameters.n_pe * pe_bits
    pes = (len(digits), parameters.n_pe, pe_bits)
    # PE 0 has the lowest bits, which stand last.
    result = _fields(
        parameters.pe_trace_fields(),
        flat[:, :of_pes].reshape(pes)[:, ::-1], unknown[:, :of_pes].reshape(pes)[:, ::-1],
    )
    return result | _fields(parameters.ccu_trace_fields(), flat[:, of_pes:], unknown[:, of_pes:])


def unpack_words(
    layout: list[tuple[str, int]], digits: npt.NDArray[np.bytes_]
) -> dict[str, IntArray]:
    """(cycles,) fields of a trace of one word a cycle; ``layout`` is (name, bits)."""
    return _fields(layout, *_bits(digits, sum(width for _, width in layout)))


def first_difference(
    expected: Fields, got: Fields, pe: int | None = None
) -> TraceDifference | None:
    """The earliest field that differs; within a cycle in the order of ``expected``, then by PE.

    A negative number in ``expected`` is not looked at. ``pe`` is the PE of (cycles,) fields.
    """
    best: TraceDifference | None = None
    for name, mine in expected.items():
        theirs = got[name]
        shorter = min(len(mine), len(theirs))
        where = np.argwhere((mine[:shorter] != theirs[:shorter]) & (mine[:shorter] >= 0))
        if len(where) and (best is None or int(where[0][0]) < best.cycle):
            at = tuple(int(i) for i in where[0])
            unit, _, signal = name.rpartition(".")
            best = TraceDifference(
                at[0], unit or "ccu", signal, at[1] if len(at) > 1 else pe,
                int(mine[at]), int(theirs[at]),
            )
    lengths = [len(next(iter(fields.values()))) for fields in (expected, got)]
    if best is None and lengths[0] != lengths[1]:
        cycle = min(lengths)
        return TraceDifference(
            cycle, "ccu", "running", None, int(cycle < lengths[0]), int(cycle < lengths[1])
        )
    return best


def _bits(
    digits: npt.NDArray[np.bytes_], width: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """(cycles, width) bits, and which of them are unknown."""
    nibbles = _NIBBLES[digits.view(np.uint8)]
    known = nibbles != 255
    bits = np.unpackbits(np.where(known, nibbles, 0)[:, :, None], axis=2)[:, :, 4:]
    flat = bits.reshape(len(digits), -1)
    return flat[:, -width:], np.repeat(~known, 4, axis=1)[:, -width:]


def _fields(
    layout: list[tuple[str, int]], bits: npt.NDArray[np.uint8], unknown: npt.NDArray[np.bool_]
) -> dict[str, IntArray]:
    result = {}
    at = 0
    for name, width in layout:
        part = bits[..., at : at + width].astype(np.int64)
        values = part @ (1 << np.arange(width, dtype=np.int64)[::-1])
        values[unknown[..., at : at + width].any(axis=-1)] = UNKNOWN
        result[name] = values
        at += width
    return result
