"""Sparsity patterns as part of a recipe: what stays, for layers of both machines, and mistakes."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from accelsim import Layer, Recipe, compress
from accelsim.cli import main
from accelsim.compression import compress_recurrent
from accelsim.errors import InputError
from accelsim.records import CscMatrix
from tests.ese.layers import random_layer

CHOICES = {
    "load_balanced": {"density": 0.25, "pattern_parameters": {"n_pe": 4}},
    "bank_balanced": {"density": 0.25, "pattern_parameters": {"n_banks": 3}},
    "n_m": {"pattern_parameters": {"n": 2, "m": 4}},
    "block": {"density": 0.25, "pattern_parameters": {"shape": [4, 2]}},
    "row": {"density": 0.25},
}


def weights(rows=16, columns=24, seed=3):
    return np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)


def counts(kept):
    """Weights of each group in which the patterns keep as many, by pattern."""
    return {
        "load_balanced": [kept[pe::4].sum() for pe in range(4)],
        "bank_balanced": kept.reshape(16, 3, 8).sum(axis=2).ravel(),
        "n_m": kept.reshape(16, 6, 4).sum(axis=2).ravel(),
        "block": np.unique(kept.reshape(4, 4, 12, 2).sum(axis=(1, 3))),
        "row": np.unique(kept.sum(axis=1)),
    }


GROUPS = {"load_balanced": {24}, "bank_balanced": {2}, "n_m": {2}, "block": {0, 8}, "row": {0, 24}}


@pytest.mark.parametrize("pattern", CHOICES)
def test_a_layer_keeps_what_its_pattern_leaves(pattern):
    dense = weights()
    layer = Layer(dense, bias=np.ones(16, np.float32), name="fc")
    packed = compress(layer, Recipe(pattern=pattern, weight_bits=8, **CHOICES[pattern]))
    kept = packed.matrix.to_dense()[:, :-1] != 0
    assert set(counts(kept)[pattern]) == GROUPS[pattern]
    # Of each group the largest: what stays weighs more than what a smaller choice would.
    assert np.abs(dense[kept]).mean() > np.abs(dense[~kept]).mean()
    recipe = packed.provenance["recipe"]
    assert recipe["pattern"] == pattern
    assert recipe["pattern_parameters"] == CHOICES[pattern].get("pattern_parameters", {})


@pytest.mark.parametrize("values", ["linear", "codebook"])
def test_matrices_of_a_recurrent_layer(values):
    layer = random_layer(np.random.default_rng(2), n_in=24, n_cells=16, n_out=24, density=1.0)
    recipe = Recipe(pattern="load_balanced", density=0.25, pattern_parameters={"n_pe": 4},
                    values=values, weight_bits=8, layers={"Wym": {
                        "pattern": "n_m", "density": None, "pattern_parameters": {"n": 1, "m": 4}}})
    packed = compress_recurrent(layer, recipe)
    for name in packed.matrices:
        kept = packed.floats(name) != 0
        if name == "Wym":
            assert (kept.reshape(24, 4, 4).sum(axis=2) <= 1).all()
            continue
        by_pe = [kept[pe::4].sum() for pe in range(4)]
        # A linear value may round to zero.
        assert max(by_pe) == 24
        assert min(by_pe) >= 23


def test_without_a_pattern_nothing_changes():
    layer = Layer(weights(), name="fc")
    plain = compress(layer, Recipe(density=0.25))
    named = compress(layer, Recipe(density=0.25, pattern="unstructured"))
    assert np.array_equal(plain.matrix.to_dense(), named.matrix.to_dense())
    assert np.array_equal(plain.codebook, named.codebook)
    assert "pattern" not in plain.provenance["recipe"]


@pytest.mark.parametrize(("recipe", "says"), [
    ({"pattern": "blok"}, "did you mean 'block'"),
    ({"pattern": "n_m", "density": 0.5}, "leave density out"),
    ({"pattern": "row", "threshold": 0.5}, "leave threshold out"),
    ({"pattern": "load_balanced", "pattern_parameters": {"n_pes": 4}}, "did you mean 'n_pe'"),
    ({"pattern": "load_balanced", "pattern_parameters": {"n_pe": "4"}}, "need an integer"),
    ({"pattern": "load_balanced", "pattern_parameters": {"density": 1}}, "no parameter 'density'"),
    ({"pattern": "block", "pattern_parameters": {"shape": 4}}, "need [rows, columns]"),
    ({"pattern": "block", "pattern_parameters": {"shape": [4, 0]}}, "need [rows, columns]"),
    ({"pattern_parameters": {"n_pe": 4}}, "without a pattern"),
])
def test_mistakes_are_named_before_anything_is_pruned(recipe, says):
    with pytest.raises(InputError) as caught:
        Recipe(**recipe)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_only_a_matrix_tells():
    with pytest.raises(InputError, match="'density' is missing"):
        compress(Layer(weights(), name="fc"), Recipe(pattern="row"))
    sparse = Layer(CscMatrix.from_dense(weights()), name="fc")
    with pytest.raises(InputError, match="sparse from the start"):
        compress(sparse, Recipe(pattern="row", density=0.5))
    with pytest.raises(InputError, match="score is 'most'"):
        compress(Layer(weights(), name="fc"), replace(
            Recipe(pattern="block", density=0.5),
            pattern_parameters={"shape": (2, 2), "score": "most"}))


@pytest.mark.parametrize(("options", "kept", "status"), [
    (["--pattern", "n_m", "--pattern-set", "n=2", "--pattern-set", "m=4"], 50.0, 0),
    (["--pattern", "block", "--density", "0.25", "--pattern-set", "shape=[4, 4]"], 25.0, 0),
    (["--pattern", "n_m", "--pattern-set", "n=x", "--pattern-set", "m=4"], None, 2),
    (["--pattern-set", "n=2"], None, 2),
])
def test_on_the_command_line(capsys, monkeypatch, options, kept, status):
    source = "traces/lenet-300-100/dense.safetensors"
    monkeypatch.setattr(sys, "argv", ["accelsim", "compress", source, "-l", "fc1", "--json",
                                      *options])
    with pytest.raises(SystemExit) as leave:
        main()
    out, err = capsys.readouterr()
    assert (leave.value.code or 0) == status
    # One line says the mistake, or that the biases of these weights do not fit 15 shared values.
    (line,) = err.splitlines()
    assert line.startswith("accelsim: error" if status else "accelsim: warning: fc1: biases moved")
    if status == 0:
        assert json.loads(out)["layers"][0]["kept_percent"] == pytest.approx(kept, abs=0.05)
