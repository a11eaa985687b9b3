"""The packed trace of the array, one vector a cycle: taken apart, and compared field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.machines.rtl import ArrayParameters, Fields, Layout
from accelsim.records.job import IntArray

Characters = npt.NDArray[np.uint8]
"""(cycles, bits) characters 0, 1, x or z, the highest bits first, as `RtlResult` has them."""

UNKNOWN = -1
"""Value of a field in which a bit is unknown; fields are never negative."""


@dataclass(frozen=True)
class TraceDifference:
    """Where two traces part first.

    Attributes
    ----------
    cycle : counted from 0, the layer's first start cycle
    unit, signal : as `accelsim.machines.rtl.ArrayParameters` names the fields
    pe : number of the PE, None for the control unit
    expected, got : two's-complement bits; `UNKNOWN` for unknown ones
    where : the machine's own words for cycle and PE (`accelsim.machines.rtl.Rtl.where`), or ""
    """

    cycle: int
    unit: str
    signal: str
    pe: int | None
    expected: int
    got: int
    where: str = ""

    def __str__(self) -> str:
        where = self.unit if self.pe is None or self.where else f"PE {self.pe} {self.unit}"
        where = f"{self.where} {where}" if self.where else where
        got = "unknown bits" if self.got == UNKNOWN else f"{self.got:#x}"
        return f"cycle {self.cycle}, {where}.{self.signal}: expected {self.expected:#x}, got {got}"


def unpack(
    parameters: ArrayParameters, trace: npt.NDArray[Any]
) -> dict[str, IntArray]:
    """Fields of a trace of the array: `Characters`, or uint32 words, the lowest bits first."""
    if trace.dtype == np.uint32:
        return _unpack_bits(parameters, trace)
    pe_bits = parameters.pe_trace_bits
    of_pes = parameters.n_pe * pe_bits
    # PE 0 has the lowest bits, which stand last.
    pes = trace[:, :of_pes].reshape(len(trace), parameters.n_pe, pe_bits)[:, ::-1]
    return unpack_words(parameters.pe_trace_fields(), pes) | unpack_words(
        parameters.ccu_trace_fields(), trace[:, of_pes:]
    )


def _unpack_bits(
    parameters: ArrayParameters, trace: npt.NDArray[np.uint32]
) -> dict[str, IntArray]:
    """Fields of (cycles, words) bits, the lowest first."""
    # A field of up to 63 bits lies in three words.
    words = np.hstack([trace, np.zeros((len(trace), 2), np.uint32)])
    ccu = parameters.ccu_trace_fields()
    ccu_bits = sum(bits for _, bits in ccu)
    starts = ccu_bits + parameters.pe_trace_bits * np.arange(parameters.n_pe)
    result = {}
    for layout, lows in ((parameters.pe_trace_fields(), starts), (ccu, np.zeros(1, np.int64))):
        at = sum(bits for _, bits in layout)
        for name, bits in layout:
            at -= bits
            word, shift = np.divmod(lows + at, 32)
            values = words[:, word].astype(np.uint64) >> shift.astype(np.uint64)
            for more in range(1, 1 + (bits + 30) // 32):
                high = words[:, word + more].astype(np.uint64)
                # A shift by 64 or more is not defined; what it would shift out has no bits.
                up = (32 * more - shift).astype(np.uint64)
                values |= np.where(up < 64, high << np.minimum(up, np.uint64(63)), np.uint64(0))
            values &= np.uint64((1 << bits) - 1)
            result[name] = values.astype(np.int64)
    return {
        name: values if name in dict(parameters.pe_trace_fields()) else values[:, 0]
        for name, values in result.items()
    }


def unpack_words(layout: Layout, trace: Characters) -> dict[str, IntArray]:
    """Fields of (..., bits) words; ``layout`` is (name, bits)."""
    result = {}
    at = 0
    for name, width in layout:
        part = trace[..., at : at + width]
        values = (part == ord("1")) @ (1 << np.arange(width, dtype=np.int64)[::-1])
        values[(part > ord("1")).any(axis=-1)] = UNKNOWN
        result[name] = values
        at += width
    return result


def pack(parameters: ArrayParameters, fields: Fields) -> bytes:
    """Fields as the testbench writes them, one line of binary digits a cycle."""
    ccu = parameters.ccu_trace_fields()
    cycles = len(fields[ccu[0][0]])
    parts = [
        _digits(fields[name][:, pe], bits)
        for pe in reversed(range(parameters.n_pe))
        for name, bits in parameters.pe_trace_fields()
    ]
    parts += [_digits(fields[name], bits) for name, bits in ccu]
    return np.hstack([*parts, np.full((cycles, 1), ord("\n"), dtype=np.uint8)]).tobytes()


def _digits(values: IntArray, bits: int) -> Characters:
    """(cycles, bits) characters of (cycles,) numbers."""
    shifts = np.arange(bits, dtype=np.int64)[::-1]
    return (((values[:, None] >> shifts) & 1) + ord("0")).astype(np.uint8)


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
