"""traces/speech: the way back through the LSTM against differences, masks against counts."""

import sys
from pathlib import Path

import numpy as np
import pytest

TRACES = Path(__file__).parents[2] / "traces"


@pytest.fixture
def speech(monkeypatch):
    monkeypatch.syspath_prepend(str(TRACES))
    from speech import distil, lstm, masks

    yield lstm, masks, distil
    for name in [name for name in sys.modules if name.partition(".")[0] == "speech"]:
        del sys.modules[name]


def test_gradients_are_differences_of_the_loss(speech):
    lstm, _, _ = speech
    rng = np.random.default_rng(0)
    n, n_inputs = 3, 4
    weights, bias = rng.normal(0, 0.6, (4 * n, n_inputs + n)), rng.normal(0, 0.3, 4 * n)
    inputs, wanted = rng.normal(size=(6, 2, n_inputs)), rng.normal(0, 0.3, (6, 2, n))

    def loss():
        return 0.5 * ((lstm.forward(weights, bias, inputs).hidden[1:] - wanted) ** 2).sum()

    trace = lstm.forward(weights, bias, inputs)
    gradients = lstm.backward(weights, trace, trace.hidden[1:] - wanted)
    for values, gradient in zip((weights, bias), gradients, strict=True):
        for at in np.ndindex(values.shape):
            before = values[at]
            values[at] = before + 1e-5
            more = loss()
            values[at] = before - 1e-5
            less = loss()
            values[at] = before
            assert gradient[at] == pytest.approx((more - less) / 2e-5, rel=1e-5, abs=1e-8)


def test_masks_keep_the_largest_of_their_groups(speech):
    _, masks, _ = speech
    w = np.random.default_rng(1).normal(size=(512, 256))
    for pattern in masks.PATTERNS:
        mask = masks.mask_of(pattern, w, 0.125)
        assert mask.mean() == 0.125
        part, kept = np.abs(w[128:256, 128:]), mask[128:256, 128:]
        blocks = [array.reshape(32, 4, 32, 4).mean(axis=(1, 3)).ravel() for array in (part, kept)]
        groups = {
            "unstructured": [(part.ravel(), kept.ravel())],
            "load_balanced": [(part[p::32].ravel(), kept[p::32].ravel()) for p in range(32)],
            "bank_balanced": [(part[r, b : b + 16], kept[r, b : b + 16])
                              for r in range(128) for b in range(0, 128, 16)],
            "block": [(blocks[0], blocks[1] == 1)],
        }[pattern]
        for values, chosen in groups:
            assert chosen.sum() == len(values) // 8
            assert values[chosen].min() > values[~chosen].max()


def test_retraining_keeps_the_mask_and_lowers_the_loss(speech):
    _, masks, distil = speech
    rng = np.random.default_rng(2)
    dense = (rng.normal(0, 0.2, (512, 256)).astype(np.float32), np.zeros(512, np.float32))
    copies = np.maximum(rng.normal(size=(1, 60, 128)), 0).astype(np.float32)
    batches = distil.Batches(copies, window=6, batch=4)
    weights, bias = dense[0].copy(), dense[1].copy()
    mask = masks.mask_of("load_balanced", weights, 0.3)
    losses = []
    distil.retrain(weights, bias, mask, dense, distil.Stage(0.3, 100, 3e-3), batches, rng,
                   lambda step, loss: losses.append(loss))
    assert not weights[~mask].any()
    assert len(losses) == 2
    assert losses[1] < 0.8 * losses[0]
