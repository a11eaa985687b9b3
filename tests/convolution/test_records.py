"""What a convolution is, what is kept of it, and what is refused in one line."""

import math

import numpy as np
import pytest

from accelsim import Conv2d, Recipe, compress, load_machine, simulate, simulate_network
from accelsim.compression import load_compressed, save_compressed
from accelsim.errors import AccelsimError, FormatError, InputError, UnsupportedError
from accelsim.machines.eie.machine import MACHINE
from accelsim.records import CompressedConv, Geometry
from accelsim.sources import open_source

RNG = np.random.default_rng(3)
WEIGHTS = RNG.standard_normal((6, 2, 3, 2)).astype(np.float32)
IMAGE = RNG.standard_normal((4, 6, 5)).astype(np.float32)


def test_integers_are_pairs_and_the_output_shape_follows():
    conv = Conv2d(WEIGHTS, stride=2, padding=(1, 0), groups=2)
    assert conv.stride == (2, 2)
    assert conv.padding == ((1, 1), (0, 0))
    assert conv.geometry.output_size(6, 5) == (3, 2)
    assert conv.geometry.in_channels == 4


def test_a_convolution_along_one_axis_has_maps_of_one_row():
    conv = Conv2d(WEIGHTS[:, :, 0], stride=2, padding=1, dilation=3)
    assert (conv.stride, conv.padding, conv.dilation) == ((1, 2), ((0, 0), (1, 1)), (1, 3))
    assert conv.geometry.output_size(1, 9) == (1, 4)


