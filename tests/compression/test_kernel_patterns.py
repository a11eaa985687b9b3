"""Patterns with their meaning for convolutions: what stands together stays or goes together."""

import sys
from pathlib import Path

import numpy as np
import pytest

from accelsim import Conv2d, Recipe, compress, load_machine, simulate
from accelsim.cli import main
from accelsim.errors import InputError

SHAPE = (6, 4, 3, 5)
TRACES = Path("traces").resolve()
LENET = (str(TRACES / "lenet-5" / "dense.safetensors"), "--network", "lenet-5", "--inputs",
         str(TRACES / "lenet-300-100" / "digits.safetensors"))


def conv(groups=1, shape=SHAPE):
    weights = np.random.default_rng(5).normal(size=shape).astype(np.float32)
    return Conv2d(weights, groups=groups, name="c")


def whole(kept, pattern):
    """Weights that stay of each group that the pattern keeps or removes as one."""
    sums = {
        "vector": kept.sum(axis=3), "kernel": kept.sum(axis=(2, 3)),
        "filter": kept.sum(axis=(1, 2, 3)), "row": kept.sum(axis=(1, 2, 3)),
        "channel": kept.sum(axis=(0, 2, 3)), "output_channel": kept.sum(axis=(1, 2, 3)),
    }
    return set(np.unique(sums[pattern]).tolist())


@pytest.mark.parametrize(("pattern", "counts"), [
    ("vector", {0, 5}), ("kernel", {0, 15}), ("filter", {0, 60}), ("row", {0, 60}),
    ("channel", {0, 90}), ("output_channel", {30}),
])
def test_what_stays_together(pattern, counts):
    one = conv()
    packed = compress(one, Recipe(pattern=pattern, density=0.5, weight_bits=8))
    kept = packed.decoded_weights() != 0
    assert whole(kept, pattern) == counts
    assert kept.sum() == kept.size / 2
    assert np.abs(one.weights[kept]).mean() > np.abs(one.weights[~kept]).mean()
    assert packed.layer.provenance["recipe"]["pattern"] == pattern


def test_the_largest_kernels_stay():
    """By a loop over all kernels."""
    one = conv()
    kept = compress(one, Recipe(pattern="kernel", density=0.25, weight_bits=8)).decoded_weights()
    sums = {(o, i): float(np.abs(one.weights[o, i]).sum()) for o in range(6) for i in range(4)}
    best = sorted(sums, key=lambda at: -sums[at])[:6]
    assert {(o, i) for o in range(6) for i in range(4) if kept[o, i].any()} == set(best)


def test_groups_keep_channels_of_their_own():
    one = conv(groups=2, shape=(6, 2, 3, 3))
    kept = compress(one, Recipe(pattern="channel", density=0.5, weight_bits=8)).decoded_weights()
    for part in (kept[:3], kept[3:]):
        assert sorted(np.unique((part != 0).sum(axis=(0, 2, 3))).tolist()) == [0, 27]


def test_in_a_matrix_a_kernel_is_one_weight():
    weights = np.random.default_rng(1).normal(size=(8, 12)).astype(np.float32)
    point = Conv2d(weights[:, :, None, None], name="c")
    for pattern in ("kernel", "vector"):
        kept = compress(point, Recipe(pattern=pattern, density=0.3)).decoded_weights()[..., 0, 0]
        plain = compress(point, Recipe(pattern="unstructured", density=0.3)).decoded_weights()
        assert ((kept != 0) == (plain[..., 0, 0] != 0)).all()


@pytest.mark.parametrize("winograd", ["before", "after"])
def test_whole_kernels_are_whole_in_winograds_matrix(winograd):
    one = Conv2d(np.random.default_rng(2).normal(size=(4, 5, 3, 3)), padding=1, name="c")
    packed = compress(one, Recipe(pattern="kernel", density=0.4, winograd=winograd,
                                  bias="accumulator"))
    elements = packed.winograd.decoded().to_dense().reshape(4, 16, 5)
    gone = ~(packed.decoded_weights() != 0).any(axis=(2, 3))
    assert gone.sum() == 12
    assert not elements.transpose(0, 2, 1)[gone].any()
    image = np.ones((5, 6, 6))
    machine = load_machine("eie", n_pe=4)
    for way in ("im2col", "winograd"):
        assert simulate(machine, packed, image, lowering=way).cycles > 0


def test_a_density_is_needed():
    with pytest.raises(InputError, match="needs density"):
        compress(conv(), Recipe(pattern="kernel"))


@pytest.mark.parametrize("view", [["simulate"], ["explain"], ["report"],
                                  ["trace", "-l", "conv2", "-o", "x.vcd"]])
def test_views_prune_a_network_by_a_pattern(view, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    name, *more = view

    def status(*words):
        monkeypatch.setattr(sys, "argv", ["accelsim", name, *LENET, *more, *words])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code, capsys.readouterr()

    assert status("--pattern", "kernel", "--density", "0.2")[0] == 0
    for words, told in ((("--pattern", "kernel"), "give --density"),
                        (("--pattern", "kernl", "--density", "0.2"), "did you mean 'kernel'"),
                        (("--pattern", "bank_balanced", "--density", "0.2"), "--pattern-set")):
        code, (out, err) = status(*words)
        assert (code, out) == (2, "")
        assert told in err.splitlines()[-1]
