"""Four bytes side by side, for kernels: lanes of `kernels.lanes` mixed so, and added up.

``BUILT_ON`` as in `accelsim.machines.eie.fast.kernels.narrow`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from accelsim.kernels import jit, plain_lanes
from accelsim.kernels.lanes import BYTES, LANES, address_of, call, features_of, of_two

__all__ = ("mixed", "mixed_pairs", "mixed_pairs_upper", "mixed_upper", "plus_fours", "repeat_four")

BUILT_ON = "a888617544454981"  # lanes.py
_WIDE = ir.IntType(32)


def _mix(builder: Any, a: Any, b: Any, size: int, upper: int) -> Any:
    """``size`` bytes of each in turn, of the lower or the upper halves of every 16."""
    lanes = [16 * group + 8 * upper + first + i + LANES * other
             for group in range(LANES // 16) for first in range(0, 8, size)
             for other in (0, 1) for i in range(size)]
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_WIDE, LANES), lanes))


def _mixing(size: int, upper: int) -> Any:
    return of_two(lambda builder, kind, a, b: _mix(builder, a, b, size, upper))


mixed, mixed_upper, mixed_pairs, mixed_pairs_upper = (
    _mixing(size, upper) for size in (1, 2) for upper in (0, 1))
"""One byte or two of each in turn, of the lower or the upper halves of every 16."""


@intrinsic
def repeat_four(context: Any, array: Any, place: Any) -> Any:
    """Four bytes of such an array again and again."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        four = ir.VectorType(ir.IntType(8), 4)
        value = builder.load(address_of(context, builder, array, values, four), align=1)
        lanes = ir.Constant(ir.VectorType(_WIDE, LANES), list(range(4)) * (LANES // 4))
        return builder.shuffle_vector(value, value, lanes)
    return BYTES(array, types.uint64), code


@intrinsic
def plus_fours(context: Any, sums: Any, lanes: Any) -> Any:
    """Add to each of 16 sums the four bytes in its place."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        total, kind = values[0], sums.vector
        if "avx512vnni" in features_of(context):
            bytes_of = [builder.bitcast(value, kind) for value in (values[1], BYTES.all(1))]
            return call(builder, "llvm.x86.avx512.vpdpbusd.512", kind, [total, *bytes_of])
        sixteen = ir.VectorType(ir.IntType(16), LANES // 2)
        two = builder.bitcast(values[1], sixteen)
        two = builder.add(builder.and_(two, ir.Constant(sixteen, [255] * (LANES // 2))),
                          builder.lshr(two, ir.Constant(sixteen, [8] * (LANES // 2))))
        four = builder.bitcast(two, kind)
        four = builder.add(builder.and_(four, sums.all(65535)), builder.lshr(four, sums.all(16)))
        return builder.add(total, four)
    return sums(sums, lanes), code


if jit.PLAIN:  # kernels are plain Python then, and so are these
    globals().update({name: vars(plain_lanes)[name] for name in __all__})
