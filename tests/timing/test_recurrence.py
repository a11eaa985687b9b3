"""The reference against the recurrences: every counter, and outputs against dense integers."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from accelsim.errors import CapacityError
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.reference.array import run
from tests.timing.layers import machine, random_job
from tests.timing.recurrence import recurrence_counters
from tests.timing.values import dense_weights, sequential_values

CASES = st.fixed_dictionaries({
    "n_pe": st.integers(1, 9),
    "act_queue_depth": st.integers(1, 5),
    "index_bits": st.integers(2, 4),
    "spmat_width_bits": st.integers(8, 40),
    "row_change_cycles": st.integers(0, 1),
    "empty_column_cycles": st.integers(0, 1),
    "bypass": st.booleans(),
    "start_cycles": st.integers(0, 3),
    "accumulator_bits": st.integers(6, 20),
    "activation_bits": st.integers(2, 10),
    "weight_value_bits": st.integers(2, 10),
    "regfile_depth": st.integers(1, 8),
    "capacity": st.sampled_from(["check", "stream", "ignore"]),
    "spmat_kb": st.sampled_from([0.1, 0.2, 128.0]),
    "pointer_kb": st.sampled_from([0.05, 0.1, 32.0]),
    "dma_width_bits": st.integers(1, 100),
})


LAYERS = {
    "n_outputs": st.integers(1, 40), "n_inputs": st.integers(1, 30),
    "density": st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    "active": st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    "bias": st.sampled_from([False, True, "exact"]),
    "shift": st.integers(0, 6), "seed": st.integers(0, 1 << 30),
}


@settings(max_examples=300)
@given(machine_values=CASES, layer=st.fixed_dictionaries(LAYERS))
def test_every_counter_and_output(machine_values: dict[str, Any], layer: dict[str, Any]) -> None:
    config = machine(**machine_values)
    try:
        job = random_job(config, **layer)
        result = run(config, job, shuffle=random.Random(layer["seed"]))
    except CapacityError:
        assume(False)
    counters = result.counters
    assert counters is not None
    counters.check()
    values, saturations = sequential_values(config, job)
    expected = replace(recurrence_counters(config, job), saturations=saturations)
    assert counters.difference(expected) is None
    assert np.array_equal(result.outputs, values)
    assert result.operations == {
        "entries": int(counters.issued_entries.sum()),
        "padding": int(counters.padding_entries.sum()),
        "macs": int(counters.macs.sum()),
        "saturations": int(saturations.sum()),
    }


@given(layer=st.fixed_dictionaries(LAYERS), n_pe=st.integers(1, 9), depth=st.integers(1, 4))
def test_outputs_are_a_matrix_product_when_nothing_saturates(
    layer: dict[str, Any], n_pe: int, depth: int
) -> None:
    config = machine(n_pe=n_pe, act_queue_depth=depth, activation_bits=8, weight_value_bits=8,
                     accumulator_bits=24, regfile_depth=4)
    job = random_job(config, **{**layer, "shift": 0})
    vector = job.activations
    if job.image.has_bias:
        vector = np.append(vector, job.bias_activation)
    result = run(config, job)
    starts = 0 if job.bias is None else job.bias
    if np.abs(starts).max() < 1 << 22:  # or a sum may be beyond 24 bits
        assert result.operations["saturations"] == 0
        assert np.array_equal(result.outputs, dense_weights(job) @ vector + starts)


def closed_form(config: EieConfig, job: LayerJob) -> int:
    """Compute cycles by the formula of the README, as it stands there, for one pass."""
    image, n_pe, depth = job.image, config.n_pe, config.act_queue_depth
    columns = job.active_columns().tolist()
    rows = -(-image.n_inputs // n_pe)
    work = [
        [max(int(image.pointers[p, 0, j + 1] - image.pointers[p, 0, j]),
             config.empty_column_cycles) for p in range(n_pe)]
        for j in columns
    ]
    issue, pop = [], []
    for k, j in enumerate(columns):
        behind = (columns[k - 1] + 1) // n_pe if k else 0
        earliest = (issue[k - 1] + 1 if k else 0) + config.row_change_cycles * (j // n_pe - behind)
        issue.append(max(earliest, max(pop[k - depth]) + 1 if k >= depth else 0))
        pop.append([
            max(issue[k] + 1, pop[k - 1][p] + work[k - 1][p] if k else 0) for p in range(n_pe)
        ])
    if not columns:
        return rows * config.row_change_cycles
    behind = rows if image.has_bias else (columns[-1] + 1) // n_pe
    last_scan = issue[-1] + config.row_change_cycles * (rows - behind)
    return 1 + max(last_scan, max(pop[-1][p] + work[-1][p] for p in range(n_pe)))


@given(
    layer=st.fixed_dictionaries(LAYERS), n_pe=st.integers(1, 9), depth=st.integers(1, 5),
    row_change=st.integers(0, 1), empty=st.integers(0, 1),
)
def test_the_closed_form(
    layer: dict[str, Any], n_pe: int, depth: int, row_change: int, empty: int
) -> None:
    config = machine(n_pe=n_pe, act_queue_depth=depth, row_change_cycles=row_change,
                     empty_column_cycles=empty, capacity="ignore")
    job = random_job(config, **layer)
    counters = run(config, job).counters
    assert counters is not None
    assert counters.compute_cycles == closed_form(config, job)


@given(layer=st.fixed_dictionaries(LAYERS), machine_values=CASES, seed=st.integers(0, 1 << 30))
def test_the_order_of_processes_does_not_matter(
    layer: dict[str, Any], machine_values: dict[str, Any], seed: int
) -> None:
    config = machine(**{**machine_values, "capacity": "ignore"})
    job = random_job(config, **layer)
    first = run(config, job)
    orders = random.Random(seed)
    for _ in range(3):
        other = run(config, job, shuffle=orders)
        assert np.array_equal(first.outputs, other.outputs)
        assert first.counters is not None
        assert other.counters is not None
        assert first.counters.difference(other.counters) is None


def test_the_cases_reach_every_counter() -> None:
    """Else a counter that always stays zero would pass above."""
    reached: set[str] = set()
    for seed in range(60):
        rng = random.Random(seed)
        config = machine(
            n_pe=rng.randint(1, 4), act_queue_depth=rng.randint(1, 3), bypass=seed % 2 == 0,
            regfile_depth=rng.randint(1, 8), capacity="stream", spmat_kb=0.1, pointer_kb=0.1,
            accumulator_bits=20, dram="hbm2" if seed % 3 else "none", dma_width_bits=4 + seed % 2,
        )
        try:
            bias = "exact" if seed % 4 == 1 else True
            counters = run(config, random_job(config, 20, 20, 0.2, 0.7, bias, 4, seed)).counters
        except CapacityError:
            continue
        assert counters is not None
        reached |= {f.name for f in fields(counters) if np.any(getattr(counters, f.name))}
    # Refills here are shorter than the time between refreshes (tests/dram, tests/arch/test_refill).
    # Bitmaps and several entries a cycle have their own (tests/contracts/test_wide.py).
    beside = {"index_cycles", "macs_beside", "padding_beside"}
    assert reached | beside | {"dram_refreshes"} == {f.name for f in fields(counters)}
