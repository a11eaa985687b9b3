"""Integers side by side: LLVM's against NumPy's, for every operation that kernels have."""

import numpy as np
import pytest
from numba import njit

from accelsim.kernels import fours, lanes, plain_lanes

KINDS = {"bytes": (np.uint8, lanes.LANES), "shorts": (np.int16, lanes.SHORTS)}
OF_TWO = {
    "bytes": ("plus", "plus_kept", "less", "larger", "smaller", "both", "either", "without",
              "equal", "mixed", "mixed_upper", "mixed_pairs", "mixed_pairs_upper"),
    "shorts": ("plus", "plus_kept", "larger", "smaller", "low_product", "high_product",
               "rounded_product", "either", "equal"),
}
SHIFTS = ("shifted_left", "shifted_right", "shifted_unsigned")


def of_two(name):
    """A kernel that stores an operation of two lanes."""
    operation = getattr(fours if name.startswith("mixed") else lanes, name)
    load, store = lanes.load, lanes.store

    @njit
    def run(a, b, out):
        zero = np.uint64(0)
        store(out, zero, operation(load(a, zero), load(b, zero)))
    return run


def drawn(kind, seed):
    dtype, n = KINDS[kind]
    ends = np.iinfo(dtype)
    rng = np.random.default_rng(seed)
    values = rng.integers(ends.min, ends.max + 1, (2, n)).astype(dtype)
    values[:, :4] = [[ends.min, ends.max, ends.min, ends.max],
                     [ends.min, ends.max, ends.max, ends.min]]
    values[1, 4:9] = values[0, 4:9]
    return values


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, names in OF_TWO.items() for n in names])
def test_operations_of_two(kind, name):
    run = of_two(name)
    for seed in range(3):
        a, b = drawn(kind, seed)
        out = np.empty_like(a)
        run(a, b, out)
        with np.errstate(over="ignore"):
            assert out.tolist() == getattr(plain_lanes, name)(a, b).tolist()


@pytest.mark.parametrize("name", SHIFTS)
def test_shifts(name):
    run = of_two(name)
    a, _ = drawn("shorts", 1)
    for by in range(16):
        out, b = np.empty_like(a), np.full_like(a, by)
        run(a, b, out)
        assert out.tolist() == getattr(plain_lanes, name)(a, b).tolist()
        exact = {"shifted_left": a.astype(np.int64) << by, "shifted_right": a >> by,
                 "shifted_unsigned": a.astype(np.int64) % 65536 >> by}[name]
        assert out.tolist() == exact.astype(np.int16).tolist()


def test_what_is_not_of_two():
    choose, load, store, add_to, splat = (
        lanes.choose, lanes.load, lanes.store, lanes.add_to, lanes.splat)
    ones, total, largest, any_beyond = lanes.ones, lanes.total, lanes.largest, lanes.any_beyond

    @njit
    def run(a, place, out, wide, sums):
        one, other = load(a, np.uint64(place)), splat(np.uint8(100))
        store(out, np.uint64(0), choose(one, other, one, other))
        store(out, np.uint64(64), ones(one))
        store(wide, np.uint64(1), one)
        add_to(sums, np.uint64(2), one)
        add_to(sums, np.uint64(2), one)
        return total(one), largest(one), any_beyond(one, other), any_beyond(other, one)

    a = np.random.default_rng(4).integers(0, 256, 80).astype(np.uint8)
    for values in (a, a // 3, np.full_like(a, 100), a | 128):
        out, wide, sums = np.empty(128, np.uint8), np.zeros(66, np.int64), np.ones(70, np.uint16)
        told = run(values, 5, out, wide, sums)
        one = values[5:69]
        assert told == (one.sum(), one.max(), (one > 100).any(), (one < 100).any())
        assert out[:64].tolist() == np.maximum(one, 100).tolist()
        assert out[64:].tolist() == [int(v).bit_count() for v in one]
        assert wide.tolist() == [0, *one, 0]
        assert sums.tolist() == [1, 1, *(1 + 2 * one.astype(int)), 1, 1, 1, 1]


def test_four_bytes_side_by_side():
    """The bytes of one PE in four columns come together, and are added up."""
    load, store, splat, repeat_four = lanes.load, lanes.store, lanes.splat, fours.repeat_four
    plus_fours, mixed_pairs_upper, mixed = fours.plus_fours, fours.mixed_pairs_upper, fours.mixed
    size = np.uint64(lanes.LANES)

    @njit
    def run(a, four, sums, out):
        rows = (load(a, np.uint64(0)), load(a, size), load(a, size + size), load(a, size * size))
        side = mixed_pairs_upper(mixed(rows[0], rows[1]), mixed(rows[2], rows[3]))
        store(sums, np.uint64(0), plus_fours(plus_fours(splat(np.int32(-7)), side), side))
        store(out, np.uint64(0), repeat_four(four, np.uint64(3)))

    a = np.random.default_rng(5).integers(0, 256, 65 * 64).astype(np.uint8)
    sums, out = np.empty(16, np.int64), np.empty(64, np.uint8)
    run(a, a[5:], sums, out)
    pes = [16 * group + pe for group in range(4) for pe in range(4, 8)]
    rows = a.reshape(65, 64)[[0, 1, 2, 64]].astype(int)
    assert sums.tolist() == (2 * rows.sum(axis=0)[pes] - 7).tolist()
    assert out.tolist() == [*a[8:12]] * 16


def test_copies_and_ones():
    copy, copy_seconds, load = lanes.copy, lanes.copy_seconds, lanes.load
    count_ones = lanes.count_ones

    @njit
    def run(source, target, bits):
        copy(source, np.uint64(3), target, np.uint64(1))
        copy_seconds(source, np.uint64(5), target, np.uint64(40))
        return count_ones(load(bits, np.uint64(1)))

    source, target = np.arange(100, dtype=np.int16), np.full(80, -1, np.int16)
    bits = np.random.default_rng(6).integers(0, 256, 65).astype(np.uint8)
    assert run(source, target, bits) == sum(int(v).bit_count() for v in bits[1:])
    assert target.tolist() == [-1, *range(3, 35), *[-1] * 7, *range(5, 69, 2), *[-1] * 8]


def test_integers_of_16_bits_are_stored_with_their_sign():
    load, store, any_beyond = lanes.load, lanes.store, lanes.any_beyond

    @njit
    def run(a, bound, wide):
        store(wide, np.uint64(0), load(a, np.uint64(0)))
        return any_beyond(load(a, np.uint64(0)), load(bound, np.uint64(0)))

    a, bound = drawn("shorts", 2)
    wide = np.empty(lanes.SHORTS, np.int64)
    assert run(a, bound, wide) == (a > bound).any()
    assert not run(a, a, wide)
    assert wide.tolist() == a.tolist()
