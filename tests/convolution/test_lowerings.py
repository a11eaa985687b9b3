"""Every lowering: all tellings agree, outputs and cycles are those of the contract's words."""

from itertools import product
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim import Conv2d, Recipe, compress, load_machine, simulate
from accelsim.errors import CapacityError, InputError, UnsupportedError
from tests.convolution import lowered_oracle as oracle
from tests.convolution.cases import Case
from tests.convolution.oracle import convolve

MACHINES = {"n_pe": (1, 2, 4, 16), "act_queue_depth": (1, 2, 8), "index_bits": (2, 4),
            "row_change_cycles": (1, 0), "start_cycles": (1, 2), "accumulator_bits": (16, 9)}


def make(seed, size=(5, 4), group=(3, 5), groups=1, padding=1, bias="column", winograd="after",
         kernel=(3, 3), stride=1, n=1, active=0.6, density=0.5, permute=None, **machine):
    rng = np.random.default_rng(seed)
    config = load_machine("eie", **machine)
    images = rng.standard_normal((n, group[0] * groups, *size))
    images *= rng.random(images.shape) < active
    conv = Conv2d(rng.standard_normal((group[1] * groups, group[0], *kernel)).astype(np.float32),
                  bias=rng.standard_normal(group[1] * groups) if bias else None, padding=padding,
                  stride=stride, groups=groups, relu=bool(seed % 2), activations=images)
    packed = compress(conv, Recipe(density=density, index_bits=config.index_bits,
                                   weight_bits=config.weight_bits,
                                   bias=bias or "auto", winograd=winograd, permute_rows=permute))
    return Case(config, conv, packed, images, {})


def agree(case, lowering):
    runs = {engine: simulate(case.config, case.packed, case.images, engine, lowering=lowering)
            for engine in ("functional", "reference", "fast")}
    slow, fast = runs["reference"], runs["fast"]
    assert slow.counters.difference(fast.counters) is None
    for run in runs.values():
        assert np.array_equal(run.outputs, fast.outputs)
        assert run.operations == fast.operations
        assert run.lowering == lowering
    told = simulate(case.config, case.packed, case.images, outputs=False, lowering=lowering)
    assert told.cycles == fast.cycles
    return fast


@st.composite
def cases(draw):
    words = {name: draw(st.sampled_from(values)) for name, values in MACHINES.items()}
    groups = draw(st.sampled_from((1, 1, 2)))
    return make(
        draw(st.integers(0, 99)), (draw(st.integers(2, 4)), draw(st.integers(2, 4))),
        (draw(st.integers(1, 5)), draw(st.integers(1, 4))), groups,
        draw(st.sampled_from((1, ((1, 0), (2, 1))))), draw(st.sampled_from(
            ("", "column", "accumulator"))), draw(st.sampled_from(("before", "after"))),
        n=draw(st.integers(1, 2)), **words)


def plain_cycles(config, out, bias):
    """Start, drain, a store of an output's rows, and a load of its biases where there are any."""
    rows = ceil(out / config.n_pe)
    return config.start_cycles + 4, rows, rows + 1 if bias is not None else 0


@settings(max_examples=4, deadline=None)
@given(cases())
def test_winograd_is_the_contract_s_words(case):
    run = agree(case, "winograd")
    config, out = case.config, case.conv.geometry.out_channels
    outputs, weights, column, vectors = oracle.winograd(case, case.points)
    assert np.array_equal(run.outputs, np.maximum(outputs, 0) if case.conv.relu else outputs)
    n_pe, layer = config.n_pe, case.packed.winograd
    rows_in, tiles = ceil(weights.shape[2] / n_pe), len(vectors) // 16
    both, rows_out, load_bias = plain_cycles(config, out, layer.bias)
    cycles = tiles * (rows_in * (16 + 1 + 32 + 16) + rows_out * (16 + 1 + 24))
    cycles += outputs[:, 0].size * rows_out
    for element, vector in vectors:
        cycles += both + rows_out + rows_in + 1 + oracle.compute(
            config, oracle.spread(weights[:, element], n_pe), oracle.spread(vector, n_pe),
            column[:, 0] if column is not None and element == 5 else None)
        cycles += load_bias * (element == 5)
    assert run.cycles == cycles
    assert run.counters.transform_cycles == tiles * (32 * rows_in + 24 * rows_out)
    assert (run.counters.transform_additions == run.counters.transform_cycles).all()
    assert run.n_vectors == len(vectors)


