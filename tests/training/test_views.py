"""Number systems while they are trained: values are the table's, fixed weights stay where they are,
and trained scales follow the slope of the loss."""

from __future__ import annotations

import numpy as np
import pytest

from accelsim import Layer, Network, Recipe, compress
from accelsim.compression.tables import TABLES
from accelsim.training import Labelled, Schedule, Trainable, train
from accelsim.training.views import InqView, TableView, TtqView

RNG = np.random.default_rng(4)
WEIGHTS = RNG.standard_normal((6, 30)).astype(np.float32)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_view_is_what_compressing_gives(table: str) -> None:
    bits = TABLES[table].bits or 4
    seen = TableView(table, bits)("a", WEIGHTS)
    packed = compress(Layer(WEIGHTS), Recipe(table=table, weight_bits=bits))
    np.testing.assert_array_equal(seen, packed.decoded().to_dense())


def test_inq_fixes_the_largest_first_and_for_good() -> None:
    weights = {"a": WEIGHTS.copy()}
    view = InqView(4)
    view.fix(weights, 0.5)
    magnitudes = np.abs(WEIGHTS).reshape(-1)
    moved = (weights["a"] != WEIGHTS).reshape(-1)
    assert magnitudes[moved].min() >= np.sort(magnitudes)[-90]
    free = view.project("a", np.ones((6, 30), np.float32))
    assert free.sum() == 90
    first = weights["a"].copy()
    weights["a"] += np.float32(0.01) * free
    view.fix(weights, 1.0)
    kept = free == 0
    np.testing.assert_array_equal(weights["a"][kept], first[kept])
    mantissas = np.frexp(np.abs(weights["a"][weights["a"] != 0]))[0]
    assert (mantissas == 0.5).all()
    assert len(np.unique(np.abs(weights["a"]))) <= 5


def test_scales_of_ttq_move_against_the_slope() -> None:
    """What lowers a loss that is linear in the seen weights."""
    view = TtqView(rate=0.1)
    before = view("a", WEIGHTS)
    slope = RNG.standard_normal(WEIGHTS.shape).astype(np.float32)
    followed = view.project("a", slope)
    after = view("a", WEIGHTS)
    for side in (before < 0, before > 0):
        assert float((slope * (after - before))[side].sum()) < 0
        np.testing.assert_allclose(followed[side], slope[side] * np.abs(before[side]), rtol=1e-6)
    np.testing.assert_array_equal(followed[before == 0], slope[before == 0])


def test_scales_of_ttq_learn_what_the_labels_ask_for() -> None:
    images = RNG.standard_normal((400, 30)).astype(np.float32)
    labels = (images @ WEIGHTS.T).argmax(axis=1)
    network = Network((Layer(0.3 * WEIGHTS, None, np.zeros(6), False, "a"),))
    model, view = Trainable.of(network), TtqView(rate=0.5)
    start = view("a", model.weights["a"])
    losses: list[float] = []
    train(model, Labelled(images, labels), Schedule(steps=150, rate=0.05),
          np.random.default_rng(0), view=view, project=view.project,
          on_step=lambda step, loss: losses.append(loss))
    end = view("a", model.weights["a"])
    assert len(np.unique(end)) == 3
    assert np.abs(end).max() > 1.2 * np.abs(start).max()
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])
