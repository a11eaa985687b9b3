"""Products of 16 codes added to 64 sums at once, for kernels of machines that spread bytes.

A group is 64 rows of a column: a mask says which of them have an entry, and the codes of these
follow each other. `AVAILABLE` says whether code is made for a machine that takes them; no kernel
that is not compiled does.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from accelsim.kernels import jit
from accelsim.kernels.lanes import BYTES, LANES, address_of, call, features_of

BUILT_ON = "a888617544454981"  # lanes.py
AVAILABLE = not jit.PLAIN and {"avx512vbmi2", "avx512bw"} <= set(
    features_of(cpu_target.target_context))
TABLE = 16  # products of a table, by their bytes
_WIDE = ir.IntType(32)


@intrinsic
def repeat_table(context: Any, array: Any, place: Any) -> Any:
    """`TABLE` bytes of an array again and again."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        table = ir.VectorType(ir.IntType(8), TABLE)
        value = builder.load(address_of(context, builder, array, values, table), align=1)
        return builder.shuffle_vector(value, value, _lanes(list(range(TABLE)) * 4))
    return BYTES(array, types.uint64), code


@intrinsic
def add_group(
    context: Any, codes: Any, first: Any, mask: Any, low: Any, high: Any, sums: Any, place: Any
) -> Any:
    """Add the products, by their ``low`` and ``high`` bytes, of codes from ``first`` on to a group
    of sums of 16 bits; where the next group's codes begin. Of each 16 rows the first eight stand
    in the first half of the group."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector, short = BYTES.vector, ir.VectorType(ir.IntType(16), LANES // 2)
        given = builder.load(
            address_of(context, builder, codes, values[:2], vector), align=1)
        flags = builder.bitcast(values[2], ir.VectorType(ir.IntType(1), LANES))
        spread = call(builder, "llvm.x86.avx512.mask.expand.v64i8", vector,
                      [given, BYTES.all(128), flags])  # 128: no product
        halves = [call(builder, "llvm.x86.avx512.pshuf.b.512", vector, [table, spread])
                  for table in values[3:5]]
        address = address_of(context, builder, sums, values[5:], short)
        for half in (0, 1):
            lanes = [16 * group + 8 * half + i + LANES * other
                     for group in range(4) for i in range(8) for other in (0, 1)]
            products = builder.bitcast(builder.shuffle_vector(*halves, _lanes(lanes)), short)
            one = builder.gep(address, [ir.Constant(_WIDE, half)])
            builder.store(builder.add(builder.load(one, align=2), products), one, align=2)
        found = call(builder, "llvm.ctpop.i64", values[2].type, [values[2]])
        return builder.add(values[1], found)
    return types.uint64(codes, types.uint64, types.uint64, low, high, sums, types.uint64), code


def _lanes(numbers: list[int]) -> Any:
    return ir.Constant(ir.VectorType(_WIDE, len(numbers)), numbers)
