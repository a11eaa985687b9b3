"""Layers go to other processes: sweeps send them there."""

import pickle

import numpy as np

import accelsim


def test_layers_travel():
    layer = accelsim.load_layer("nt-we", seed=3)
    packed = accelsim.compress(layer)
    again = pickle.loads(pickle.dumps((layer, packed)))
    assert np.array_equal(again[0].weights.values, layer.weights.values)
    assert again[1].digest() == packed.digest()
    assert dict(again[1].provenance) == dict(packed.provenance)
