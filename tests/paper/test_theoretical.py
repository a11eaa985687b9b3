"""Theoretical times of the nine published layers against a closed form, and beside Table IV.

The closed form is for matrices whose positions are non-zero independently (EIE sec. III says when
padding is needed): an entry at place i of a PE's column of L places, behind at least m * R zeros,
costs m padding entries, R = 2**index_bits.
"""

import numpy as np
import pytest

import accelsim
from accelsim.workload import published_layers

# EIE (ISCA 2016) Table IV, 64 PEs, batch 1, microseconds.
TABLE_IV = {
    "alex-6": 28.1, "alex-7": 11.7, "alex-8": 8.9, "vgg-6": 28.1, "vgg-7": 7.9, "vgg-8": 7.3,
    "nt-we": 5.2, "nt-wd": 13.0, "nt-lstm": 6.5,
}
# Their activations or weights are one image's, far from the densities of Table III.
ONE_IMAGE = {"alex-8", "vgg-6"}


def entries_of_column(length, density, run_limit):
    """Expected entries, padding included, of one random column."""
    q = 1 - density
    total = 0.0
    for place in range(length):
        total += density * (1 + sum(q ** (m * run_limit) for m in range(1, place // run_limit + 1)))
    return total


@pytest.mark.parametrize("name", list(published_layers()))
def test_theoretical_time(name):
    spec = published_layers()[name]
    config = accelsim.load_config("eie", capacity="ignore")
    layer = accelsim.load_layer(name, seed=1)
    packed = accelsim.compress(layer)
    result = accelsim.simulate(config, packed, layer.activations, engine="functional")
    active = np.count_nonzero(layer.activations)
    rows = [len(range(pe, spec.n_outputs, 64)) for pe in range(64)]
    per_column = sum(entries_of_column(length, spec.weight_density, 16) for length in rows)
    closed_form_us = active * per_column / 64 / 800
    assert result.theoretical_us == pytest.approx(closed_form_us, rel=0.03)
    if name not in ONE_IMAGE:
        assert result.theoretical_us == pytest.approx(TABLE_IV[name], rel=0.10)
