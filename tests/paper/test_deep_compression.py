"""Expected sizes of random layers against layers that are drawn, encoded and counted."""

from pathlib import Path

import pytest

import accelsim
from accelsim.compression import Recipe
from accelsim.compression.table import compression_table
from accelsim.errors import InputError
from accelsim.papers.deep_compression import (
    deep_compression,
    expected_size,
    lenet_recipe,
)
from accelsim.sources import open_source
from accelsim.workload import random_layer

NETWORK = Path("traces/lenet-300-100/pruned.safetensors")


@pytest.mark.parametrize(
    ("density", "weight_bits", "index_bits"), [(0.09, 5, 4), (0.04, 5, 5), (0.35, 8, 4)]
)
def test_expected_size_of_a_random_layer(density, weight_bits, index_bits):
    layer = random_layer((600, 1500), density, 0.5, seed=3)
    packed = accelsim.compress(layer, Recipe(weight_bits=weight_bits, index_bits=index_bits))
    (row,) = compression_table([packed]).rows
    expected = expected_size(900_000, density, weight_bits, index_bits, seed=1)
    values = expected.values
    assert row.kept == pytest.approx(expected.kept, rel=0.02)
    assert row.entries == pytest.approx(expected.entries, rel=0.02)
    assert 100 * row.plain_rate == pytest.approx(values["rate"], rel=0.02)
    assert row.mean_index_bits == pytest.approx(values["index_bits_huffman"], rel=0.01)
    assert row.mean_weight_bits == pytest.approx(values["weight_bits_huffman"], rel=0.05)
    assert 100 * row.huffman_rate == pytest.approx(values["rate_huffman"], rel=0.05)


def test_the_real_lenet():
    network = open_source(str(NETWORK), recipe=lenet_recipe()).layers
    table = deep_compression(network=network).tables[0]
    assert table.rows == ("ip1", "ip2", "ip3", "total")
    outside = {(cell.row, cell.column): cell.ratio for cell in table.outside()}
    assert outside == {
        ("ip3", "rate_huffman"): pytest.approx(1.166, abs=0.002),
        ("total", "rate"): pytest.approx(1.112, abs=0.002),
    }
    # 40x is the paper's headline.
    assert 100 / table.cell("total", "rate_huffman").ours == pytest.approx(40, rel=0.03)


def test_another_network_is_refused():
    layer = random_layer((10, 20), 0.5, 0.5)
    with pytest.raises(InputError, match="235200"):
        deep_compression(network=[accelsim.compress(layer)])
