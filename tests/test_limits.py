"""Layers of extreme size and shape: run, and right, or refused with a reason."""

from __future__ import annotations

import resource

import numpy as np
import pytest

from accelsim import Layer, Recipe, compress, load_config, simulate
from accelsim.api import choose_binary_points, make_job
from accelsim.compression import load_compressed, save_compressed
from accelsim.errors import AccelsimError, ConfigError
from accelsim.machines.base import ENGINES
from accelsim.machines.eie.explain import explain
from accelsim.machines.eie.replay import replay
from accelsim.workload import random_layer

TIMED = sorted(set(ENGINES) - {"functional"})


def layer(n_outputs, n_inputs, density, seed=1, bias=False):
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((n_outputs, n_inputs))
    weights *= rng.random((n_outputs, n_inputs)) < density
    return Layer(
        weights=weights.astype(np.float32), bias=np.ones(n_outputs, np.float32) if bias else None,
        activations=np.maximum(rng.standard_normal(n_inputs), 0).astype(np.float32),
    )


SHAPES = {
    "1 x 5000": (1, 5000, 0.3), "5000 x 1": (5000, 1, 0.3), "1 x 1": (1, 1, 1.0),
    "no weight is left": (50, 60, 0.0), "every weight stays": (50, 60, 1.0),
    "fewer rows than PEs": (3, 40, 0.5), "one row more than PEs": (65, 64, 0.5),
}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_extreme_shapes(shape, bias, tmp_path):
    """All engines, the store, another row order, the explanation and a trace."""
    source = layer(*SHAPES[shape], bias=bias)
    config = load_config("eie", capacity="ignore")
    packed = compress(source)
    points = choose_binary_points(config, packed, source.activations)
    vector = source.activations
    runs = {name: simulate(config, packed, vector, name, binary_points=points) for name in ENGINES}
    for run in runs.values():
        assert np.array_equal(run.outputs, runs["functional"].outputs)
    assert runs["fast"].counters.difference(runs["reference"].counters) is None
    weights = packed.decoded().to_dense().astype(np.float64)
    inputs = np.append(vector, 1.0) if packed.has_bias else vector
    exact = 0 if packed.bias is None else packed.bias.astype(np.float64)
    # Inputs, weights and products are each rounded once, to half a unit at most.
    halves = [0.5**(bits + 1) for bits in (points.weight_frac_bits, points.input_frac_bits,
                                           points.output_frac_bits)]
    stored = packed.decoded().to_dense() != 0
    bound = (np.abs(weights) @ np.full_like(inputs, halves[1]) + stored @ np.abs(inputs) * halves[0]
             + stored.sum(axis=1) * (halves[2] + halves[0] * halves[1])
             + halves[2] * (packed.bias is not None))
    error = np.abs(np.maximum(weights @ inputs + exact, 0) - runs["fast"].outputs_float)
    assert (error <= bound + 1e-9).all()
    save_compressed(tmp_path / "a.safetensors", [packed])
    assert load_compressed(tmp_path / "a.safetensors")[0].digest() == packed.digest()
    permuted = compress(source, Recipe(permute_rows=64))
    moved = simulate(config, permuted, vector, binary_points=points)
    assert np.array_equal(moved.outputs, runs["fast"].outputs)
    job = make_job(config, packed, vector, points)
    found = explain(config, packed, job, points)
    assert sum(found.states.values()).tolist() == [runs["fast"].cycles] * 64

    class Counting:
        cycles = 0

        def cycle(self, t, machine):
            self.cycles += 1

    seen = Counting()
    assert replay(config, job, 0, 10**9, seen) == seen.cycles == runs["fast"].cycles


@pytest.mark.parametrize("n_pe", [1, 4096])
def test_fewest_and_most_pes(n_pe):
    source = layer(5000, 20, 0.2)
    config = load_config("eie", n_pe=n_pe, capacity="ignore")
    packed = compress(source)
    fast, reference = (simulate(config, packed, source.activations, name) for name in TIMED)
    assert np.array_equal(fast.outputs, reference.outputs)
    assert fast.counters.difference(reference.counters) is None


@pytest.mark.parametrize("n_pe", [0, 4097, 10**30])
def test_other_numbers_of_pes_are_refused(n_pe):
    with pytest.raises(ConfigError, match="n_pe"):
        load_config("eie", n_pe=n_pe)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0), (5,), (2, 2, 2)])
def test_layers_without_weights_are_refused(shape):
    with pytest.raises(AccelsimError, match="need"):
        Layer(weights=np.zeros(shape, np.float32))


def test_no_activation_at_all():
    source = layer(50, 60, 0.5)
    config = load_config("eie")
    packed = compress(source)
    for name in TIMED:
        run = simulate(config, packed, np.zeros(60), name)
        assert not run.outputs.any()
        # One start cycle, one row, four to drain.
        assert run.cycles == 6


@pytest.mark.slow
def test_a_hundred_million_weights():
    """10,000 x 10,000 at 9 % on 64 PEs and on 4,096: compressed, run, equal in all values."""
    source = random_layer((10_000, 10_000), 0.09, 0.3)
    packed = compress(source)
    vector = np.asarray(source.activations)
    for n_pe in (64, 4096):
        config = load_config("eie", n_pe=n_pe, capacity="ignore")
        fast = simulate(config, packed, vector)
        golden = simulate(config, packed, vector, "functional",
                          binary_points=fast.binary_points)
        assert np.array_equal(fast.outputs, golden.outputs)
        assert fast.operations == golden.operations
        fast.counters.check()
        assert fast.cycles >= fast.operations["entries"] / n_pe
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    assert peak_gb < 8


@pytest.mark.slow
def test_a_hundred_million_stored_weights():
    """All of 10,000 x 10,000 non-zero: nothing is pruned."""
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((10_000, 10_000), dtype=np.float32)
    activations = (rng.random(10_000) < 0.1).astype(np.float32)
    packed = compress(Layer(weights=weights, activations=activations))
    del weights
    config = load_config("eie", capacity="ignore")
    fast = simulate(config, packed, activations)
    entries = int(np.count_nonzero(activations)) * 10_000
    assert fast.operations["macs"] == entries
    # 16 of the 64 PEs have one row more.
    assert fast.cycles >= np.count_nonzero(activations) * 157
