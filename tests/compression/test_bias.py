"""Where a bias goes: into a column of codes or, exactly, into the accumulators."""

import hashlib

import numpy as np
import pytest

from accelsim.compression import Recipe, compress, load_compressed, save_compressed
from accelsim.compression.binary_points import choose_binary_points
from accelsim.compression.calibrate import network_floats
from accelsim.compression.permute import original_order, permute_rows
from accelsim.compression.prepare import prepare
from accelsim.compression.recipe import MAX_BIAS_LOSS
from accelsim.compression.table import compression_table
from accelsim.errors import InputError
from accelsim.machines import load_config
from accelsim.records import CompressedLayer, CscMatrix, Layer
from accelsim.records.recurrent import RecurrentLayer
from accelsim.study.recipes import full_recipe
from accelsim.workload import save_eie_simulator


def layer(largest_bias=3.0, n_out=24, n_in=40, **more):
    rng = np.random.default_rng(11)
    weights = (rng.random((n_out, n_in)) < 0.3) * rng.normal(size=(n_out, n_in)) * 0.01
    bias = rng.normal(size=n_out)
    return Layer(weights.astype(np.float32), np.abs(rng.normal(size=(5, n_in))),
                 (bias * largest_bias / np.abs(bias).max()).astype(np.float32), **more)


def on_a_grid(off):
    """A layer of the shared values -7 to 8 without 0; of biases up to 4, one is ``off``."""
    weights = np.tile([*range(-7, 0), *range(1, 9)], (15, 20))
    bias = np.full(15, 4.0)
    bias[3] = 2 + off
    return Layer(weights, None, bias)


@pytest.mark.parametrize(("share", "exact"), [(MAX_BIAS_LOSS, False), (MAX_BIAS_LOSS * 1.01, True)])
def test_auto_takes_the_column_up_to_a_sixteenth_of_the_largest(share, exact):
    packed = compress(on_a_grid(4.0 * share))
    assert (packed.bias is not None, packed.has_bias) == (exact, not exact)
    assert bool(packed.losses) == exact


def test_a_bias_in_the_accumulators_stays_as_it_is():
    given = layer()
    packed = compress(given, Recipe(bias="accumulator"))
    np.testing.assert_array_equal(packed.bias, given.bias)
    assert packed.biased
    assert not packed.has_bias
    assert packed.n_inputs == 40
    assert packed.digest() == compress(given).digest() != compress(
        given, Recipe(bias="column")).digest()
    # The codebook is that of the weights alone, and the matrix has no column more.
    bare = compress(Layer(given.weights, given.activations))
    np.testing.assert_array_equal(packed.codebook, bare.codebook)
    assert packed.matrix.nnz == bare.matrix.nnz


def test_layers_without_one_keep_their_digests_and_files():
    """Both digests were taken with the version before biases in the accumulators."""
    rng = np.random.default_rng(3)
    codes = ((rng.random((6, 9)) < .5) * rng.integers(1, 16, (6, 9))).astype(np.uint8)
    packed = CompressedLayer(
        CscMatrix.from_dense(codes), np.arange(16, dtype=np.float32) / 8, 4, 4, True, name="old",
        provenance={"made": "by hand"})
    assert packed.digest().startswith("ab65b28194da87b4aab1d3a4b03350e2")
    assert "bias" not in Recipe().settings()
    assert full_recipe({}, 4) == Recipe().settings()
    assert full_recipe({"bias": "auto"}, 4)["bias"] == "auto"


def test_a_file_without_one_is_byte_by_byte_what_it_was(tmp_path):
    rng = np.random.default_rng(3)
    codes = ((rng.random((6, 9)) < .5) * rng.integers(1, 16, (6, 9))).astype(np.uint8)
    packed = CompressedLayer(
        CscMatrix.from_dense(codes), np.arange(16, dtype=np.float32) / 8, 4, 4, True, name="old",
        provenance={"made": "by hand"})
    save_compressed(tmp_path / "a.safetensors", [packed])
    digest = hashlib.sha256((tmp_path / "a.safetensors").read_bytes()).hexdigest()
    assert digest.startswith("cde86672ba1aa28b9d82bb6703582bf8")


