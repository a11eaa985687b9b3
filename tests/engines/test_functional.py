"""The functional model against a loop over the dense matrix that shares no code with it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from accelsim.api import make_job
from accelsim.machines import load_config, run_job
from accelsim.records import BinaryPoints, CompressedLayer, CscMatrix


def slow_layer(weights, activations, shift, bits):
    """Sums of a dense integer layer in ascending column order, saturating; plain Python."""
    high, low = 2 ** (bits - 1) - 1, -(2 ** (bits - 1))
    outputs, saturations = [], 0
    for row in weights.tolist():
        total = 0
        for w, a in zip(row, activations, strict=True):
            if w is None or a == 0:
                continue
            product = w * a
            product = product // 2**shift + (1 if shift and product % 2**shift >= 2 ** (shift - 1)
                                             else 0)
            total += product
            if total > high or total < low:
                saturations += 1
                total = high if total > high else low
        outputs.append(total)
    return outputs, saturations


@given(
    seed=st.integers(0, 2**32),
    n_in=st.integers(2, 12),
    n_out=st.integers(1, 12),
    n_pe=st.integers(1, 9),
    shift=st.integers(0, 20),
    bits=st.integers(6, 24),
    has_bias=st.booleans(),
)
def test_equals_a_plain_loop(seed, n_in, n_out, n_pe, shift, bits, has_bias):
    rng = np.random.default_rng(seed)
    codes = (rng.random((n_out, n_in + has_bias)) < 0.5) * rng.integers(
        1, 16, (n_out, n_in + has_bias)
    )
    codebook = rng.integers(-(2**15), 2**15, 16)
    codebook[0] = 0
    activations = rng.integers(-(2**15), 2**15, n_in) * (rng.random(n_in) < 0.6)
    packed = CompressedLayer(
        CscMatrix.from_dense(codes.astype(np.uint8)),
        codebook.astype(np.float32),
        4,
        4,
        has_bias=has_bias,
        relu=False,
    )
    config = load_config("eie", n_pe=n_pe, accumulator_bits=bits)
    points = BinaryPoints(0, 10, 10 - shift)
    job = make_job(config, packed, activations, points, fixed_point=True)
    result = run_job("functional", config, job)
    weights = np.where(codes > 0, codebook[codes], None)
    inputs = [*activations.tolist(), *([1 << 10] if has_bias else [])]
    want, saturations = slow_layer(weights, inputs, shift, bits)
    assert result.outputs.tolist() == want
    assert result.operations["saturations"] == saturations
    active = np.array(inputs) != 0
    assert result.operations["macs"] == np.count_nonzero(codes[:, active])
