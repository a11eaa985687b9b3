"""Descriptions of cells: a new kind is one of them, and mistakes in it are one line."""

import math
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from accelsim.compression import recurrent_points
from accelsim.errors import InputError
from accelsim.lowering.float_run import run_float
from accelsim.lowering.program import make_program
from accelsim.machines import EseConfig, load_as, run_job
from accelsim.machines.ese.job import make_job
from accelsim.records.cells import CELLS, Cell, Product, Row, add, mul
from accelsim.records.recurrent import RecurrentLayer
from tests.ese.layers import random_layer, utterance

MINIMAL = Cell(
    lambda options: (
        Row(1, Product("Wfx", "x", "f")),
        Row(1, Product("Wnx", "x", "n")),
        Row(2, Product("Wfr", "y", "f")),
        Row(2, None, (add("f = sigmoid(Wfx + Wfr + bf)", "f"),)),
        Row(3, None, (mul("s = f * y", "y"),)),
        Row(3, Product("Wnr", "s", "n")),
        Row(4, None, (add("n = tanh(Wnx + Wnr + bn)", "n"),)),
        Row(4, None, (mul("h = (1 - f) * y + f * n", "y"),)),
    ),
    vectors=("bf", "bn"),
    output=("h",),
)
"""The minimal gated unit (Zhou et al., 2016): a GRU with one gate."""


def machine(**settings):
    return load_as(EseConfig, "ese", **{"n_pe": 3, "n_channels": 2, "elementwise_width": 2,
                                        **settings})


def minimal_gated_unit(layer, x):
    """One channel in floating point, with loops of its own."""
    w, b, h, out = layer.matrices, layer.biases, np.zeros(layer.n_cells), []
    for x_t in x:
        f = 1 / (1 + np.exp(-(w["Wfx"] @ x_t + w["Wfr"] @ h + b["bf"])))
        n = np.tanh(w["Wnx"] @ x_t + w["Wnr"] @ (f * h) + b["bn"])
        h = (1 - f) * h + f * n
        out.append(h)
    return np.array(out)


def test_a_new_kind_of_cell_is_one_description(monkeypatch):
    monkeypatch.setitem(CELLS, "minimal", MINIMAL)
    rng = np.random.default_rng(3)
    layer = random_layer(rng, "minimal")
    x = utterance(rng, 6, 2, 6)
    wanted = np.stack([minimal_gated_unit(layer, x[:, k]) for k in range(2)], axis=1)
    assert np.allclose(run_float(layer, x).outputs, wanted, rtol=0, atol=1e-12)
    config = machine(sigmoid_input_max=8.0, tanh_input_max=8.0, table_samples=4096)
    job = make_job(config, layer, x)
    slow, fast, golden = (run_job(e, config, job) for e in ("reference", "fast", "functional"))
    assert np.array_equal(slow.outputs, fast.outputs)
    assert np.array_equal(golden.outputs, fast.outputs)
    assert slow.counters.difference(fast.counters) is None
    assert slow.slots == fast.slots
    assert np.abs(np.ldexp(fast.outputs, -job.frac_bits["y"]) - wanted).max() < 0.02
    assert fast.counters.table_lookups == 2 * 6 * 2 * layer.n_cells


@pytest.mark.parametrize("kind", CELLS)
def test_names_follow_the_equations(kind):
    """What a record asks for is what the equations read, by the naming rule of matrices."""
    cell = CELLS[kind]
    layer = random_layer(np.random.default_rng(0), kind, peepholes=True,
                         n_out=7 if cell.optional_matrices else None)
    program = make_program(layer)
    assert set(program.products) == set(layer.matrices)
    assert set(program.vectors) == set(cell.vectors)
    assert all(name.endswith("x") for name in cell.input_matrices)
    assert all(name.endswith("r") for name in cell.recurrent_matrices)
    read = {name for equation in program.equations for name in equation.reads()}
    assert set(program.vectors) <= read


def test_what_a_layer_does_not_have_falls_away():
    rng = np.random.default_rng(0)
    full = make_program(random_layer(rng, peepholes=True, n_out=7))
    bare = make_program(random_layer(rng, biases=False))
    assert (full.output, bare.output) == ("Wym", "m")
    assert {e.result for e in full.equations} - {e.result for e in bare.equations} == {
        "Wic.c", "Wfc.c", "Woc.c"}
    i = next(e for e in bare.equations if e.result == "i")
    assert i.total.terms == ("Wix", "Wir")
    assert bare.signals["y"] == "m"
    assert len(bare.rows) == len(full.rows) - 2