@pytest.mark.parametrize("permute", [None, 3])
def test_a_file_keeps_bias_and_losses(tmp_path, permute):
    packed = compress(layer(name="fc"), Recipe(permute_rows=permute))
    plain = compress(layer(name="other"), Recipe(bias="column", init="density"))
    save_compressed(tmp_path / "a.safetensors", [packed, plain])
    first, second = load_compressed(tmp_path / "a.safetensors")
    assert first.losses
    assert (first.losses, second.losses) == (packed.losses, plain.losses)
    assert (first.digest(), second.digest()) == (packed.digest(), plain.digest())
    np.testing.assert_array_equal(first.bias, packed.bias)


def test_rows_move_with_their_biases():
    packed = compress(layer(), Recipe(bias="accumulator"))
    moved = permute_rows(packed, 5)
    np.testing.assert_array_equal(moved.in_layer_order(moved.bias), packed.bias)
    assert original_order(moved).digest() == packed.digest()


def test_outputs_in_floats_have_the_exact_bias():
    given = layer(relu=False)
    packed = permute_rows(compress(given, Recipe(bias="accumulator")), 5)
    weights = packed.in_layer_order(packed.decoded().to_dense().T).T
    want = np.asarray(given.activations, np.float32) @ weights.T + given.bias
    np.testing.assert_allclose(network_floats([packed], given.activations), want, rtol=1e-5)


def test_binary_points_hold_the_bias():
    """Of zero weights, sums are the biases: the calibration and the bound see them."""
    given = layer(5.0)
    config = load_config("eie")
    for activations in (given.activations, None):
        packed = compress(Layer(given.weights * 1e-6, activations, given.bias),
                          Recipe(bias="accumulator"))
        points = choose_binary_points(config, packed, given.activations)
        assert points.output_frac_bits == 12, "5.0 takes three whole bits"


def test_other_machines_get_the_exact_bias_as_a_vector():
    given = layer()
    packed = permute_rows(compress(given, Recipe(bias="accumulator")), 4)
    made = prepare(packed, [RecurrentLayer])
    np.testing.assert_array_equal(made.biases["by"], given.bias)
    with pytest.raises(InputError, match="bias='column' is for single layers"):
        prepare(given, [RecurrentLayer], Recipe(bias="column"))


def test_bits_of_the_bias_are_counted():
    given = layer()
    exact, bare = (compress(g, Recipe(bias="accumulator"))
                   for g in (given, Layer(given.weights, given.activations)))
    for order, bits in (("row", 32), ("pe", 16)):
        a, b = (compression_table([p], order).total for p in (exact, bare))
        assert a.overhead_bits - b.overhead_bits == 24 * bits
        assert a.dense_bits - b.dense_bits == 24 * 32


def test_the_authors_files_cannot_say_it(tmp_path):
    packed = compress(layer(), Recipe(bias="accumulator"))
    with pytest.raises(InputError, match="bias='column'"):
        save_eie_simulator(tmp_path / "new", packed, np.zeros(40), 4)


@pytest.mark.parametrize(("bias", "has_bias", "told"), [
    (np.zeros(4, np.float32), True, "one of them"),
    (np.zeros(3, np.float32), False, "shape"),
    (np.zeros(4), False, "float32"),
    (np.full(4, np.nan, np.float32), False, "NaN"),
])
def test_records_that_cannot_be(bias, has_bias, told):
    codes = np.ones((4, 5), np.uint8)
    with pytest.raises(InputError, match=told):
        CompressedLayer(CscMatrix.from_dense(codes), np.arange(16, dtype=np.float32), 4, 4,
                        has_bias, bias=bias)


def test_an_unknown_place_is_refused():
    with pytest.raises(InputError, match="did you mean 'accumulator'"):
        Recipe(bias="acumulator")
