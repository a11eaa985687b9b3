"""Batches, tiles and refills: M1 to M5."""

from __future__ import annotations

import numpy as np
import pytest

from accelsim.errors import CapacityError
from accelsim.machines.eie.reference.array import run
from tests.timing.layers import machine, make_job, trace
from tests.timing.values import dense_weights


def test_batches_of_inputs_and_tiles_of_outputs() -> None:
    """2 PEs, 2 registers: 3 input rows are batches of 2 and 1, 5 output rows tiles of 2, 2, 1.

    Six passes: 6 start, 3 * (2 + 1 + 1 + 1) load, 3 * 3 scan (all zero), 24 drain, 5 store.
    """
    config = machine(regfile_depth=2)
    job = make_job(config, [{}] * 6, [0] * 6, n_outputs=10)
    seen, counters = trace(config, job)
    assert (counters.passes, counters.load_cycles, counters.store_cycles) == (6, 15, 5)
    assert counters.cycles == 6 + 15 + 9 + 24 + 5
    assert counters.act_sram_reads.tolist() == counters.src_reg_writes.tolist() == [9, 9]
    assert counters.act_sram_writes.tolist() == counters.dst_reg_reads.tolist() == [5, 5]
    assert counters.src_reg_reads.tolist() == [9, 9]
    assert seen.phases[:14] == (
        ["start"] + ["load"] * 3 + ["compute"] * 2 + ["drain"] * 4 + ["start"] + ["load"] * 2
        + ["compute"]
    )


@pytest.mark.parametrize(
    ("inputs", "outputs", "load", "store"), [(4, 4, 0, 0), (5, 4, 5, 0), (4, 5, 0, 3)]
)
def test_vectors_that_fit_cost_nothing(inputs: int, outputs: int, load: int, store: int) -> None:
    config = machine(regfile_depth=2)
    job = make_job(config, [{0: 1}] * inputs, n_outputs=outputs)
    _, counters = trace(config, job)
    assert (counters.load_cycles, counters.store_cycles) == (load, store)


def test_sums_stay_until_the_tile_is_done() -> None:
    config = machine(regfile_depth=2)
    columns = [{row: 1 + (row + j) % 15 for row in range(10)} for j in range(7)]
    job = make_job(config, columns, [3, -1, 4, 1, -5, 9, 2], bias={9: 7}, bias_activation=100)
    weights = dense_weights(job)
    assert np.array_equal(
        run(config, job).outputs, weights @ np.append(job.activations, 100)
    )


def test_every_pass_reads_its_first_line() -> None:
    """One PE, one register, two inputs: both entries are in line 0, in two passes."""
    columns = [{0: 1}, {0: 1}]
    for depth, passes in ((1, 2), (2, 1)):
        config = machine(n_pe=1, regfile_depth=depth)
        _, counters = trace(config, make_job(config, columns))
        assert (counters.passes, counters.spmat_line_reads.tolist()) == (passes, [passes])


def test_the_pipeline_is_empty_between_passes() -> None:
    """The same accumulator at the end of one pass and the start of the next: nothing in flight."""
    for bypass in (True, False):
        config = machine(n_pe=1, regfile_depth=1, bypass=bypass)
        job = make_job(config, [{0: 5}, {0: 6}])
        _, counters = trace(config, job)
        assert counters.cycles == 2 * (1 + 2 + 3 + 4)
        assert counters.dst_reg_reads.tolist() == [2]
        assert run(config, job).outputs == [11]


SMALL = {"n_pe": 1, "spmat_width_bits": 12, "spmat_kb": 48 / 8192, "dma_width_bits": 64}


def test_refill() -> None:
    """Eight entries fit. Columns of 3 and 4 are one segment, a column of 4 the next.

    Bits: 4 lines of 12 and 3 pointers of 16, then 2 lines and 2 pointers: 96 and 56, so 2 + 1
    cycles. Entries 0 to 6 are in four lines; the second segment counts from 0 again: two lines.
    """
    rows = [3, 4, 4]
    columns = [dict.fromkeys(range(n), 1) for n in rows]
    config = machine(capacity="stream", **SMALL)
    assert config.spmat_entries == 8
    job = make_job(config, columns)
    seen, counters = trace(config, job)
    assert (counters.refill_bits, counters.refill_cycles) == (152, 3)
    assert counters.spmat_line_reads.tolist() == [6]
    assert counters.cycles == (1 + 2 + 2 + 7 + 4) + (1 + 1 + 2 + 4 + 4)
    assert seen.phases[:4] == ["start", "refill", "refill", "compute"]
    assert run(config, job).outputs.tolist() == [3, 3, 3, 2]


def test_a_resident_layer_is_not_refilled() -> None:
    config = machine(capacity="stream", **SMALL)
    _, counters = trace(config, make_job(config, [dict.fromkeys(range(4), 1)] * 2))
    assert (counters.refill_cycles, counters.passes) == (0, 1)


def test_capacity_check_and_ignore() -> None:
    columns = [dict.fromkeys(range(n), 1) for n in (3, 4, 4)]
    config = machine(**SMALL)
    with pytest.raises(CapacityError, match="more than the"):
        run(config, make_job(config, columns))
    config = machine(capacity="ignore", regfile_depth=1, **SMALL)
    _, counters = trace(config, make_job(config, columns))
    assert (counters.passes, counters.cycles) == (1, 1 + 2 + 11 + 4)