@pytest.mark.parametrize(("changed", "says"), [
    (add("n = tanh(Wnx + Wnr + s", "n"), "equation 'n = tanh"),
    (add("n = tanh(Wnx - Wnr)", "n"), "need a result"),
    (add("n = tanh(2 * Wnx)", "n"), "need a result"),
    (add("tanh(Wnx)", "n"), "need a result"),
    (add("n = tanh(Wnx + Wnt + bn)", "n"), "no row before makes 'Wnt'; did you mean 'Wnx'"),
    (add("n = tanh(Wnx + (1 - s) * f)", "n"), "1 - s is for values of functions"),
    (add("n = tanh(s * (bn + bn))", "n"), "a sum in brackets has no matrix product"),
    (add("n = tanh(Wnx + f)", "n"), "'f' has the binary point of 'function', the sum that"),
    (add("k = tanh(Wnx)", "n"), "no row before makes 'n'"),
])
def test_a_description_that_makes_no_sense(monkeypatch, changed, says):
    rows = list(MINIMAL.rows(None))
    rows[6] = replace(rows[6], equations=(changed,))
    monkeypatch.setitem(CELLS, "minimal", replace(MINIMAL, rows=lambda options: tuple(rows)))
    layer = random_layer(np.random.default_rng(0), "minimal")
    with pytest.raises(InputError) as caught:
        make_program(layer)
    assert says in str(caught.value)


def test_a_cell_without_its_output(monkeypatch):
    monkeypatch.setitem(CELLS, "minimal", replace(MINIMAL, output=("q",)))
    with pytest.raises(InputError, match="no row makes q"):
        make_program(random_layer(np.random.default_rng(0), "minimal"))


def test_a_vector_that_would_come_too_late(monkeypatch):
    early = replace(MINIMAL, vectors=("bn", "bz", "bq", "bf"))
    rows = (*MINIMAL.rows(None)[:3], replace(MINIMAL.rows(None)[3], equations=(
        add("f = sigmoid(Wfx + Wfr + bf + bz + bq)", "f"),)), *MINIMAL.rows(None)[4:])
    monkeypatch.setitem(CELLS, "minimal", replace(early, rows=lambda options: rows))
    layer = random_layer(np.random.default_rng(0), "minimal")
    with pytest.raises(InputError, match="slot 4 reads 'bf', which slot 4 fetches"):
        make_job(machine(), layer, np.ones((1, 6)))


def test_binary_points_that_fall_without_end(monkeypatch):
    """y = 8 y: a weight of -1 fraction bits lowers y again and again."""
    rows = (Row(1, Product("Wyx", "x", "y")), Row(1, Product("Wyr", "y", "y")),
            Row(2, None, (add("h = Wyx + Wyr", "y"),)))
    grows = Cell(lambda options: rows, (), ("h",))
    monkeypatch.setitem(CELLS, "grows", grows)
    layer = RecurrentLayer("grows", {"Wyx": np.ones((1, 1)), "Wyr": np.full((1, 1), 8.0)})
    with pytest.raises(InputError, match="a product that feeds itself"):
        make_job(machine(weight_bits=2), layer, np.ones((3, 1)))


def test_stages_can_be_called_one_by_one():
    """The job has the binary points that calibration chooses, from a sample of its own."""
    rng = np.random.default_rng(4)
    layer, config = random_layer(rng, peepholes=True), machine()
    x, sample = utterance(rng, 2, 2, 6), utterance(rng, 9, 2, 6) * 3
    job = make_job(config, layer, x, calibration=sample)
    points = recurrent_points.choose_recurrent_points(config, layer, job.weights, sample)
    assert job.frac_bits == {**points, "output": points["y"]}
    assert points["x"] == 15 - math.ceil(math.log2(np.abs(sample).max()))
    again = make_job(config, layer, x, frac_bits=points)
    assert np.array_equal(again.inputs, job.inputs)
    assert again.program == job.program


def test_binary_points_by_hand_are_checked():
    rng = np.random.default_rng(5)
    layer, config = random_layer(rng, peepholes=True), machine()
    x = utterance(rng, 2, 2, 6)
    points = dict(make_job(config, layer, x).frac_bits)
    with pytest.raises(InputError, match="no binary point of 'cell'"):
        make_job(config, layer, x, {k: v for k, v in points.items() if k != "cell"})
    with pytest.raises(InputError, match=r"product in m: product shift is -2; need 0 or more"):
        make_job(config, layer, x, {**points, "m": 30, "y": 30})
    with pytest.raises(InputError, match=r"Wix: product shift is .*need 0 to 28"):
        make_job(config, layer, x, {**points, "x": 60})


def test_the_job_tells_its_inputs_and_its_relu():
    rng = np.random.default_rng(6)
    layer = random_layer(rng, "linear")
    job = make_job(machine(), layer, utterance(rng, 2, 2, 6))
    digest = sha256(b"".join(int(v).to_bytes(8, "little", signed=True) for v in job.inputs.flat))
    assert job.input_sha256() == digest.hexdigest()
    outputs = np.array([[[-3, 4]]])
    assert job.finished(outputs).tolist() == [[[-3, 4]]]
    layer = random_layer(rng, "linear", relu=True)
    job = make_job(machine(), layer, utterance(rng, 2, 2, 6))
    assert job.finished(outputs).tolist() == [[[0, 4]]]
