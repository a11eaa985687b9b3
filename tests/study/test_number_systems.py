"""`accelsim tables`: rows that other ways of running give too, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from accelsim import Recipe, compress, load_machine, simulate
from accelsim.compression import compress_network, compression_table
from accelsim.compression.decoded import decoded_network
from accelsim.errors import InputError
from accelsim.lowering.network_floats import network_outputs_float
from accelsim.network import accuracy, calibrated
from accelsim.sources import as_layers, open_network
from accelsim.study.number_systems import SYSTEMS, System, draw_front, front, number_systems
from accelsim.workload import load_digits

FOLDER = Path(__file__).parents[2] / "traces" / "lenet-300-100"


def test_a_row_is_what_running_layer_by_layer_gives() -> None:
    images, labels = load_digits(FOLDER / "digits.safetensors")
    images, labels = images[:20], labels[:20]
    source = str(FOLDER / "pruned.safetensors")
    system = next(s for s in SYSTEMS if s.table == "log")
    (row,) = number_systems(load_machine("eie"), open_network(source), images, labels, [system], 1)
    config = load_machine("eie", multiplier="shift")
    recipe = Recipe(table="log")
    packed = calibrated(compress_network(as_layers(source), recipe), images)
    assert row.error == pytest.approx(1 - accuracy(config, packed, images, labels))
    network = compress(open_network(source), recipe, calibration=images)
    classes = simulate(config, network, images, "functional").values.argmax(axis=1)
    assert row.error == pytest.approx(np.mean(classes != labels))
    counted = compression_table(packed).total
    assert (row.plain_bits, row.huffman_bits) == (counted.plain_bits, counted.huffman_bits)
    first = simulate(config, packed[0], images[0].ravel())
    assert first.cycles < row.cycles < 2 * first.cycles
    assert row.multiplier == "shift"
    assert row.arith_mm2 == pytest.approx(first.energy.area_mm2["arith_unit"])


def test_every_row_fits_its_datapath_and_others_are_refused() -> None:
    images, labels = load_digits(FOLDER / "digits.safetensors")
    network = open_network(str(FOLDER / "pruned.safetensors"))
    with pytest.raises(InputError, match="a label each"):
        number_systems(load_machine("eie"), network, images[:3], labels[:2])
    with pytest.raises(InputError, match="parameter multiplier"):
        number_systems(load_machine("ese"), network, images[:3], labels[:3])
    signs = [s for s in SYSTEMS if s.machine]
    rows = number_systems(load_machine("eie"), network, images[:2], labels[:2], signs, 1)
    assert [row.multiplier for row in rows] == [s.machine["multiplier"] for s in signs]
    assert np.isfinite([row.energy_nj for row in rows]).all()


def test_codes_are_decoded_and_decisions_stand_for_labels() -> None:
    images, _ = load_digits(FOLDER / "digits.safetensors")
    network = open_network(str(FOLDER / "pruned.safetensors"))
    # Eight bits hold every value of the file's own tables: nothing can be lost, whoever asks.
    coded = compress(network, Recipe(weight_bits=4))
    eight = [System("kmeans", 8)]
    (row,) = number_systems(load_machine("eie"), coded, images[:20], None, eight, 1)
    assert row.error == 0
    for new, old in zip(decoded_network(coded).layers, coded.layers, strict=True):
        assert np.array_equal(new.weights, old.decoded().to_dense()[:, :old.n_inputs])
    inputs = images[:20].reshape(20, -1)
    want = network_outputs_float(network, inputs).argmax(axis=1)
    binary = [System("binary", 2)]
    (lost,) = number_systems(load_machine("eie"), network, images[:20], None, binary, 1)
    (wrong,) = number_systems(load_machine("eie"), network, images[:20], want, binary, 1)
    assert lost == wrong


def test_a_scale_a_row_pays_for_its_decoder_and_is_on_the_picture() -> None:
    images, labels = load_digits(FOLDER / "digits.safetensors")
    network = open_network(str(FOLDER / "pruned.safetensors"))
    systems = [System("ternary", 2), System("ternary", 2, rows=1)]
    one, each = rows = number_systems(load_machine("eie"), network, images[:5], labels[:5],
                                      systems, 1)
    assert each.decoder_nand2 == 5 * one.decoder_nand2  # fc1: 300 rows over 64 PEs
    assert each.plain_bits > one.plain_bits
    assert (one.rows, each.rows, each.label) == (None, 1, "ternary 2, 1 row")
    assert front(rows).any()
    texts = [text.get_text() for axes in draw_front(rows).axes for text in axes.texts]
    assert {row.label for row, best in zip(rows, front(rows), strict=True) if best} >= set(texts)
