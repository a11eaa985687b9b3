"""Deep Compression's tables: a real LeNet-300-100, and AlexNet and VGG-16 from their densities.

The two large networks are not shipped, so that their sizes are worked out from the published share
of weights kept, for positions that are kept independently of one another:

* a gap of g zeros has probability ``d * q**g`` (d kept, q = 1 - d); with R = 2**index_bits each
  kept weight brings ``q**R / (1 - q**R)`` padding entries on average;
* the Huffman code of the gaps follows from that distribution;
* the Huffman code of the weight codes is that of a seeded sample of magnitude-pruned normal
  weights, shared by the same k-means as any layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from accelsim.compression import Recipe, compress
from accelsim.compression.table import FLOAT_BITS, TableRow, compression_table
from accelsim.errors import InputError
from accelsim.formats.huffman import coded_bits, table_bits
from accelsim.papers.comparison import Published
from accelsim.papers.facts import Grid, grids
from accelsim.records import CompressedLayer
from accelsim.workload import random_layer

_LENET = "LeNet-300-100"
_LARGE = dict.fromkeys(("AlexNet", "VGG-16"), "from the published densities")
_SAMPLE = 50_000
"""Weights of a sample; eight times as many move a mean code length by less than 0.2 bits."""


@dataclass(frozen=True)
class ExpectedSize:
    """Bits of a layer, expected; the quantities of `TableRow` for a random layer."""

    weights: float
    kept: float
    entries: float
    weight_bits: float
    index_bits: float
    coded_weight_bits: float
    coded_index_bits: float
    codebook_bits: float
    code_table_bits: float

    @property
    def values(self) -> dict[str, float]:
        """Columns of the published table."""
        dense = FLOAT_BITS * self.weights
        plain = self.entries * (self.weight_bits + self.index_bits) + self.codebook_bits
        coded = self.coded_weight_bits + self.coded_index_bits
        return {
            "weights": self.weights, "kept": 100 * self.kept / self.weights,
            "weight_bits": self.weight_bits,
            "weight_bits_huffman": self.coded_weight_bits / self.entries,
            "index_bits": self.index_bits,
            "index_bits_huffman": self.coded_index_bits / self.entries,
            "rate": 100 * plain / dense,
            "rate_huffman": 100 * (coded + self.codebook_bits + self.code_table_bits) / dense,
        }


def deep_compression(
    seed: int = 1, network: Sequence[CompressedLayer] | None = None
) -> Published:
    """The tables of Deep Compression.

    Parameters
    ----------
    network : LeNet-300-100, pruned and shared; without it only the two large networks

    Raises
    ------
    InputError
        If the network is not a LeNet-300-100.
    """
    ours = {} if network is None else {_LENET: _counted(network)}
    ours |= {name: _expected(_grid(name), seed) for name in _LARGE}
    tables = [
        _grid(name).beside(f"{name}, {_LARGE.get(name, 'the network given')}", "layer", rows)
        for name, rows in ours.items()
    ]
    sizes = {name: _size(rows["total"]) for name, rows in ours.items()}
    tables.append(grids()["deep-compression-sizes"].beside("Sizes", "network", sizes))
    notes = [
        "Kept weights are printed in whole percent: 4 % is 3.5 to 4.5 %, which moves VGG-16's fc6 "
        "by 12 % alone.",
        "Large networks: expected sizes of layers whose weights are kept independently, weight "
        "codes of magnitude-pruned normal weights; the codebook counts, code tables too.",
    ]
    if network is None:
        notes.append("LeNet-300-100 is a real network: give its file to see it here.")
    return Published("deep-compression", "Deep Compression: sizes", tuple(tables), tuple(notes))


def lenet_recipe() -> Recipe:
    """Deep Compression's settings for LeNet-300-100: 6-bit codes, 5-bit gaps."""
    return Recipe(weight_bits=6, index_bits=5)


