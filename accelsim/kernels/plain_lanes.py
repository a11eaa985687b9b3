"""The operations of `kernels.lanes` on arrays, for kernels that are not compiled; and its judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Lanes = npt.NDArray[Any]
SIZES = {np.dtype(np.uint8): 64, np.dtype(np.int16): 128, np.dtype(np.int32): 16}


def _kept(values: Any, like: Lanes) -> Lanes:
    ends = np.iinfo(like.dtype)
    kept: Lanes = np.clip(values, ends.min, ends.max).astype(like.dtype)
    return kept


def plus(a: Lanes, b: Lanes) -> Lanes:
    return a + b


def plus_kept(a: Lanes, b: Lanes) -> Lanes:
    return _kept(a.astype(np.int64) + b, a)


def less(a: Lanes, b: Lanes) -> Lanes:
    return _kept(a.astype(np.int64) - b, a)


def larger(a: Lanes, b: Lanes) -> Lanes:
    return np.maximum(a, b)


def smaller(a: Lanes, b: Lanes) -> Lanes:
    return np.minimum(a, b)


def both(a: Lanes, b: Lanes) -> Lanes:
    return a & b


def either(a: Lanes, b: Lanes) -> Lanes:
    return a | b


def without(a: Lanes, b: Lanes) -> Lanes:
    return a & ~b


def shifted_left(a: Lanes, b: Lanes) -> Lanes:
    return a << b


def shifted_right(a: Lanes, b: Lanes) -> Lanes:
    return a >> b


def shifted_unsigned(a: Lanes, b: Lanes) -> Lanes:
    bits: Lanes = a.view(f"u{a.itemsize}") >> b.astype(f"u{a.itemsize}")
    return bits.view(a.dtype)


def low_product(a: Lanes, b: Lanes) -> Lanes:
    return (a.astype(np.int64) * b).astype(a.dtype)


def high_product(a: Lanes, b: Lanes) -> Lanes:
    return (a.astype(np.int64) * b >> 16).astype(a.dtype)


def rounded_product(a: Lanes, b: Lanes) -> Lanes:
    return (a.astype(np.int64) * b + (1 << 14) >> 15).astype(a.dtype)


def equal(a: Lanes, b: Lanes) -> Lanes:
    same: Lanes = (a == b).astype(a.dtype)
    return same


def choose(a: Lanes, b: Lanes, one: Lanes, other: Lanes) -> Lanes:
    chosen: Lanes = np.where(a >= b, one, other)
    return chosen


def splat(value: Any) -> Lanes:
    return np.full(SIZES[value.dtype], value)


def load(array: Lanes, place: Any) -> Lanes:
    return array[int(place) : int(place) + SIZES[array.dtype]].copy()


def store(array: Lanes, place: Any, lanes: Lanes) -> None:
    array[int(place) : int(place) + len(lanes)] = lanes


def add_to(array: Lanes, place: Any, lanes: Lanes) -> None:
    array[int(place) : int(place) + len(lanes)] += lanes.astype(array.dtype)


def copy(source: Lanes, place: Any, target: Lanes, to: Any) -> None:
    read = source[int(place) : int(place) + 32]
    target[int(to) : int(to) + len(read)] = read


def copy_seconds(source: Lanes, place: Any, target: Lanes, to: Any) -> None:
    read = source[int(place) : int(place) + 64 : 2]
    target[int(to) : int(to) + len(read)] = read


def ones(a: Lanes) -> Lanes:
    return np.bitwise_count(a)


def count_ones(a: Lanes) -> int:
    return int(np.bitwise_count(a.view(np.uint64)).sum())


def total(a: Lanes) -> int:
    return int(a.sum(dtype=np.int64))


def largest(a: Lanes) -> Any:
    return a.max()


def any_beyond(a: Lanes, bound: Lanes) -> bool:
    return bool((a > bound).any())


def _mix(a: Lanes, b: Lanes, size: int, upper: int) -> Lanes:
    halves = [lanes.reshape(4, 2, 8 // size, size)[:, upper] for lanes in (a, b)]
    return np.stack(halves, axis=2).reshape(-1)


def mixed(a: Lanes, b: Lanes) -> Lanes:
    return _mix(a, b, 1, 0)


def mixed_upper(a: Lanes, b: Lanes) -> Lanes:
    return _mix(a, b, 1, 1)


def mixed_pairs(a: Lanes, b: Lanes) -> Lanes:
    return _mix(a, b, 2, 0)


def mixed_pairs_upper(a: Lanes, b: Lanes) -> Lanes:
    return _mix(a, b, 2, 1)


def repeat_four(array: Lanes, place: Any) -> Lanes:
    return np.tile(array[int(place) : int(place) + 4], 16)


def plus_fours(sums: Lanes, lanes: Lanes) -> Lanes:
    added: Lanes = sums + lanes.reshape(16, 4).sum(axis=1, dtype=np.int32)
    return added
