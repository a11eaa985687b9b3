"""The reference against the recurrences: every counter, and outputs against dense integers."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from accelsim.engines.reference.eie import run
from tests.timing.layers import machine, random_job
from tests.timing.recurrence import recurrence_counters
from tests.timing.values import sequential_values

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
})


@given(
    machine_values=CASES, n_outputs=st.integers(1, 40), n_inputs=st.integers(1, 30),
    density=st.sampled_from([0.0, 0.1, 0.5, 1.0]), active=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    bias=st.booleans(), shift=st.integers(0, 6), seed=st.integers(0, 1 << 30),
)
def test_every_counter_and_output(
    machine_values: dict[str, Any], n_outputs: int, n_inputs: int, density: float, active: float,
    bias: bool, shift: int, seed: int,
) -> None:
    config = machine(**machine_values)
    job = random_job(config, n_outputs, n_inputs, density, active, bias, shift, seed)
    result = run(config, job, shuffle=random.Random(seed))
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