def expected_size(weights: float, density: float, weight_bits: int, index_bits: int, seed: int
                  ) -> ExpectedSize:
    """Expected bits of a layer whose weights are kept independently.

    Parameters
    ----------
    density : share of the weights kept, 0 to 1, both excluded
    """
    q, longest = 1 - density, 1 << index_bits
    padding = q**longest / (1 - q**longest)
    gaps = np.asarray(density * q ** np.arange(longest) / (1 - q**longest), dtype=np.float64)
    gaps[-1] += padding
    codes = _code_shares(density, weight_bits, seed)
    codes[0] += padding
    kept = weights * density
    return ExpectedSize(
        weights, kept, kept * (1 + padding), weight_bits, index_bits,
        kept * _mean_bits(codes), kept * _mean_bits(gaps),
        FLOAT_BITS * (1 << weight_bits), table_bits(1 << weight_bits) + table_bits(longest),
    )


def _expected(grid: Grid, seed: int) -> dict[str, dict[str, float]]:
    sizes = {
        row: expected_size(
            grid.value(row, "weights"), grid.value(row, "kept") / 100,
            int(grid.value(row, "weight_bits")), int(grid.value(row, "index_bits")), seed,
        )
        for row in grid.rows
        if row != "total"
    }
    return {**{row: size.values for row, size in sizes.items()},
            "total": _total(list(sizes.values())).values}


def _total(sizes: Sequence[ExpectedSize]) -> ExpectedSize:
    entries = sum(size.entries for size in sizes)
    bits = [sum(getattr(s, name) * s.entries for s in sizes) / entries
            for name in ("weight_bits", "index_bits")]
    sums = [sum(getattr(s, name) for s in sizes)
            for name in ("coded_weight_bits", "coded_index_bits", "codebook_bits",
                         "code_table_bits")]
    return ExpectedSize(sum(s.weights for s in sizes), sum(s.kept for s in sizes), entries,
                        *bits, *sums)


def _mean_bits(shares: npt.NDArray[np.float64]) -> float:
    """Huffman-coded bits per kept weight of symbols that occur ``shares`` times each."""
    scale = 1e9
    return coded_bits(np.round(shares * scale).astype(np.int64)) / scale


def _code_shares(density: float, weight_bits: int, seed: int) -> npt.NDArray[np.float64]:
    """(2**weight_bits,) share of each code among magnitude-pruned normal weights."""
    return _sampled(density, weight_bits, seed).copy()


@lru_cache(maxsize=64)
def _sampled(density: float, weight_bits: int, seed: int) -> npt.NDArray[np.float64]:
    sample = random_layer((1, round(_SAMPLE / density)), density, 0.0, seed, name="sample")
    codes = compress(sample, Recipe(weight_bits=weight_bits)).matrix.values
    counts = np.bincount(codes, minlength=1 << weight_bits)
    return counts / len(codes)


def _counted(network: Sequence[CompressedLayer]) -> dict[str, dict[str, float]]:
    """A real LeNet-300-100, its layers under the published names."""
    grid = _grid(_LENET)
    rows = [row for row in grid.rows if row != "total"]
    sizes = [packed.n_inputs * packed.n_outputs for packed in network]
    if sizes != [round(grid.value(row, "weights")) for row in rows]:
        raise InputError(f"network has layers of {sizes} weights; need LeNet-300-100, layers of "
                         f"235200, 30000 and 1000")
    counted = compression_table(network)
    return {
        row: _columns(size)
        for row, size in zip([*rows, "total"], [*counted.rows, counted.total], strict=True)
    }


def _size(total: dict[str, float]) -> dict[str, float]:
    """Megabytes (10^6) of the weights before and after, and the rate."""
    dense = total["weights"] * FLOAT_BITS / 8e6
    return {"dense": dense, "compressed": dense * total["rate_huffman"] / 100,
            "rate": 100 / total["rate_huffman"]}


def _grid(network: str) -> Grid:
    return grids()[f"deep-compression-{network.lower()}"]


def _columns(size: TableRow) -> dict[str, float]:
    return {
        "weights": size.weights, "kept": size.kept_percent, "weight_bits": size.weight_bits,
        "weight_bits_huffman": size.mean_weight_bits, "index_bits": size.index_bits,
        "index_bits_huffman": size.mean_index_bits, "rate": 100 * size.plain_rate,
        "rate_huffman": 100 * size.huffman_rate,
    }
