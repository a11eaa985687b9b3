"""Another order of the rows: never another output, and the PEs' work evened out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim import Layer, Recipe, compress, load_config, simulate, simulate_network
from accelsim.compression import load_compressed, save_compressed
from accelsim.compression.permute import balanced_order, original_order, permute_rows, reordered
from accelsim.errors import InputError
from accelsim.machines.base import ENGINES
from accelsim.network import calibrated, network_floats, network_outputs
from accelsim.records import CscMatrix
from accelsim.workload.eie_export import save_eie_simulator


def skewed_layer(seed, n_outputs, n_inputs, bias=True, skew=2.0):
    """Weights whose density differs from row to row."""
    rng = np.random.default_rng(seed)
    density = rng.random(n_outputs)[:, None] ** skew
    weights = rng.standard_normal((n_outputs, n_inputs)) * (rng.random((n_outputs, n_inputs))
                                                            < density)
    return Layer(
        weights=weights.astype(np.float32), name=f"layer{n_outputs}",
        bias=rng.standard_normal(n_outputs).astype(np.float32) if bias else None,
        activations=np.maximum(rng.standard_normal(n_inputs), 0).astype(np.float32),
    )


@settings(max_examples=200)
@given(
    seed=st.integers(0, 2**32 - 1), n_outputs=st.integers(1, 40), n_inputs=st.integers(1, 30),
    n_pe=st.integers(1, 12), balance_for=st.integers(1, 50), bias=st.booleans(),
    bits=st.sampled_from([8, 16]), engine=st.sampled_from(sorted(ENGINES)),
)
def test_outputs_are_the_same_bit_for_bit(
    seed, n_outputs, n_inputs, n_pe, balance_for, bias, bits, engine
):
    """On any machine, saturated sums included; also if balanced for another number of PEs."""
    layer = skewed_layer(seed, n_outputs, n_inputs, bias)
    config = load_config("eie", n_pe=n_pe, capacity="ignore", accumulator_bits=bits)
    packed = compress(layer)
    permuted = compress(layer, Recipe(permute_rows=balance_for))
    assert sorted(permuted.row_order) == list(range(n_outputs))
    plain = simulate(config, packed, layer.activations, engine)
    moved = simulate(config, permuted, layer.activations, engine,
                     binary_points=plain.binary_points)
    assert np.array_equal(plain.outputs, moved.outputs)
    assert plain.operations["macs"] == moved.operations["macs"]
    assert plain.operations["saturations"] == moved.operations["saturations"]


@given(seed=st.integers(0, 2**32 - 1), n_pe=st.integers(1, 9))
def test_the_matrix_is_the_same_but_for_its_rows(seed, n_pe):
    packed = compress(skewed_layer(seed, 20, 15))
    permuted = permute_rows(packed, n_pe)
    before, after = packed.matrix.to_dense(), permuted.matrix.to_dense()
    assert np.array_equal(after, before[permuted.row_order])
    back = original_order(permuted)
    assert np.array_equal(back.matrix.to_dense(), before)
    assert back.digest() == packed.digest()
    assert back.row_order is None
    assert permute_rows(permuted, 3).in_layer_order(
        permute_rows(permuted, 3).matrix.to_dense()[:, 0]
    ).tolist() == before[:, 0].tolist()


@given(seed=st.integers(0, 2**32 - 1), n_pe=st.integers(2, 9), groups=st.integers(1, 40))
def test_pes_differ_by_no_more_than_a_row(seed, n_pe, groups):
    """With one group and room for all, the fullest-first rule bounds the spread by one row."""
    packed = compress(skewed_layer(seed, n_pe * 12, 20, bias=False))
    order = balanced_order(packed.matrix, n_pe, groups)
    per_row = np.bincount(packed.matrix.rows, minlength=n_pe * 12)
    work = np.array([per_row[order[pe::n_pe]].sum() for pe in range(n_pe)])
    rows = [len(order[pe::n_pe]) for pe in range(n_pe)]
    assert set(rows) == {12}
    assert all(np.all(np.diff(order[pe::n_pe]) > 0) for pe in range(n_pe))
    naive = np.array([per_row[pe::n_pe].sum() for pe in range(n_pe)])
    if groups == 1:
        assert work.max() - work.min() <= max(naive.max() - naive.min(), per_row.max())


def test_an_unbalanced_layer_gets_faster():
    """Every eighth row is full: on 8 PEs one PE has all the work, in another order none has."""
    weights = np.zeros((64, 100), np.float32)
    weights[::8] = np.random.default_rng(1).standard_normal((8, 100))
    layer = Layer(weights=weights, activations=np.ones(100, np.float32))
    config = load_config("eie", n_pe=8)
    plain = simulate(config, compress(layer), layer.activations)
    moved = simulate(config, compress(layer, Recipe(permute_rows=8)), layer.activations)
    assert plain.cycles > 800
    assert moved.cycles < 130
    assert np.array_equal(plain.outputs, moved.outputs)


def test_networks_pass_outputs_on_in_the_layers_order():
    rng = np.random.default_rng(5)
    layers = [skewed_layer(1, 30, 25), skewed_layer(2, 12, 30)]
    inputs = np.maximum(rng.standard_normal((4, 25)), 0)
    config = load_config("eie", n_pe=4)
    plain = calibrated([compress(layer) for layer in layers], inputs)
    moved = calibrated([compress(layer, Recipe(permute_rows=4)) for layer in layers], inputs)
    for before, after in zip(simulate_network(config, plain, inputs),
                             simulate_network(config, moved, inputs), strict=True):
        for a, b in zip(before, after, strict=True):
            assert np.array_equal(a.outputs, b.outputs)
    assert np.array_equal(network_outputs(config, plain, inputs),
                          network_outputs(config, moved, inputs))
    assert np.allclose(network_floats(plain, inputs), network_floats(moved, inputs), rtol=1e-5)
    for a, b in zip(plain, moved, strict=True):
        assert a.input_max_abs == pytest.approx(b.input_max_abs)
        assert a.output_max_abs == pytest.approx(b.output_max_abs)


def test_a_store_keeps_the_order(tmp_path):
    packed = [compress(skewed_layer(1, 30, 25), Recipe(permute_rows=4)),
              compress(skewed_layer(2, 12, 30))]
    save_compressed(tmp_path / "layers.safetensors", packed)
    back = load_compressed(tmp_path / "layers.safetensors")
    assert np.array_equal(back[0].row_order, packed[0].row_order)
    assert back[1].row_order is None
    assert [a.digest() for a in back] == [b.digest() for b in packed]
    assert back[0].digest() != replace(packed[0], row_order=None).digest()


def test_the_order_is_the_same_in_every_run():
    matrix = compress(skewed_layer(3, 50, 40)).matrix
    assert np.array_equal(balanced_order(matrix, 8), balanced_order(matrix, 8))


def test_wrong_orders_are_refused(tmp_path):
    packed = compress(skewed_layer(1, 5, 4))
    for order in ([0, 1, 2, 3], [0, 1, 2, 3, 3], [0, 1, 2, 3, 5], [[0, 1, 2, 3, 4]]):
        with pytest.raises(InputError, match="each of the 5 outputs once"):
            replace(packed, row_order=np.array(order))
    for n_pe in (0, -1, True, 2.0, 5000):
        with pytest.raises(InputError, match="permute_rows"):
            Recipe(permute_rows=n_pe)
    with pytest.raises(InputError, match="n_pe is 0"):
        balanced_order(packed.matrix, 0)
    with pytest.raises(InputError, match="--permute-rows"):
        save_eie_simulator(tmp_path / "folder", permute_rows(packed, 2), np.ones(4), 2)


def test_reordered_keeps_columns_ascending():
    matrix = CscMatrix.from_dense(np.array([[1, 0], [2, 3], [0, 4]], np.uint8))
    moved = reordered(matrix, np.array([2, 0, 1]))
    assert moved.to_dense().tolist() == [[0, 4], [1, 0], [2, 3]]
