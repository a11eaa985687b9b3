"""INQ's ratios by formula, against counting places and runs of weights that are kept at random."""

from __future__ import annotations

import numpy as np
import pytest

from accelsim import Recipe
from accelsim.compression.table import gap_code
from accelsim.errors import ConfigError, InputError
from accelsim.machines import load_machine
from accelsim.papers import reproduce
from accelsim.papers.inq import padded_bits, place_bits


def test_ratios_beside_the_printed_ones() -> None:
    (table,) = reproduce("inq").tables
    assert [table.cell(row, "rate").published for row in table.rows] == [53, 71, 89]
    # 17.7 times 32 over ten, eight and six bits.
    assert [round(table.cell(row, "rate").ours, 1) for row in table.rows] == [56.6, 70.8, 94.4]


@pytest.mark.parametrize("run_bits", [3, 4, 5])
def test_padding_is_that_of_the_encoder(run_bits: int) -> None:
    rng = np.random.default_rng(0)
    kept = 1 / 17.7
    places = np.flatnonzero(rng.random(2_000_000) < kept)
    entries = len(gap_code(places, run_bits)[0])
    assert padded_bits(kept, 4, run_bits) == pytest.approx(
        (4 + run_bits) * entries / len(places), rel=0.01)


def test_places_have_no_fewer_bits_than_their_entropy() -> None:
    counted = np.random.default_rng(1).random(1_000_000) < 0.1
    gaps = np.diff(np.flatnonzero(counted))
    shares = np.bincount(gaps) / len(gaps)
    shares = shares[shares > 0]
    assert place_bits(0.1) == pytest.approx(float(-(shares * np.log2(shares)).sum()), rel=0.01)


def test_signs_for_activations_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="XNOR-Net"):
        load_machine("eie", activation_bits=1)
    with pytest.raises(InputError, match="nothing could be skipped"):
        Recipe(table="xnor")
