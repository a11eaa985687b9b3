"""`accelsim tables`: rows that other ways of running give too, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from accelsim import Recipe, compress, load_machine, simulate
from accelsim.compression import compress_network, compression_table
from accelsim.errors import InputError
from accelsim.network import accuracy, calibrated
from accelsim.sources import as_layers, open_network
from accelsim.study.number_systems import SYSTEMS, number_systems
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