def vectors_of(case):
    """Weights (out, positions, channels), the bias column, and each pixel's (positions, channels)
    by output rows."""
    config, points, conv = case.config, case.points, case.conv
    weights = case.packed.decoded_weights()
    dense = np.zeros((conv.geometry.out_channels, *conv.geometry.kernel,
                      conv.geometry.in_channels))
    for out, (group, inside) in enumerate(product(range(conv.groups),
                                                  range(conv.geometry.group_outputs))):
        assert out == group * conv.geometry.group_outputs + inside
        first = group * conv.geometry.group_inputs
        dense[out, :, :, first : first + weights.shape[1]] = weights[out].transpose(1, 2, 0)
    dense = dense.reshape(len(dense), -1, dense.shape[-1])
    bias = case.packed.decoded_bias() if case.packed.layer.has_bias else None
    images = oracle.integers(case.images, config.activation_bits, points.input_frac_bits)
    (top, bottom), (left, right) = conv.padding
    rows = []
    for image in images:
        high = (image.shape[1] + top + bottom - conv.geometry.kernel[0]) // conv.stride[0] + 1
        wide = (image.shape[2] + left + right - conv.geometry.kernel[1]) // conv.stride[1] + 1
        for y in range(high):
            rows.append([[(y * conv.stride[0] + ky - top, x * conv.stride[1] + kx - left, image)
                          for ky, kx in product(*map(range, conv.geometry.kernel))]
                         for x in range(wide)])
    return dense, bias, rows


@settings(max_examples=6, deadline=None)
@given(cases())
def test_shifted_is_the_contract_s_words(case):
    run = agree(case, "shifted")
    config, n_pe = case.config, case.config.n_pe
    outputs, products = convolve(config, case.conv, case.packed, case.images, case.points)
    assert np.array_equal(run.outputs, outputs)
    assert run.counters.macs.sum() == products
    weights, bias, rows = vectors_of(case)
    both, rows_out, load_bias = plain_cycles(config, len(weights), case.packed.layer.bias)
    register_rows, cycles = ceil(weights.shape[2] / n_pe), 0
    for row in rows:
        for ky in range(3):
            read = {(y, x) if 0 <= y < image.shape[1] and 0 <= x < image.shape[2] else None
                    for places in row for y, x, image in places[3 * ky : 3 * ky + 3]}
            cycles += len(read) * register_rows + 1
        for places in row:
            cycles += rows_out + load_bias
            for position, place in enumerate(places):
                cycles += both + oracle.compute(
                    config, oracle.spread(weights[:, position], n_pe),
                    oracle.spread(oracle.pixel(place[2], *place[:2]), n_pe),
                    bias if position == 8 else None)
    assert run.cycles == cycles


@settings(max_examples=6, deadline=None)
@given(cases(), st.sampled_from((8, 17)))
def test_pixels_beside_each_other_are_the_contract_s_words(case, n_pe):
    case = Case(case.config.model_copy(update={"n_pe": n_pe}), case.conv, case.packed,
                case.images, {})
    out = case.conv.geometry.out_channels
    at_once = n_pe // out
    if at_once < 2:
        with pytest.raises(UnsupportedError, match="leave no PEs of"):
            simulate(case.config, case.packed, case.images, lowering="pixels")
        return
    run = agree(case, "pixels")
    outputs, _ = convolve(case.config, case.conv, case.packed, case.images, case.points)
    assert np.array_equal(run.outputs, outputs)
    weights, bias, rows = vectors_of(case)
    weights = oracle.spread(weights, n_pe).reshape(out, -1)
    flat = [np.concatenate([oracle.spread(oracle.pixel(image, y, x), n_pe)
                            for y, x, image in places]) for row in rows for places in row]
    flat += [np.zeros_like(flat[0])] * (-len(flat) % at_once)
    block = np.kron(np.eye(at_once, dtype=int), weights)
    both, _, load_bias = plain_cycles(case.config, out, case.packed.layer.bias)
    cycles = 0
    for first in range(0, len(flat), at_once):
        vector = np.concatenate(flat[first : first + at_once])
        if len(vector) > n_pe * case.config.regfile_depth:
            return  # loaded in batches, with a pass each
        cycles += both + 1 + load_bias + len(vector) // n_pe + 1 + oracle.compute(
            case.config, block, vector, None if bias is None else np.tile(bias, at_once))
    assert run.cycles == cycles


@pytest.mark.parametrize("lowering", ["shifted", "pixels"])
@pytest.mark.parametrize("changed", [
    {"kernel": (2, 3), "stride": 2}, {"permute": 4}, {"bypass": False}, {"capacity": "ignore"},
    {"groups": 3, "group": (1, 1)}, {"size": (1, 20), "kernel": (1, 3), "padding": (0, 1)},
])
def test_values_are_those_of_the_loop_nest(lowering, changed):
    case = make(3, **{"n_pe": 16, "regfile_depth": 64} | changed)
    outputs, _ = convolve(case.config, case.conv, case.packed, case.images, case.points)
    assert np.array_equal(agree(case, lowering).outputs, outputs)


def test_a_depthwise_convolution_keeps_one_pe_at_work():
    """V6: on 16 PEs a column of one row; pixels beside each other change nothing of that."""
    case = make(1, group=(1, 1), groups=16, n_pe=16, density=1.0, active=1.0, bias="",
                size=(6, 6), padding=0)
    run = agree(case, "im2col")
    assert run.counters.macs.sum() == 16 * 9 * 16
    compute = run.counters.compute_cycles
    assert run.counters.broadcasts == 16 * 9 * 16 <= compute
    assert run.counters.macs.sum() / (16 * compute) < 1 / 15


