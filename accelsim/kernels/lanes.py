"""Integers side by side, for kernels: 64 unsigned bytes, or 128 signed integers of 16 bits; 16 of
32 bits hold sums of bytes.

Numba has no such types, and between two loops over 64 bytes all of them go through memory. A kernel
that calls these has variables of so many integers, which LLVM keeps in as many registers as the
machine needs: 64 bytes are one of AVX-512, two of AVX2, four of NEON. Sums wrap around; those of
`plus_kept` stop at the ends of 16 bits, and `less` stops at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from accelsim.kernels import jit, plain_lanes

__all__ = (
    "COPIED", "LANES", "SHORTS", "add_to", "any_beyond", "both", "choose", "copy", "copy_seconds",
    "count_ones", "either", "equal", "high_product", "larger", "largest", "less", "load",
    "low_product", "ones", "plus", "plus_kept", "rounded_product", "shifted_left",
    "shifted_right", "shifted_unsigned", "smaller", "splat", "store", "total", "without",
)

_function: Any = cgutils.get_or_insert_function
LANES = 64    # bytes
SHORTS = 128  # integers of 16 bits
COPIED = 32   # integers of 16 bits that `copy` writes
_WIDE, _LONG = ir.IntType(32), ir.IntType(64)


class LanesType(types.Type):
    """What Numba calls such a variable."""

    def __init__(self, scalar: Any, n: int) -> None:
        super().__init__(name=f"{scalar} x {n}")
        self.scalar, self.n = scalar, n
        self.vector = self.of(scalar.bitwidth)
        self.suffix = f"v{n}i{scalar.bitwidth}"

    def of(self, bits: int) -> Any:
        """LLVM's vector of as many integers."""
        return ir.VectorType(ir.IntType(bits), self.n)

    def all(self, value: int) -> Any:
        """LLVM's constant of that value in every lane."""
        return ir.Constant(self.vector, [value] * self.n)


BYTES, _shorts = LanesType(types.uint8, LANES), LanesType(types.int16, SHORTS)
SUMS = LanesType(types.int32, LANES // 4)
_KINDS = {kind.scalar: kind for kind in (BYTES, _shorts, SUMS)}


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: LanesType) -> None:
        super().__init__(manager, kind, kind.vector)  # type: ignore[no-untyped-call]


