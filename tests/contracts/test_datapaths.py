"""Datapaths without a multiplier: the same outputs, cycles and counters as with one, on tables that
both hold; others are refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from accelsim import Layer, Recipe, compress, load_machine, simulate
from accelsim.energy.technology import load_events
from accelsim.errors import ConfigError, UnsupportedError
from accelsim.machines.eie.datapath import decoder_words, held
from accelsim.machines.eie.datapath_prices import area_growth, mac_pj
from accelsim.rtl_bridge import rtl_parameters

SIGNS = {"weight_value_bits": 2}
HELD: list[tuple[str, str, dict[str, Any]]] = [
    ("shift", "power_of_two", {}), ("shift", "log", {"weight_value_bits": 9}),
    ("shift", "ternary:scales=2:scale=power_of_two", {}),
    ("sign", "ternary:scale=power_of_two", SIGNS), ("sign", "binary:scale=power_of_two", SIGNS),
]


def layer(seed: int = 1) -> Layer:
    rng = np.random.default_rng(seed)
    return Layer(rng.normal(size=(30, 40)), np.maximum(rng.normal(size=40), 0),
                 bias=rng.normal(size=30), name="fc")


@pytest.mark.parametrize(("multiplier", "table", "widths"), HELD)
def test_every_telling_is_that_of_the_multiplier(
    multiplier: str, table: str, widths: dict[str, int]
) -> None:
    given = layer()
    packed = compress(given, Recipe(table=table, density=0.6, bias="accumulator"))
    full = simulate(load_machine("eie", n_pe=4, **widths), packed, given.activations)
    config = load_machine("eie", n_pe=4, multiplier=multiplier, **widths)
    for engine in ("fast", "reference", "functional"):
        told = simulate(config, packed, given.activations, engine=engine)
        assert np.array_equal(told.outputs, full.outputs)
        assert told.frac_bits == full.frac_bits
        if engine != "functional":
            assert told.cycles == full.cycles
            assert told.timed.totals() == full.timed.totals()
    want = np.maximum(packed.decoded().to_dense() @ given.activations + given.bias, 0)
    assert np.abs(full.outputs_float - want).max() < 0.02


@pytest.mark.parametrize(("multiplier", "table", "widths"), [
    ("shift", "kmeans", {}), ("shift", "linear", {}), ("shift", "log:base=sqrt2", {}),
    ("shift", "ternary", {}), ("sign", "ternary:scales=2:scale=power_of_two", SIGNS),
    ("sign", "power_of_two", SIGNS), ("sign", "kmeans", SIGNS),
])
@pytest.mark.parametrize("engine", ["fast", "reference", "functional"])
def test_other_tables_are_refused_by_name(
    multiplier: str, table: str, widths: dict[str, int], engine: str
) -> None:
    given = layer()
    packed = compress(given, Recipe(table=table))
    config = load_machine("eie", n_pe=4, multiplier=multiplier, **widths)
    if table == "ternary:scales=2:scale=power_of_two":  # both may round to one magnitude
        packed.codebook[2] = -4 * packed.codebook[1]
    with pytest.raises(UnsupportedError, match=f"fc: .* multiplier='{multiplier}' .* take table"):
        simulate(config, packed, given.activations, engine=engine)


def test_settings_that_do_not_go_together() -> None:
    with pytest.raises(ConfigError, match="set weight_value_bits=2"):
        load_machine("eie", multiplier="sign")
    with pytest.raises(ConfigError, match="multiplier"):
        load_machine("eie", multiplier="xnor")


def test_weights_held_and_the_decoders_words() -> None:
    every = np.arange(-128, 128)
    powers = [w for w in range(-128, 128) if w == 0 or bin(abs(w)).count("1") == 1]
    assert every[held("shift", every)].tolist() == powers
    assert every[held("sign", every)].tolist() == [-1, 0, 1]
    assert held("full", every).all()
    for weight, word in zip(powers, decoder_words("shift", np.array(powers), 8), strict=True):
        there, negative, exponent = word >> 4, word >> 3 & 1, word & 7  # 1, 1 and 3 bits
        assert (-1) ** negative * (there << exponent) == weight
    assert decoder_words("sign", np.array([0, 1, -1]), 2).tolist() == [0, 1, 3]
    assert rtl_parameters(load_machine("eie", multiplier="shift")).verilog()["Multiplier"] == 1


def test_energy_and_area_by_the_stated_rules() -> None:
    events = load_events()
    full = load_machine("eie")
    shift = load_machine("eie", multiplier="shift")
    sign = load_machine("eie", multiplier="sign", weight_value_bits=2)
    # By hand: 16 x 16 bits cost 3.1 pJ / 2**exponent; a shifter has 352.6 of 2374.5 gates.
    product = events.multiply_pj(16, 16)
    assert mac_pj(full, events) == pytest.approx(product + 0.05 + 0.166 * 96 / 16)
    assert mac_pj(shift, events) == pytest.approx(
        product * 352.6 / 2374.5 + 0.05 + 0.166 * 86 / 16)
    assert mac_pj(sign, events) == pytest.approx(0.05 + 0.05 + 0.166 * 68 / 16)
    assert area_growth(full) == 1
    assert area_growth(shift) == pytest.approx(1874.0 / 3984.5)
    assert area_growth(sign) == pytest.approx(1184.8 / 3984.5)
    assert shift.decoder_nand2 == pytest.approx(6 * 16 * 2204 / 256, rel=0.002)
    assert full.decoder_nand2 == pytest.approx(2204, rel=0.002)
    given = layer()
    packed = compress(given, Recipe(table="power_of_two", bias="accumulator"))
    priced = [simulate(c, packed, given.activations).energy for c in (full, shift)]
    assert priced[1].total_nj < priced[0].total_nj
    assert priced[1].area_mm2["arith_unit"] < 0.5 * priced[0].area_mm2["arith_unit"]
    assert priced[1].modules_pj["act_rw"] == priced[0].modules_pj["act_rw"]
