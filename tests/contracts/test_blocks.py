"""Rows in blocks: each PE has its own, counted here from the matrix alone (contract K1, K2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim import Layer, LossWarning, Recipe, compress, load_machine, simulate, simulate_network
from accelsim.compression.permute import permute_rows
from accelsim.errors import InputError, UnsupportedError
from accelsim.inside.explain import explain
from accelsim.machines import get_machine
from accelsim.records import CompressedLayer, Conv2d
from accelsim.rtl_bridge import cosim

EIE = get_machine("eie")
pytestmark = pytest.mark.filterwarnings("ignore::accelsim.LossWarning")
assert LossWarning


def layer(rows: int, columns: int, density: float, seed: int, bias: bool = True) -> Layer:
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < density)
    inputs = np.maximum(rng.normal(size=columns), 0)
    return Layer(weights, inputs, bias=rng.normal(size=rows) if bias else None, name="fc")


def machine(rows: str = "blocked", **more: Any) -> Any:
    return load_machine("eie", **({"n_pe": 4, "rows": rows} | more))


def blocks(n: int, n_pe: int) -> list[range]:
    """Parts of 0 to n whose lengths differ by one at most, the longer first."""
    found, at = [], 0
    for pe in range(n_pe):
        size = n // n_pe + (pe < n % n_pe)
        found.append(range(at, at + size))
        at += size
    return found


@settings(max_examples=80, deadline=None)
@given(rows=st.integers(1, 40), columns=st.integers(1, 30), n_pe=st.integers(1, 9),
       seed=st.integers(0, 2**32), where=st.sampled_from(["column", "accumulator"]),
       tile=st.sampled_from([2, 64]))
def test_every_pe_has_its_block(
    rows: int, columns: int, n_pe: int, seed: int, where: str, tile: int
) -> None:
    given = layer(rows, columns, 0.4, seed)
    packed = compress(given, Recipe(bias=where))  # type: ignore[arg-type]
    config = machine(n_pe=n_pe, regfile_depth=tile)
    job = EIE.job(config, packed, given.activations)
    dense = packed.matrix.to_dense()
    own, inputs = blocks(rows, n_pe), blocks(columns, n_pe)
    # Position in the scan: the first activation of each PE, then the second of each.
    scan = [part[i] for i in range(max(map(len, inputs))) for part in inputs if i < len(part)]
    assert [*job.activations] == [*EIE.job(machine("interleaved", n_pe=n_pe, regfile_depth=tile),
                                           packed, given.activations).activations[scan]]
    for pe, part in enumerate(own):
        memory = job.image.pe(pe)
        found = np.zeros((len(part), dense.shape[1]), np.uint8)
        for number, pointers in enumerate(memory.pointers.tolist()):
            for at, column in enumerate([*scan, columns][: dense.shape[1]]):
                place = at if column < columns else job.image.n_columns - 1
                row = number * job.image.tile_rows - 1
                for entry in range(pointers[place], pointers[place + 1]):
                    row += int(memory.runs[entry]) + 1
                    if memory.codes[entry]:
                        found[row, column] = memory.codes[entry]
        assert np.array_equal(found, dense[part.start : part.stop])


@pytest.mark.parametrize("engine", ["functional", "reference", "fast"])
def test_outputs_stay_where_nothing_saturates(engine: str) -> None:
    given = layer(30, 25, 0.5, 3)
    for packed in (compress(given), permute_rows(compress(given), 4)):
        want = simulate(machine("interleaved"), packed, given.activations)
        got = simulate(machine(), packed, given.activations, engine=engine)
        assert np.array_equal(got.outputs, want.outputs)


def uneven() -> tuple[Layer, CompressedLayer]:
    """The upper quarter of the rows has all weights."""
    given = layer(32, 40, 1.0, 5, bias=False)
    weights = given.weights.to_dense() if hasattr(given.weights, "to_dense") else given.weights
    weights = np.where(np.arange(32)[:, None] < 8, weights, 0)
    given = Layer(weights, np.ones(40), name="fc")
    return given, compress(given)


def test_a_full_block_makes_the_others_wait() -> None:
    given, packed = uneven()
    even = simulate(machine("interleaved"), packed, given.activations)
    blocked = simulate(machine(), packed, given.activations)
    assert even.counters.issued_entries.tolist() == [80] * 4
    assert blocked.counters.issued_entries.tolist() == [320, 0, 0, 0]
    assert blocked.cycles > 3 * even.cycles
    found = explain(EIE, machine(), packed, EIE.job(machine(), packed, given.activations))
    (remedy,) = [r for r in found.remedies if r.name.startswith("rows interleaved")]
    assert remedy.cycles == even.cycles


def test_layers_in_sequence_need_no_copy() -> None:
    first, second = layer(30, 25, 0.5, 3), layer(10, 30, 0.5, 4)
    packed = [compress(first), compress(second)]
    want = simulate_network(machine("interleaved"), packed, first.activations)
    for engine in ("reference", "fast"):
        got = simulate_network(machine(), packed, first.activations, engine)
        (vector,), (expected,) = got, want
        assert len(vector) == 2
        for a, b in zip(vector, expected, strict=True):
            assert np.array_equal(a.outputs, b.outputs)


def test_the_same_verilog_runs_them(tmp_path: Path) -> None:
    given = layer(21, 18, 0.5, 3)
    job = EIE.job(machine(), compress(given), given.activations)
    assert cosim(machine(), job, [Path("rtl")], tmp_path).equal


def test_what_has_no_blocks_is_named() -> None:
    rng = np.random.default_rng(0)
    conv = Conv2d(rng.normal(size=(4, 3, 3, 3)), activations=rng.normal(size=(3, 5, 5)))
    with pytest.raises(UnsupportedError, match="rows='interleaved'"):
        simulate(machine(), compress(conv), conv.activations)
    given = layer(8, 8, 0.5, 0)
    job = EIE.job(machine(), compress(given), given.activations)
    with pytest.raises(InputError, match="rows is blocked, the configuration needs interleaved"):
        job.check(machine("interleaved"))
    back = job.on(machine("interleaved"))
    want = EIE.job(machine("interleaved"), compress(given), given.activations)
    assert np.array_equal(back.activations, want.activations)
    assert np.array_equal(back.image.codes, want.image.codes)