def of_two(make: Callable[[Any, LanesType, Any, Any], Any]) -> Any:
    """An operation of two vectors of a kind, lane by lane."""
    def typed(context: Any, a: Any, b: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return make(builder, a, *values)
        return a(a, a), code
    return intrinsic(typed)


def call(builder: Any, name: str, result: Any, values: Any) -> Any:
    """A call of LLVM's function of this name."""
    kind = ir.FunctionType(result, [value.type for value in values])
    return builder.call(_function(builder.module, kind, name), values)


def _called(unsigned: str, signed: str) -> Any:
    """An operation that is one of LLVM's functions."""
    def make(builder: Any, kind: LanesType, *values: Any) -> Any:
        name = signed if kind.scalar.signed else unsigned
        return call(builder, f"llvm.{name}.{kind.suffix}", kind.vector, values)
    return of_two(make)


plus = of_two(lambda builder, kind, a, b: builder.add(a, b))
plus_kept = _called("uadd.sat", "sadd.sat")
less = _called("usub.sat", "ssub.sat")
larger = _called("umax", "smax")
smaller = _called("umin", "smin")
both = of_two(lambda builder, kind, a, b: builder.and_(a, b))
either = of_two(lambda builder, kind, a, b: builder.or_(a, b))
without = of_two(lambda builder, kind, a, b: builder.and_(a, builder.not_(b)))
shifted_left = of_two(lambda builder, kind, a, b: builder.shl(a, b))
shifted_right = of_two(lambda builder, kind, a, b: builder.ashr(a, b))
shifted_unsigned = of_two(lambda builder, kind, a, b: builder.lshr(a, b))
low_product = of_two(lambda builder, kind, a, b: builder.mul(a, b))
equal = of_two(
    lambda builder, kind, a, b: builder.zext(builder.icmp_unsigned("==", a, b), kind.vector))
"""1 where they are equal."""


@of_two
def high_product(builder: Any, kind: LanesType, a: Any, b: Any) -> Any:
    """The upper 16 bits of a signed product of 32."""
    wide = kind.of(32)
    product = builder.mul(builder.sext(a, wide), builder.sext(b, wide))
    return builder.trunc(builder.ashr(product, _wide(kind, 16)), kind.vector)


@intrinsic
def rounded_product(context: Any, a: Any, b: Any) -> Any:
    """``(a * b + 2**14) >> 15`` of 16 bits: one instruction of x86 that LLVM does not find."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        features = features_of(context)
        for feature, n, name in _ROUNDED:
            if feature in features:
                return _by_parts(builder, values, n, name)
        wide, kind = a.of(32), signature.return_type
        product = builder.mul(*(builder.sext(value, wide) for value in values))
        product = builder.ashr(builder.add(product, _wide(kind, 1 << 14)), _wide(kind, 15))
        return builder.trunc(product, kind.vector)
    return a(a, a), code


def features_of(context: Any) -> list[str]:
    """What the machine has that code is made for; Numba's cache holds it apart from others."""
    return [name[1:] for name in context.codegen().magic_tuple()[2].split(",") if name[:1] == "+"]


_ROUNDED = (("avx512bw", 32, "avx512.pmul.hr.sw.512"), ("avx2", 16, "avx2.pmul.hr.sw"))


def _by_parts(builder: Any, values: Any, n: int, name: str) -> Any:
    """A function of x86 that takes ``n`` lanes, for all lanes."""
    part = ir.VectorType(values[0].type.element, n)
    done = []
    for first in range(0, values[0].type.count, n):
        lanes = ir.Constant(ir.VectorType(_WIDE, n), list(range(first, first + n)))
        parts = [builder.shuffle_vector(value, value, lanes) for value in values]
        done.append(call(builder, "llvm.x86." + name, part, parts))
    while len(done) > 1:
        count = 2 * done[0].type.count
        lanes = ir.Constant(ir.VectorType(_WIDE, count), list(range(count)))
        done = [builder.shuffle_vector(*two, lanes)
                for two in zip(done[::2], done[1::2], strict=True)]
    return done[0]


def _wide(kind: LanesType, value: int) -> Any:
    return ir.Constant(kind.of(32), [value] * kind.n)


@intrinsic
def splat(context: Any, value: Any) -> Any:
    """The same integer, a uint8 or an int16, in every lane."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = signature.return_type
        empty, zeros = ir.Constant(kind.vector, ir.Undefined), _wide(kind, 0)
        first = builder.insert_element(empty, values[0], ir.Constant(_WIDE, 0))
        return builder.shuffle_vector(first, empty, zeros)
    return _KINDS[value](value), code


@intrinsic
def load(context: Any, array: Any, place: Any) -> Any:
    """Lanes of a contiguous one-dimensional array, from ``place`` on; not checked."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        address = address_of(context, builder, array, values, signature.return_type.vector)
        return builder.load(address, align=array.dtype.bitwidth // 8)
    return _KINDS[array.dtype](array, types.uint64), code


@intrinsic
def store(context: Any, array: Any, place: Any, lanes: Any) -> Any:
    """Write the lanes, or the same in wider integers, to such an array."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        wide = lanes.of(array.dtype.bitwidth)
        _store(builder, address_of(context, builder, array, values, wide),
               _widened(builder, lanes, values[2], wide), array)
        return context.get_dummy_value()
    return types.void(array, types.uint64, lanes), code


@intrinsic
def add_to(context: Any, array: Any, place: Any, lanes: Any) -> Any:
    """Add the lanes to the integers of such an array."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        wide = lanes.of(array.dtype.bitwidth)
        address = address_of(context, builder, array, values, wide)
        before = builder.load(address, align=array.dtype.bitwidth // 8)
        _store(builder, address,
               builder.add(before, _widened(builder, lanes, values[2], wide)), array)
        return context.get_dummy_value()
    return types.void(array, types.uint64, lanes), code


def _copying(seconds: int) -> Any:
    """Copy `COPIED` integers of 16 bits, each the next but ``seconds`` others."""
    def typed(context: Any, source: Any, place: Any, target: Any, to: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            read, written = (ir.VectorType(ir.IntType(16), n)
                             for n in (COPIED * (1 + seconds), COPIED))
            value = builder.load(address_of(context, builder, source, values[:2], read), align=2)
            if seconds:
                lanes = ir.Constant(ir.VectorType(_WIDE, COPIED), list(range(0, 2 * COPIED, 2)))
                value = builder.shuffle_vector(value, value, lanes)
            address = address_of(context, builder, target, values[2:], written)
            builder.store(value, address, align=2)
            return context.get_dummy_value()
        return types.void(source, types.uint64, target, types.uint64), code
    return intrinsic(typed)


copy = _copying(0)
"""From the place in an array of 16 bits to a place in another; not checked."""
copy_seconds = _copying(1)
"""As `copy`, every second integer; one more than twice as many are read."""


def address_of(context: Any, builder: Any, array: Any, values: Any, vector: Any) -> Any:
    """Where the lanes of an array begin."""
    data = context.make_array(array)(context, builder, values[0]).data
    return builder.bitcast(builder.gep(data, [values[1]]), vector.as_pointer())


def _store(builder: Any, address: Any, value: Any, array: Any) -> None:
    builder.store(value, address, align=array.dtype.bitwidth // 8)


def _widened(builder: Any, lanes: LanesType, value: Any, wide: Any) -> Any:
    if wide == lanes.vector:
        return value
    return (builder.sext if lanes.scalar.signed else builder.zext)(value, wide)


@intrinsic
def ones(context: Any, lanes: Any) -> Any:
    """How many bits of each lane are one."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return call(builder, f"llvm.ctpop.{lanes.suffix}", lanes.vector, values)
    return lanes(lanes), code


@intrinsic
def count_ones(context: Any, lanes: Any) -> Any:
    """How many bits of all lanes together are one."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        n = lanes.n * lanes.scalar.bitwidth // 64
        words = builder.bitcast(values[0], ir.VectorType(_LONG, n))
        found = call(builder, f"llvm.ctpop.v{n}i64", words.type, [words])
        return call(builder, f"llvm.vector.reduce.add.v{n}i64", _LONG, [found])
    return types.int64(lanes), code


@intrinsic
def total(context: Any, lanes: Any) -> Any:
    """The sum of all lanes, unsigned ones."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        wide = [builder.zext(values[0], lanes.of(32))]
        found = call(builder, f"llvm.vector.reduce.add.v{lanes.n}i32", _WIDE, wide)
        return builder.zext(found, _LONG)
    return types.int64(lanes), code


@intrinsic
def largest(context: Any, lanes: Any) -> Any:
    """The largest lane of unsigned ones."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return call(builder, f"llvm.vector.reduce.umax.{lanes.suffix}",
                     lanes.vector.element, values)
    return lanes.scalar(lanes), code


@intrinsic
def any_beyond(context: Any, lanes: Any, bound: Any) -> Any:
    """Whether a lane is larger than the same one of ``bound``."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        compare = builder.icmp_signed if lanes.scalar.signed else builder.icmp_unsigned
        word = ir.IntType(lanes.n)
        flags = builder.bitcast(compare(">", *values), word)
        return builder.icmp_unsigned("!=", flags, ir.Constant(word, 0))
    return types.boolean(lanes, lanes), code


@intrinsic
def choose(context: Any, a: Any, b: Any, one: Any, other: Any) -> Any:
    """``one`` where ``a`` is at least ``b``, both unsigned, else ``other``."""
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.select(builder.icmp_unsigned(">=", *values[:2]), *values[2:])
    return a(a, a, a, a), code


if jit.PLAIN:  # kernels are plain Python then, and so are these
    globals().update({name: value for name, value in vars(plain_lanes).items()
                      if name in __all__})
