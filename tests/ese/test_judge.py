"""ESE's engines against a judge that shares no code with them, and faults that it must notice."""

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.compression import recurrent_points
from accelsim.errors import AccelsimError, InputError
from accelsim.machines import EseConfig, load_as, run_job
from accelsim.machines.ese import fast, fixed_cell, job, tables
from accelsim.machines.ese.job import make_job
from accelsim.records.cells import CELLS, Row, add
from accelsim.records.recurrent import RecurrentLayer
from tests.ese.judge_time import all_counters
from tests.ese.judge_values import Values
from tests.ese.layers import random_layer, utterance
from tests.ese.test_functional import OPTIONS

KINDS = OPTIONS | {"linear without biases": {"kind": "linear", "biases": False},
                   "gru without biases": {"kind": "gru", "biases": False}}


def judged(config, layer, x, sample):
    """What the contract says: binary points, outputs, slots, counters; None if refused."""
    values = Values(config, layer, x, sample)
    if values.refused:
        return None
    return values.frac, values.outputs, *all_counters(config, layer, values, *x.shape[:2])


def differences(config, layer, x, sample, verdict, engine="fast"):
    """Names of everything that an engine tells otherwise."""
    frac, outputs, slots, counters = verdict
    made = make_job(config, layer, x, calibration=sample)
    told = run_job(engine, config, made)
    found = [s for s in frac if made.frac_bits[s] != frac[s]]
    found += [] if np.array_equal(told.outputs, outputs) else ["outputs"]
    if told.counters is not None:
        times = [(s.step, s.name, s.spmv, s.cycles) for s in told.slots]
        found += [] if times == slots else ["slots"]
        assert counters.keys() == {f.name for f in fields(told.counters)}
        found += [name for name, value in counters.items()
                  if not np.array_equal(getattr(told.counters, name), value)]
    if told.operations["saturations"] != sum(counters["saturations"]):
        found.append("operations")
    return found