@pytest.mark.parametrize("groups", [1, 2])
def test_what_is_kept_are_the_largest_weights_themselves(groups):
    weights = WEIGHTS[:, : 4 // groups]
    packed = compress(Conv2d(weights, groups=groups, bias=WEIGHTS[:, 0, 0, 0]),
                      Recipe(density=0.5, weight_bits=8, permute_rows=4))
    decoded = packed.decoded_weights()
    kept = np.abs(weights) >= np.sort(np.abs(weights), axis=None)[weights.size // 2]
    assert np.array_equal(decoded, np.where(kept, weights, 0))
    assert np.abs(packed.decoded_bias() - WEIGHTS[:, 0, 0, 0]).max() < 0.05


def test_the_file_gives_back_what_was_written(tmp_path):
    packed = compress(Conv2d(WEIGHTS, groups=2, padding=((1, 0), (2, 1)), activations=IMAGE),
                      Recipe(density=0.5))
    save_compressed(tmp_path / "conv.safetensors", [packed])
    (read,) = load_compressed(tmp_path / "conv.safetensors")
    assert read.digest() == packed.digest()
    assert read.geometry == packed.geometry
    machine = load_machine("eie", n_pe=2)
    assert np.array_equal(simulate(machine, read, IMAGE).outputs,
                          simulate(machine, packed, IMAGE).outputs)
    with pytest.raises(UnsupportedError, match="is a convolution; only fully connected"):
        open_source(str(tmp_path / "conv.safetensors"))


def test_a_file_whose_geometry_is_not_the_matrix_s_is_refused(tmp_path):
    packed = compress(Conv2d(WEIGHTS, groups=2), Recipe(density=0.5))
    object.__setattr__(packed.geometry, "kernel", (2, 2))
    save_compressed(tmp_path / "conv.safetensors", [packed])
    with pytest.raises(FormatError, match="a matrix of 6 x 24; the convolution needs 6 x 16"):
        load_compressed(tmp_path / "conv.safetensors")


PACKED = compress(Conv2d(WEIGHTS, groups=2, name="c"), Recipe(density=0.5))

DENSE = compress(Conv2d(np.concatenate([WEIGHTS, WEIGHTS], 1), name="d"), Recipe(density=0.5))


@pytest.mark.parametrize(("wrong", "told"), [
    (lambda: Conv2d(WEIGHTS[0, 0]), "need \\(outputs, inputs / groups, kernel rows"),
    (lambda: Conv2d(WEIGHTS, groups=4), "6 outputs do not part into groups=4"),
    (lambda: Conv2d(WEIGHTS, groups=None), "groups is None; need integers from 1"),
    (lambda: Conv2d(WEIGHTS, stride=0), "stride is \\(0, 0\\); need integers from 1"),
    (lambda: Conv2d(WEIGHTS, stride=1.5), "stride is 1.5; need an integer or \\(rows, columns\\)"),
    (lambda: Conv2d(WEIGHTS, padding=-1), "padding is"),
    (lambda: Conv2d(WEIGHTS, dilation=(1, 2, 3)), "dilation is \\(1, 2, 3\\); need an integer"),
    (lambda: Conv2d(WEIGHTS, bias=np.zeros(5)), "bias has shape \\(5,\\); the weights need \\(6,"),
    (lambda: Conv2d(WEIGHTS * np.nan), "weights must be finite numbers"),
    (lambda: Conv2d(WEIGHTS, activations=IMAGE), "the image has shape \\(4, 6, 5\\); need \\(2,"),
    (lambda: Conv2d(WEIGHTS, activations=IMAGE[:2, :2]), "smaller than the kernel, which spans 3"),
    (lambda: simulate("eie", PACKED, IMAGE[:3]), "the image has shape \\(3, 6, 5\\); need \\(4,"),
    (lambda: simulate("eie", PACKED, IMAGE, lowering="im2row"), "did you mean 'im2col'"),
    (lambda: simulate("ese", PACKED, IMAGE), "takes RecurrentLayer, not a CompressedConv"),
    (lambda: simulate_network(load_machine("eie"), [PACKED], IMAGE), "a chain is of fully connec"),
    (lambda: CompressedConv(DENSE.layer, Geometry(6, 4, (3, 2), groups=2)), "joins two of the 2"),
    (lambda: MACHINE.job(load_machine("eie"), PACKED, IMAGE).plan, "convolution of 16 vectors"),
])
def test_one_line_says_what_is_wrong(wrong, told):
    with pytest.raises(AccelsimError, match=told) as problem:
        wrong()
    assert "\n" not in str(problem.value)


def test_a_layer_has_no_lowering():
    layer = PACKED.layer
    with pytest.raises(InputError, match="lowering is for convolutions"):
        simulate("eie", layer, np.ones(layer.n_inputs), lowering="im2col")


def test_maps_beyond_the_activation_sram_are_told():
    machine = load_machine("eie", n_pe=2, act_sram_kb=0.125)
    result = simulate(machine, PACKED, IMAGE)
    assert result.notes == ()  # told once
    (limit,) = [own for own in result.limits if own.what == "maps in the activation SRAM"]
    assert (limit.value, limit.limit, limit.unit) == (0.2, 0.125, "KB a PE")
    assert not result.feasible
    assert simulate("eie", PACKED, IMAGE).feasible


@pytest.mark.parametrize("lowering", ["im2col", "shifted", "pixels"])
def test_maps_that_just_fit_are_no_limit(lowering):
    """Counted by hand: pixels and one of zeros before, pixels after, a row of channels each."""
    channels, high, wide = IMAGE.shape
    outputs = simulate("eie", PACKED, IMAGE).outputs
    n_pe = 16
    rows = (high * wide + 1) * math.ceil(channels / n_pe)
    rows += outputs[0].size * math.ceil(len(outputs) / n_pe)
    for words, feasible in ((rows, True), (rows - 1, False)):
        machine = load_machine("eie", n_pe=n_pe, act_sram_kb=words * 16 / 8192, regfile_depth=256)
        result = simulate(machine, PACKED, IMAGE, lowering=lowering)
        assert result.feasible is feasible


def test_fit_counts_maps():
    machine = load_machine("eie", n_pe=2, act_sram_kb="fit")
    result = simulate(machine, PACKED, np.tile(IMAGE, (1, 9, 9)))
    assert result.feasible
    assert result.notes == ()
    smaller = load_machine("eie", n_pe=2, act_sram_kb=result.config.act_sram_kb / 2)
    assert not simulate(smaller, PACKED, np.tile(IMAGE, (1, 9, 9))).feasible
