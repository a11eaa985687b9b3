"""Fixed point against exact fractions, which share no code with it."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim import fixedpoint as fp
from accelsim.errors import InputError

HALF = Fraction(1, 2)


def nearest(value: Fraction, bits: int) -> int:
    """Halves up, then the closest integer that the width holds."""
    return max(-(2 ** (bits - 1)), min(2 ** (bits - 1) - 1, floor(value + HALF)))


@given(
    x=st.floats(-1e6, 1e6), bits=st.integers(2, 32), frac_bits=st.integers(-8, 30)
)
def test_quantise_is_the_nearest_integer_halves_up(x, bits, frac_bits):
    # The float that is rounded is x * 2**f + 1/2, exact only up to 53 bits; stay within.
    exact = Fraction(x) * Fraction(2) ** frac_bits
    if abs(exact.numerator) * 2 < 2**52 and exact.denominator < 2**52:
        assert fp.quantise(x, bits, frac_bits) == nearest(exact, bits)


def test_quantise_refuses_what_is_no_number():
    with pytest.raises(InputError, match="NaN"):
        fp.quantise([1.0, float("nan")], 16, 8)


@given(value=st.integers(-(2**62), 2**61), shift=st.integers(0, 40))
def test_shift_right_rounds_halves_up(value, shift):
    assert fp.shift_right(value, shift) == floor(Fraction(value, 2**shift) + HALF)


@given(
    accumulator=st.integers(-(2**15), 2**15 - 1),
    weight=st.integers(-(2**15), 2**15 - 1),
    activation=st.integers(-(2**15), 2**15 - 1),
    shift=st.integers(0, 31),
    bits=st.integers(16, 48),
)
def test_multiply_accumulate_saturates_once(accumulator, weight, activation, shift, bits):
    product = floor(Fraction(weight * activation, 2**shift) + HALF)
    want = nearest(Fraction(accumulator + product), bits)
    got, saturated = fp.multiply_accumulate(accumulator, weight, activation, shift, bits)
    assert got == want
    assert saturated == (want != accumulator + product)


@given(max_abs=st.floats(1e-6, 1e6), bits=st.integers(2, 32))
def test_frac_bits_are_the_most_that_fit(max_abs, bits):
    frac_bits = fp.frac_bits_for(max_abs, bits)
    high = 2 ** (bits - 1) - 1
    assert floor(Fraction(max_abs) * Fraction(2) ** frac_bits + HALF) <= high
    assert floor(Fraction(max_abs) * Fraction(2) ** (frac_bits + 1) + HALF) > high


@given(
    values=st.lists(st.integers(-(2**20), 2**20), min_size=1, max_size=8),
    relu=st.booleans(),
    shift=st.integers(0, 12),
    bits=st.integers(2, 16),
)
def test_reading_is_relu_shift_saturate(values, relu, shift, bits):
    want = [nearest(Fraction(max(v, 0) if relu else v, 2**shift), bits) for v in values]
    assert fp.read_activations(values, relu, shift, bits).tolist() == want


def test_dequantise_inverts_quantise():
    q = np.arange(-(2**7), 2**7)
    assert np.array_equal(fp.quantise(fp.dequantise(q, 5), 8, 5), q)