@st.composite
def cases(draw):
    """Any machine and layer small enough for plain loops."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_in, n_cells = draw(st.integers(1, 7)), draw(st.integers(1, 11))
    layer = random_layer(rng, **{
        **KINDS[draw(st.sampled_from(sorted(KINDS)))], "n_in": n_in, "n_cells": n_cells,
        "density": draw(st.sampled_from([0.05, 0.4, 1.0])),
        "scale": draw(st.sampled_from([0.5, 3.0]))})
    n_pe, n_channels = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    config = load_as(
        EseConfig, "ese", n_pe=n_pe, n_channels=n_channels, capacity="ignore",
        act_queue_depth=draw(st.integers(1, 5)),
        weight_bits=draw(st.integers(3, 14)), index_bits=draw(st.integers(2, 4)),
        activation_bits=draw(st.sampled_from([8, 12, 16])),
        accumulator_bits=draw(st.sampled_from([8, 16, 24])),
        pointer_bits=draw(st.sampled_from([8, 16])), start_cycles=draw(st.integers(0, 2)),
        ddr_word_bits=draw(st.sampled_from([32, 72, 512])),
        ddr_latency_cycles=draw(st.integers(1, 25)), ddr_burst_words=draw(st.integers(1, 6)),
        ddr_burst_gap_cycles=draw(st.integers(0, 4)),
        dram=draw(st.sampled_from(["none", "none", "hbm2", "ddr3-1600"])),
        dram_channels=draw(st.integers(1, 2)),
        column_align_bits=draw(st.sampled_from([1, 50, 512])),
        vector_path_bits=draw(st.sampled_from([5, 16, 64])),
        weights_ready=draw(st.sampled_from(["column", "matrix"])),
        elementwise_width=draw(st.integers(1, n_pe)),
        elementwise_latency_cycles=draw(st.integers(1, 9)),
        table_samples=draw(st.sampled_from([16, 256])),
        table_interpolation=draw(st.sampled_from(["linear", "nearest"])),
    )
    steps, channels = draw(st.integers(1, 3)), draw(st.integers(1, n_channels))
    x = utterance(rng, steps, channels, n_in)
    # A quiet calibration makes sums saturate.
    return config, layer, x, x * draw(st.sampled_from([1.0, 0.2]))


WIDE = {"deadline": None, "derandomize": True,
        "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


@settings(max_examples=80, **WIDE)
@given(cases())
def test_engines_tell_what_the_contract_says(case):
    verdict = judged(*case)
    if verdict is None:
        with pytest.raises(InputError, match="product shift"):
            make_job(*case[:3], calibration=case[3])
        return
    assert differences(*case, verdict) == []
    assert differences(*case, verdict, "functional") == []


@pytest.mark.slow
@settings(max_examples=1500, **WIDE)
@given(cases())
def test_far_more_of_it(case):
    test_engines_tell_what_the_contract_says.hypothesis.inner_test(case)


@cache
def examples():
    """One of each kind of layer, on machines that wait for DRAM, for queues and for sums."""
    found = []
    for k, name in enumerate(KINDS):
        rng = np.random.default_rng(k)
        layer = random_layer(rng, **{**KINDS[name], "n_in": 6, "n_cells": 13, "scale": 2.0})
        config = load_as(
            EseConfig, "ese", n_pe=3, n_channels=3, act_queue_depth=1 + k % 3, index_bits=2,
            elementwise_width=2, ddr_word_bits=(64, 512)[k % 2], ddr_burst_words=4,
            ddr_burst_gap_cycles=2, ddr_latency_cycles=(5, 25)[k % 2], column_align_bits=40,
            elementwise_latency_cycles=1 + k % 2 * 20,
            accumulator_bits=(16, 24)[k // 2 % 2], weight_bits=(4, 12)[k % 2], table_samples=64,
            table_interpolation=("linear", "nearest")[k // 2 % 2])
        x = utterance(rng, 3, 2, 6)
        sample = x * (1.0, 0.2)[k % 2]
        found.append((config, layer, x, sample))
    # The large weight meets the small input: y could have more fraction bits than its products.
    coarse = RecurrentLayer("linear", {"Wyx": np.array([[4.0, 0.1]])})
    found.append((load_as(EseConfig, "ese", n_pe=1, n_channels=1, weight_bits=3,
                          elementwise_width=1), coarse, np.array([[[0.001, 4.0]]]), None))
    return [(*example, judged(*example)) for example in found]


@pytest.mark.parametrize("k", range(len(KINDS) + 1), ids=[*KINDS, "coarse"])
def test_the_reference_is_judged_alike(k):
    assert differences(*examples()[k], "reference") == []


def noticed():
    """What the engines tell otherwise; an error on purpose is a notice too."""
    found = []
    for example in examples():
        try:
            found += differences(*example)
        except AccelsimError as error:
            found.append(str(error))
    return found


def test_without_a_fault_nothing_is_noticed():
    assert noticed() == []


def fault(original, change):
    """``change`` what a function gives."""
    return lambda *args, **kwargs: change(original(*args, **kwargs), *args)


def replaced_row(kind, text, by):
    """A kind of cell with one equation changed."""
    cell = CELLS[kind]

    def rows(options):
        return tuple(
            replace(row, equations=tuple(
                replace(e, text=by) if e.text == text else e for e in row.equations))
            for row in cell.rows(options))
    return replace(cell, rows=rows)


def slots_with(**changes):
    return lambda made, *_: replace(made, step=tuple(replace(s, **changes) for s in made.step))


def wym_a_slot_later(made, *_):
    fetched = [slot.fetch_matrix for slot in made.step]
    if "Wym" in fetched:
        at = fetched.index("Wym")
        fetched[at : at + 2] = [None, "Wym"]
    return replace(made, step=tuple(
        replace(slot, fetch_matrix=name) for slot, name in zip(made.step, fetched, strict=True)))


def shifted_tables(config):
    made = tables.make_tables(config)
    return {name: replace(t, origin=t.origin + 1) for name, t in made.items()}


FIXED, TABLE, DDR, TIMING = (fixed_cell.FixedCell, tables.Table, fast.Ddr, fast._Timing)
FAULTS = {
    "a product is cut off, not rounded": (
        FIXED, "times", lambda self, left, right, shift: (left * right) >> shift),
    "1 is not quite 1": (FIXED, "complement", fault(FIXED.complement, lambda v, *_: v - 1)),
    "sums are not saturated": (FIXED, "_saturate", lambda self, values: values),
    "accumulators are not saturated": (fast, "bounds", lambda bits: (-(1 << 30), 1 << 30)),
    "a table is one sample off": (job, "make_tables", shifted_tables),
    "interpolation is cut off": (
        TABLE, "look_up", fault(TABLE.look_up, lambda v, *_: v - (v % 5 == 0))),
    "the tables' binary point": (job, "gate_frac_bits", lambda config: config.activation_bits - 3),
    "binary points do not follow products": (
        recurrent_points, "_lower", lambda points, limits: None),
    "one fraction bit less": (
        recurrent_points, "frac_bits_for",
        fault(recurrent_points.frac_bits_for, lambda v, *_: v - 1)),
    "o sees the cell before": (CELLS, "lstm", replaced_row(
        "lstm", "o = sigmoid(Wox + Wor + bo + Woc.c)", "o = sigmoid(Wox + Wor + bo + Wfc.c)")),
    "z the other way around": (CELLS, "gru", replaced_row(
        "gru", "h = (1 - z) * n + z * y", "h = (1 - z) * y + z * n")),
    "no slot waits for pointers": (
        job, "make_schedule", fault(job.make_schedule, slots_with(awaits_pointers=False))),
    "results are not stored": (
        job, "make_schedule", fault(job.make_schedule, slots_with(store_y=False))),
    "x is not fetched again": (
        job, "make_schedule", fault(job.make_schedule, slots_with(fetch_x=False))),
    "Wym is fetched late": (job, "make_schedule", fault(job.make_schedule, wym_a_slot_later)),
    "operations take no time": (
        job, "make_schedule", fault(job.make_schedule, slots_with(operations=()))),
    "DRAM is a cycle late": (DDR, "request", fault(DDR.request, lambda v, *_: v + 1)),
    "vectors come a cycle early": (TIMING, "_vector", fault(TIMING._vector, lambda v, *_: v - 1)),
    "the drain is one stage shorter": (fast, "ARITH_STAGES", 3),
    "a multiplication takes a cycle more": (fast, "spmv_time", fault(
        fast.spmv_time, lambda v, *_: (v[0] + 1, *v[1:]))),
    "a wait is counted as blocked": (fast, "spmv_time", fault(
        fast.spmv_time, lambda v, *_: (v[0], v[1] - 1, v[2] + 1))),
    "padding is forgotten": (job, "build_stream", fault(
        job.build_stream, lambda v, *_: replace(v, padding=v.padding * 0))),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_noticed(monkeypatch, name):
    place, what, wrong = FAULTS[name]
    if isinstance(place, dict):
        monkeypatch.setitem(place, what, wrong)
    else:
        monkeypatch.setattr(place, what, wrong)
    assert noticed()


def test_an_equation_more_is_noticed(monkeypatch):
    cell = CELLS["linear"]
    more = Row(2, None, (add("y = sigmoid(Wyx + by)", "y"),))
    monkeypatch.setitem(CELLS, "linear", replace(cell, rows=lambda options: (
        *cell.rows(options)[:1], more)))
    assert noticed()
