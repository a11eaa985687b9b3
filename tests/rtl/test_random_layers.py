"""The Verilog array equals the model on random machines: outputs, cycles, every counter."""

from __future__ import annotations

import pytest

from accelsim.rtl_bridge import cosim
from tests.rtl.bench import BUILDS, RTL, disagreement
from tests.rtl.random_cases import random_cases


def differences(seed, machines, layers, **sizes):
    """(number of layers, every difference with the words that make its case again)."""
    number, found = 0, []
    for _, _, case in random_cases(seed, machines, layers, **sizes):
        number += 1
        told = disagreement(case)
        if told is not None:
            found.append(f"{told} in {case!r}")
    return number, found


@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_layers_are_equal(seed):
    number, found = differences(seed, machines=20, layers=5)
    assert number == 100
    assert not found, found[0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 125))
def test_two_hundred_layers_are_equal(seed):
    number, found = differences(seed, machines=40, layers=5, max_pe=20, max_side=70)
    assert number == 200
    assert not found, found[0]


@pytest.mark.parametrize("seed", [31, 32])
def test_every_cycle_of_forty_layers_is_equal(seed):
    for _, _, case in random_cases(seed, machines=10, layers=4):
        report = cosim(case.config, case.job, [RTL], BUILDS)
        assert report.equal, f"{report} in {case!r}"
