"""How layers are cut into passes: by hand for small cases, by conservation for random ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import CapacityError
from accelsim.formats import build_image
from accelsim.machines import load_config
from accelsim.machines.eie.plan import make_plan, tile_rows
from accelsim.records import CompressedLayer, CscMatrix


def dense_layer(n_out, n_in, has_bias=False):
    """Every weight stored: entries of a PE are its rows times the columns."""
    codes = np.ones((n_out, n_in + has_bias), dtype=np.uint8)
    codebook = np.zeros(16, dtype=np.float32)
    codebook[1] = 1.0
    return CompressedLayer(CscMatrix.from_dense(codes), codebook, 4, 4, has_bias=has_bias)


def plan(packed, **overrides):
    config = load_config("eie", **overrides)
    image = build_image(packed, config.n_pe, 4, tile_rows(config, packed.n_outputs))
    return make_plan(config, image)


def test_one_pass_when_everything_fits():
    (only,) = plan(dense_layer(8, 8, True), n_pe=4)
    assert (only.first_row, only.n_rows, only.clear, only.bias) == (0, 2, True, True)
    assert (only.load_rows, only.store_rows, only.refill_bits) == (0, 0, 0)


def test_vectors_beyond_the_register_files_run_in_batches():
    # 10 outputs and 14 inputs on 2 PEs with files of 3: rows 5 -> tiles of 3 and 2; inputs 7 rows
    # -> batches of 3, 3 and 1.
    passes = plan(dense_layer(10, 14, True), n_pe=2, regfile_depth=3)
    assert [p.tile for p in passes] == [0, 0, 0, 1, 1, 1]
    assert [(p.first_row, p.n_rows) for p in passes] == [(0, 3), (3, 3), (6, 1)] * 2
    assert [p.load_rows for p in passes] == [3, 3, 1] * 2
    assert [p.store_rows for p in passes] == [0, 0, 3, 0, 0, 2]
    assert [p.clear for p in passes] == [True, False, False] * 2
    assert [p.bias for p in passes] == [False, False, True] * 2


def test_long_outputs_alone_do_not_load():
    passes = plan(dense_layer(10, 4), n_pe=2, regfile_depth=3)
    assert [(p.load_rows, p.store_rows) for p in passes] == [(0, 3), (0, 2)]


def test_ignore_takes_every_memory_as_unlimited():
    (only,) = plan(dense_layer(40, 50), n_pe=1, regfile_depth=2, spmat_kb=0.01, capacity="ignore")
    assert (only.n_rows, only.load_rows, only.store_rows) == (50, 0, 0)


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"spmat_kb": 0.0625}, "spmat_kb"),  # 64 bytes hold 64 entries; 4 x 20 are needed
        ({"pointer_bits": 6}, "pointer_bits"),
        ({"pointer_kb": 0.03125}, "pointer_kb"),  # 16 pointers of 16 bits; 21 are needed
        ({"regfile_depth": 4, "act_sram_kb": 0.0078125}, "act_sram_kb"),
    ],
)
def test_what_does_not_fit_is_named_with_a_remedy(overrides, told):
    with pytest.raises(CapacityError, match=told) as caught:
        plan(dense_layer(8, 20), n_pe=2, **overrides)
    assert "\n" not in str(caught.value)


def test_streaming_cuts_at_rows_and_counts_the_bits():
    # 8 outputs on 2 PEs: 4 entries a column and PE; a row is 2 columns = 8 entries a PE. An SRAM
    # of 2 lines of 8 entries holds two rows, so 10 rows become 5 segments.
    passes = plan(dense_layer(8, 20), n_pe=2, spmat_kb=0.015625, capacity="stream")
    assert [(p.first_row, p.n_rows) for p in passes] == [(r, 2) for r in range(0, 10, 2)]
    # Each: 2 PEs x 2 lines x 64 bits, and 2 PEs x 5 pointers x 16 bits.
    assert [p.refill_bits for p in passes] == [2 * 2 * 64 + 2 * 5 * 16] * 5


def test_streaming_refuses_a_row_larger_than_the_sram():
    with pytest.raises(CapacityError, match="one row"):
        plan(dense_layer(80, 20), n_pe=2, spmat_kb=0.015625, capacity="stream")


def test_the_advice_of_a_capacity_error_works():
    packed = dense_layer(8, 20)
    with pytest.raises(CapacityError) as caught:
        plan(packed, n_pe=2, spmat_kb=0.03125)
    text = str(caught.value)
    more = int(text.split("n_pe=")[1].split(",")[0])
    kb = float(text.split("spmat_kb=")[1].split(",")[0])
    assert len(plan(packed, n_pe=more, spmat_kb=0.03125)) == 1
    assert len(plan(packed, n_pe=2, spmat_kb=kb)) == 1


@given(
    n_out=st.integers(1, 40), n_in=st.integers(1, 40), n_pe=st.integers(1, 6),
    depth=st.integers(1, 6), lines=st.integers(1, 40), bias=st.booleans(),
)
def test_every_row_of_every_tile_is_scanned_once(n_out, n_in, n_pe, depth, lines, bias):
    overrides = {"n_pe": n_pe, "regfile_depth": depth, "spmat_kb": lines * 64 / 8192,
                 "act_sram_kb": 64.0, "capacity": "stream"}
    try:
        passes = plan(dense_layer(n_out, n_in, bias), **overrides)
    except CapacityError:
        return
    rows, out_rows = -(-n_in // n_pe), -(-n_out // n_pe)
    tiles = -(-out_rows // depth)
    for tile in range(tiles):
        mine = [p for p in passes if p.tile == tile]
        scanned = [r for p in mine for r in range(p.first_row, p.first_row + p.n_rows)]
        assert scanned == list(range(rows))
        assert [p.clear for p in mine] == [True] + [False] * (len(mine) - 1)
        assert [p.bias for p in mine] == [False] * (len(mine) - 1) + [bias]
    assert sum(p.store_rows for p in passes) == (out_rows if tiles > 1 else 0)
    assert sum(p.load_rows for p in passes) == (rows * tiles if rows > depth else 0)
