"""Every registered code table keeps the same promises, and each is what its paper says."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import save_file

from accelsim import compress
from accelsim.compression import Recipe, compress_recurrent, load_compressed, save_compressed
from accelsim.compression.share import Sharing, share, share_linear
from accelsim.compression.tables import TABLES, table_named
from accelsim.errors import FormatError, InputError
from accelsim.records import Conv2d, Layer
from accelsim.workload.random_recurrent import random_recurrent

# Tables with every choice of every option.
NAMES = [name for table, record in TABLES.items() for name in (
    table, *(f"{table}:{key}={str(other).lower()}" for key, option in record.options.items()
             for other in (option.others or (90.0,))))]
BITS = (2, 3, 4, 8)


def fitted(name: str, values: npt.ArrayLike, bits: int) -> Sharing:
    table, settings = table_named(name)
    return table.fit(np.asarray(values, np.float32), bits, **settings)


def spread(seed: int, name: str, bits: int) -> npt.NDArray[np.float32]:
    """Weights of every magnitude that the table tells apart, up to one that uses a fixed point
    fully; where a percentile cuts off, some far beyond."""
    rng = np.random.default_rng(seed)
    magnitudes = np.concatenate([np.exp2(-rng.uniform(0, 130, 20_000)), rng.uniform(0, 1, 20_000)])
    magnitudes[5::6] = 1
    magnitudes[::25] *= 4 if "percentile" in name else 1
    signs = rng.choice([-1.0, 1.0], len(magnitudes))
    return ((1 - 2.0 ** (1 - bits)) * magnitudes * signs).astype(np.float32)[magnitudes > 1e-38]


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", NAMES)
class TestEveryTable:
    def test_zero_is_code_0_and_every_code_of_the_rule_is_met(self, name: str, bits: int) -> None:
        found = fitted(name, spread(1, name, bits), bits)
        assert found.codebook.shape == (1 << bits,)
        assert found.codebook.dtype == np.float32
        assert found.codebook[0] == 0
        assert (found.codebook[found.codes[found.codes > 0]] != 0).all()
        table, settings = table_named(name)
        assert len(np.unique(found.codes[found.codes > 0])) == table.n_codes(bits, **settings)

    def test_order_and_signs_stay_and_what_is_beyond_saturates(self, name: str, bits: int) -> None:
        values = np.sort(spread(2, name, bits))
        found = fitted(name, values, bits)
        decoded = found.codebook[found.codes]
        assert (np.diff(decoded) >= 0).all()
        # A mean of k-means around zero may be of either sign.
        assert name == "kmeans" or (decoded * values >= 0).all()
        levels = np.sort(found.codebook)
        assert decoded[-1] == levels[-1]
        assert decoded[0] in levels[:2]  # the lowest integer of a fixed point may have no weight

    def test_what_is_decoded_gives_the_same_table_again(self, name: str, bits: int) -> None:
        values = np.random.default_rng(3).normal(size=500)
        found = fitted(name, values, bits)
        decoded = found.codebook[found.codes]
        if "percentile" in name:  # of fewer values it is another one
            decoded = np.append(decoded, np.repeat(decoded.max(), 500))
        decoded = decoded[decoded != 0]
        again = fitted(name, decoded, bits)
        assert np.allclose(again.codebook[again.codes], decoded, rtol=1e-6, atol=0)

    def test_layers_convolutions_and_recurrent_layers_through_a_file(
        self, name: str, bits: int, tmp_path: Path
    ) -> None:
        rng = np.random.default_rng(4)
        recipe = Recipe(table=name, weight_bits=bits, density=0.5, bias="accumulator")
        dense = Layer(rng.normal(size=(24, 18)), bias=rng.normal(size=24), name="fc")
        conv = Conv2d(rng.normal(size=(6, 2, 3, 3)), name="conv", groups=2)
        works: list[Any] = [compress(dense, recipe), compress(conv, recipe)]
        save_compressed(tmp_path / "both.safetensors", works)
        read = load_compressed(tmp_path / "both.safetensors")
        assert [one.digest() for one in read] == [one.digest() for one in works]
        kept = np.abs(dense.weights.ravel().astype(np.float32))  # type: ignore[union-attr]
        kept = np.sort(kept)[len(kept) // 2:]
        weights = works[0].decoded().values
        assert len(weights) <= len(kept)
        assert works[0].provenance["recipe"]["table"] == name
        layer = compress_recurrent(random_recurrent(rng, "lstm"), replace(recipe, bias="auto"))
        for matrix in layer.matrices.values():
            assert len(np.unique(matrix.values)) <= 1 << bits  # type: ignore[union-attr]


def test_kmeans_and_linear_values_are_what_they_were() -> None:
    rng = np.random.default_rng(5)
    layer = Layer(rng.normal(size=(20, 30)))
    plain, named = compress(layer), compress(layer, Recipe(table="kmeans"))
    assert plain.digest() == named.digest()
    assert "table" not in plain.provenance["recipe"]
    values = rng.normal(size=300).astype(np.float32)
    assert np.array_equal(fitted("kmeans", values, 4).codes, share(values, 4).codes)
    old = compress(layer, Recipe(values="linear"))
    assert old.digest() == compress(layer, Recipe(table="dynamic_fixed_point")).digest()
    assert np.array_equal(fitted("dynamic_fixed_point", values, 5).codes,
                          share_linear(values, 5).codes)


def test_incremental_quantisation_by_its_formulas() -> None:
    values = np.random.default_rng(6).normal(size=400).astype(np.float32)
    found = fitted("power_of_two", values, 5)
    s = float(np.abs(values).max())
    n1 = math.floor(math.log2(4 * s / 3))
    n2 = n1 + 1 - 2 ** (5 - 1) // 2
    powers = [0.0, *(2.0**n for n in range(n2, n1 + 1))]
    for value, code in zip(values, found.codes, strict=True):
        inside = [b for a, b in itertools.pairwise(powers)
                  if (a + b) / 2 <= abs(value) < 3 * b / 2]
        expected = math.copysign(inside[-1], value) if inside else 0.0
        assert found.codebook[code] == expected


def test_the_largest_and_edges_of_powers_of_two() -> None:
    for largest, top in ((1.0, 1.0), (1.4999, 1.0), (1.5, 2.0), (-1.5, -2.0), (3.0, 4.0)):
        assert fitted("power_of_two", [largest], 3).codebook[
            fitted("power_of_two", [largest], 3).codes][0] == top
    found = fitted("power_of_two", [1.0, 0.75, -0.75, 0.7499, 0.25, 0.2499], 3)
    assert found.codebook[found.codes].tolist() == [1.0, 1.0, -1.0, 0.5, 0.5, 0.0]


def test_logarithms_are_rounded_on_their_line() -> None:
    values = np.random.default_rng(7).normal(size=400).astype(np.float32)
    for base, steps in (("2", 1), ("sqrt2", 2)):
        found = fitted(f"log:base={base}", values, 4)
        exponents = [math.floor(steps * math.log2(abs(v)) + 0.5) for v in values]
        top = max(exponents)
        expected = [0.0 if e < top - 6 else math.copysign(2 ** (e / steps), v)
                    for e, v in zip(exponents, values, strict=True)]
        assert np.allclose(found.codebook[found.codes], expected, rtol=1e-6, atol=0)


def test_ternary_and_binary_scales() -> None:
    values = np.array([4.0, -3.0, 2.0, -0.5, 0.1, 1.0], np.float32)
    mean = np.abs(values).mean()                       # 1.7667; the limit is 1.2367
    twn = fitted("ternary", values, 2)
    assert twn.codebook[twn.codes] == pytest.approx([3, -3, 3, 0, 0, 0])
    ttq = fitted("ternary:scales=2", values, 2)        # the limit is 0.2
    assert ttq.codebook[ttq.codes] == pytest.approx([7 / 3, -1.75, 7 / 3, -1.75, 0, 7 / 3])
    bwn = fitted("binary", values, 2)
    assert bwn.codebook[bwn.codes] == pytest.approx(np.sign(values) * mean)
    two = fitted("ternary:scale=power_of_two", values, 2)
    assert two.codebook[two.codes].tolist() == [4, -4, 4, 0, 0, 0]  # log2(3) rounds to 2


def test_a_zero_point_holds_a_one_sided_range_better() -> None:
    values = np.random.default_rng(8).uniform(0.1, 1.0, 500).astype(np.float32)
    errors = [np.abs(found.codebook[found.codes] - values).max() for found in (
        fitted("linear", values, 4), fitted("linear:symmetric=false", values, 4))]
    assert errors[0] > 1.9 * errors[1]
    assert errors[1] <= 1.0 / 15 / 2 + 1e-6


def test_a_table_a_row_scales_each_row(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    weights = rng.normal(size=(10, 40)) * 2.0 ** np.arange(10)[:, None]
    layer = Layer(weights, rng.normal(size=40), bias=weights[:, 0].copy())
    one = compress(layer, Recipe(table="linear", bias="column"))
    each = compress(layer, Recipe(table="linear", table_rows=1, bias="column"))
    assert each.codebook.shape == (10, 16)
    assert each.n_tables == 10
    assert one.n_tables == 1
    alone = compress(Layer(weights[4:5]), Recipe(table="linear"))
    start = np.s_[4, : layer.shape[1]]
    assert np.array_equal(each.decoded().to_dense()[start], alone.decoded().to_dense()[0])
    lost = [np.abs(p.decoded().to_dense()[:, :40] - weights).max(axis=1) for p in (one, each)]
    assert (lost[1] <= np.abs(weights).max(axis=1) / 7 / 2 + 1e-6).all()
    assert lost[0][0] > lost[1][0]
    off = [abs(float(p.bias_values[0]) - float(weights[0, 0])) for p in (one, each)]
    assert off[1] <= np.abs(weights[0]).max() / 7 / 2 + 1e-6 < off[0]
    save_compressed(tmp_path / "rows.safetensors", [each])
    (read,) = load_compressed(tmp_path / "rows.safetensors")
    assert read.digest() == each.digest()
    assert read.rows_per_table == 1
    thirds = compress(layer, Recipe(table="ternary", table_rows=4))
    assert thirds.codebook.shape == (3, 16)


@pytest.mark.parametrize("suffix", ["npy", "json", "safetensors"])
def test_a_codebook_of_ones_own(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"mine.{suffix}"
    mine = np.array([0.5, -1.0, 0.25], np.float32)
    if suffix == "npy":
        np.save(path, mine)
    elif suffix == "json":
        path.write_text(json.dumps(mine.tolist()))
    else:
        save_file({"codebook": mine}, path)
    found = fitted(str(path), [9.0, -9.0, 0.375, 0.3751, 0.125, -0.5, -0.51], 2)
    assert found.codebook.tolist() == [0.0, -1.0, 0.25, 0.5]
    assert found.codebook[found.codes].tolist() == [0.5, -1.0, 0.25, 0.5, 0.0, -1.0, -1.0]
    layer = compress(Layer(np.random.default_rng(1).normal(size=(4, 5))), Recipe(table=str(path)))
    assert set(np.unique(layer.decoded().values)) <= {-1.0, 0.25, 0.5}


@pytest.mark.parametrize(("text", "words"), [
    ('{"a": 1}', "need a list of numbers"), ("[1, NaN]", "holds NaN"), ("[0]", "0 different"),
    ("[", "Expecting value"), ("[true]", "need a list of numbers"), ("[1e400]", "holds NaN"),
])
def test_a_bad_codebook_is_one_line(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(FormatError, match=words):
        compress(Layer(np.ones((2, 2))), Recipe(table=str(tmp_path / "bad.json")))


@pytest.mark.parametrize(("settings", "words"), [
    ({"table": "turnary"}, "did you mean 'ternary'"),
    ({"table": "ternary:scale=3"}, "need real or power_of_two"),
    ({"table": "kmeans:seed=3"}, "it has none"),
    ({"table": "linear:percentile=0"}, "above 0, at most 100"),
    ({"table": "linear", "table_bits": 9}, "2 to 8"),
    ({"table": "linear", "table_rows": 0}, "table_rows is 0"),
    ({"table_rows": 2, "permute_rows": 4}, "give one of the two"),
])
def test_a_bad_setting_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Recipe(**settings)


def test_codes_narrower_than_the_machines() -> None:
    layer = Layer(np.random.default_rng(2).normal(size=(9, 9)))
    narrow = compress(layer, Recipe(table="log", table_bits=3))
    assert narrow.weight_bits == 4
    assert narrow.codebook.shape == (16,)
    assert int(narrow.matrix.values.max()) < 8
    with pytest.raises(InputError, match="table_bits is 5, weight_bits 4"):
        compress(layer, Recipe(table="log", table_bits=5))