@pytest.mark.parametrize(("given", "lowering", "told"), [
    ({"kernel": (1, 1), "padding": 0}, "winograd", "needs a kernel of 3 x 3"),
    ({"stride": 2}, "winograd", "needs a stride of 1 x 1, this one has stride 2 x 2"),
    ({"winograd": None}, "winograd", "compress with --winograd before or after"),
    ({"activation_bits": 4}, "winograd", "needs activation_bits of 5 or more"),
    ({"spmat_kb": 0.0625, "n_pe": 1}, "winograd", "the 16 matrices have .* take lowering='im2col'"),
    ({"regfile_depth": 8}, "winograd", "a tile's 16 words do not fit regfile_depth=8"),
    ({"kernel": (1, 1), "padding": 0}, "shifted", "nothing to shift"),
    ({"regfile_depth": 3}, "shifted", "takes 4 words of a PE's destination register file"),
    ({"regfile_depth": 4}, "shifted", "takes 5 words of a PE's source register file"),
    ({"n_pe": 9}, "pixels", "5 rows leave no PEs of 9 for a second pixel"),
    ({}, "winogrand", "did you mean 'winograd'"),
])
def test_what_does_not_go_is_refused_by_name(given, lowering, told):
    case = make(1, **{"n_pe": 16} | given)
    with pytest.raises((UnsupportedError, CapacityError, InputError), match=told) as problem:
        simulate(case.config, case.packed, case.images, lowering=lowering)
    assert "\n" not in str(problem.value)


def test_auto_tries_each_and_takes_the_fastest():
    case = make(1, n_pe=16, winograd=None)
    run = simulate(case.config, case.packed, case.images, lowering="auto")
    each = {name: simulate(case.config, case.packed, case.images, lowering=name).cycles
            for name in ("im2col", "shifted", "pixels")}
    assert {name: told for name, told in run.tried.items() if name != "winograd"} == each
    assert run.tried["winograd"] == "weights not transformed"
    assert each[run.lowering] == run.cycles == min(each.values())
    assert simulate(case.config, case.packed, case.images).tried == {}


@pytest.mark.parametrize("winograd", ["before", "after"])
def test_pruning_before_or_after_the_transform(winograd):
    """Whole and unpruned, both are the convolution but for rounding; pruned, they keep the share
    of weights on their own side."""
    whole = make(2, group=(4, 8), density=1.0, winograd=winograd, n_pe=4, bias="accumulator",
                 weight_bits=8)
    near = agree(whole, "winograd").outputs_float - simulate(
        whole.config, whole.packed, whole.images).outputs_float
    assert np.abs(near).max() < 0.3  # 256 shared weights each; outputs reach 15
    pruned = make(2, group=(4, 8), density=0.25, winograd=winograd, n_pe=4, bias="")
    kept = pruned.packed.winograd.matrix.nnz / (8 * 64)
    assert kept == 0.25 if winograd == "after" else kept > 0.5


@pytest.mark.parametrize(("lowering", "changed"), [
    ("im2col", {}), ("im2col", {"n": 2, "bias": "accumulator"}), ("im2col", {"kernel": (1, 1)}),
    ("im2col", {"regfile_depth": 4}), ("im2col", {"bypass": False}), ("winograd", {}),
    ("pixels", {"n_pe": 16}), ("shifted", {}),
])
def test_loads_in_the_drain_are_the_contract_s_words(lowering, changed):
    case = make(3, **{"n_pe": 4, "padding": 0, "size": (5, 5), **changed})
    plain = agree(case, lowering)
    config = case.config.model_copy(update={"overlap": True})
    run = agree(Case(config, case.conv, case.packed, case.images, {}), lowering)
    geometry = case.conv.geometry
    row = ceil(geometry.in_channels / config.n_pe)
    # (rows of a load, whether a drain stands before it) of every load of a vector (O1).
    rows = row * {"im2col": geometry.n_positions, "pixels": geometry.n_positions * (
        config.n_pe // geometry.out_channels), "winograd": 1, "shifted": 0}[lowering]
    loads = [min(config.regfile_depth, rows - at) for at in range(0, rows, config.regfile_depth)]
    products = 16 if lowering == "winograd" else 1
    hidden = plain.n_vectors * sum(min(4, n + 1) for n in loads)
    hidden -= products * min(4, loads[0] + 1) if loads else 0
    assert plain.cycles - run.cycles == hidden
    assert plain.counters.load_cycles - run.counters.load_cycles == hidden
    assert np.array_equal(plain.outputs, run.outputs)
    for name in ("act_sram_reads", "src_reg_writes", "macs", "broadcasts", "drain_cycles",
                 "starved_cycles"):
        assert np.array_equal(getattr(plain.counters, name), getattr(run.counters, name))
