"""Several tables in a decoder (contract D1 to D3): the same sums as a matrix of weights decoded row
by row, without a decoder; their bits are paid for."""

from pathlib import Path

import numpy as np
import pytest

from accelsim import Layer, Recipe, compress, load_machine, simulate
from accelsim.api import make_job
from accelsim.compression import compression_table
from accelsim.errors import LoweringError, UnsupportedError
from accelsim.fixedpoint import quantise
from accelsim.machines.eie.datapath_prices import further_table_bits
from accelsim.records import Conv2d
from accelsim.rtl_bridge import cosim

RTL = Path(__file__).parents[2] / "rtl"
N_PE = 4
ROWS = (1, 2, 4, 8, 16)


def dense():
    rng = np.random.default_rng(5)
    scales = 2.0 ** rng.integers(-3, 3, (37, 1))  # so that one table for all rows would be worse
    return Layer(rng.normal(size=(37, 16)) * scales, np.maximum(rng.normal(size=16), 0), name="fc")


def machine(**settings):
    return load_machine("eie", n_pe=N_PE, regfile_depth=4, decoder_tables="fit", **settings)


def by_hand(result, packed, inputs):
    """Accumulators as plain integers: row by row, the row's own table, no decoder."""
    points = result.frac_bits
    values = quantise(inputs, 16, points["input"])
    shift = points["weight"] + points["input"] - points["output"]
    sums = np.zeros(packed.n_outputs, np.int64)
    m = packed.matrix
    for column in range(packed.n_inputs):
        for at in range(m.column_starts[column], m.column_starts[column + 1]):
            row = int(m.rows[at])
            weight = packed.codebook[row // packed.rows_per_table][m.values[at]]
            product = int(quantise(weight, 16, points["weight"])) * int(values[column])
            sums[row] = np.clip(sums[row] + ((product + (1 << shift >> 1)) >> shift),
                                -2**15, 2**15 - 1)
    return np.maximum(sums, 0)


@pytest.mark.parametrize("rows", ROWS)
def test_each_row_has_its_table_in_every_telling(rows):
    layer = dense()
    packed = compress(layer, Recipe(table="linear", table_rows=rows, bias="accumulator"))
    runs = [simulate(machine(), packed, layer.activations, engine=engine)
            for engine in ("functional", "reference", "fast")]
    want = by_hand(runs[0], packed, layer.activations)
    assert all(np.array_equal(run.outputs, want) for run in runs)
    assert runs[1].cycles == runs[2].cycles
    assert runs[1].timed.totals() == runs[2].timed.totals()


def test_a_scale_a_row_is_nearer_and_costs_bits_energy_and_area_but_no_cycle():
    layer = dense()
    inputs, found = layer.activations, {}
    want = np.maximum(layer.weights @ inputs, 0)
    for rows in (None, 1):
        packed = compress(layer, Recipe(table="linear", table_rows=rows, bias="accumulator"))
        found[rows] = simulate(machine(), packed, inputs), compression_table([packed]).total
    one, each = found[None][0], found[1][0]
    assert np.square(each.outputs_float - want).sum() < 0.3 * np.square(
        one.outputs_float - want).sum()
    assert found[1][1].overhead_bits - found[None][1].overhead_bits == 36 * 16 * 32
    assert each.config.decoder_tables == 10  # 37 rows over 4 PEs
    assert each.config.decoder_nand2 == 10 * one.config.decoder_nand2
    assert further_table_bits(each.config) == 9 * 16 * 16
    assert each.energy.total_nj > one.energy.total_nj
    assert each.energy.area_mm2["arith_unit"] > one.energy.area_mm2["arith_unit"]
    others = [m for m in one.energy.area_mm2 if m != "arith_unit"]
    assert all(each.energy.area_mm2[m] == one.energy.area_mm2[m] for m in others)


def test_further_tables_cost_no_time_on_the_same_codes():
    layer = dense()
    packed = compress(layer, Recipe(table="kmeans"))
    runs = [simulate(machine() if tables is None else load_machine(
        "eie", n_pe=N_PE, regfile_depth=4, decoder_tables=tables), packed, layer.activations)
        for tables in (1, 8)]
    assert runs[0].timed.totals() == runs[1].timed.totals()


def test_the_verilog_refuses_them_by_name(tmp_path):
    layer = dense()
    packed = compress(layer, Recipe(table="linear", table_rows=4))
    one_each = compress(Layer(layer.weights[:4], layer.activations), Recipe(
        table="linear", table_rows=1))
    told = "one code table for all rows"
    for work, tables in ((packed, 10), (one_each, 1)):
        config = load_machine("eie", n_pe=N_PE, decoder_tables=tables)
        job = make_job(config, work, layer.activations)
        with pytest.raises(UnsupportedError, match=told):
            cosim(config, job, [RTL], tmp_path)


def test_powers_of_two_a_row_need_no_multiplier():
    layer = dense()
    packed = compress(layer, Recipe(table="ternary:scale=power_of_two", weight_bits=2,
                                    table_rows=1))
    runs = [simulate(machine(multiplier=kind, weight_bits=2), packed, layer.activations)
            for kind in ("full", "shift")]
    assert np.array_equal(runs[0].outputs, runs[1].outputs)
    with pytest.raises(UnsupportedError, match="of table"):
        simulate(machine(multiplier="sign", weight_value_bits=2, weight_bits=2), packed,
                 layer.activations)


@pytest.mark.parametrize("lowering", ["im2col", "shifted", "winograd"])
def test_convolutions_have_tables_by_channel(lowering):
    rng = np.random.default_rng(2)
    weights = rng.normal(size=(8, 3, 3, 3)) * 2.0 ** rng.integers(-3, 3, (8, 1, 1, 1))
    conv = Conv2d(weights, padding=1)
    image = rng.normal(size=(3, 5, 6))
    packed = compress(conv, Recipe(table="linear", weight_bits=6, table_rows=1, winograd="before"))
    config = load_machine("eie", n_pe=N_PE, weight_bits=6, decoder_tables="fit")
    runs = [simulate(config, packed, image, engine=engine, lowering=lowering)
            for engine in ("functional", "reference", "fast")]
    assert all(np.array_equal(run.outputs, runs[0].outputs) for run in runs[1:])
    assert runs[1].timed.totals() == runs[2].timed.totals()


def test_pixels_side_by_side_need_whole_tables():
    rng = np.random.default_rng(3)
    conv = Conv2d(rng.normal(size=(2, 3, 1, 1)))
    image = rng.normal(size=(3, 4, 4))
    config = load_machine("eie", n_pe=8, decoder_tables="fit")
    packed = compress(conv, Recipe(table="linear", table_rows=2))
    runs = [simulate(config, packed, image, engine=engine, lowering="pixels")
            for engine in ("functional", "reference", "fast")]
    plain = simulate(config, packed, image)
    assert all(np.array_equal(run.outputs, plain.outputs) for run in runs)
    packed = compress(conv, Recipe(table="linear", table_rows=4))
    with pytest.raises(LoweringError, match="a table for 4 rows, the 2 rows of a pixel"):
        simulate(config, packed, image, lowering="pixels")
