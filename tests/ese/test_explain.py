"""ESE's explanation names what decides when a slot ends: by closed form, by taking the cause away,
and by running what it says would help."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim import simulate
from accelsim.compression.patterns import load_balanced
from accelsim.errors import CapacityError
from accelsim.inside.explain import explain, steady_step
from accelsim.machines import EseConfig, get_machine, load_as, run_job
from accelsim.machines.ese.explain import CAUSES, bound_of
from accelsim.machines.ese.fast import slot_ends
from accelsim.machines.ese.remedies import balanced_weights, pointer_bits
from accelsim.papers.recurrent_runs import chosen_layer
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload.recurrent_folder import load_recurrent_folder
from tests.ese.layers import random_layer, utterance

ESE = get_machine("ese")
SMALL = {"n_channels": 2, "n_pe": 4, "ddr_word_bits": 64, "column_align_bits": 64,
         "ddr_latency_cycles": 5, "elementwise_latency_cycles": 3, "table_samples": 64,
         "capacity": "ignore"}


def machine(**overrides):
    return load_as(EseConfig, "ese", **{**SMALL, **overrides})


def layer_and_job(config, kind="lstm", seed=1, steps=4, **options):
    rng = np.random.default_rng(seed)
    layer = random_layer(rng, kind, n_in=9, n_cells=16, **options)
    return layer, ESE.job(config, layer, utterance(rng, steps, 2, 9))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(["lstm", "gru", "linear"]), seed=st.integers(0, 1000),
    steps=st.integers(1, 4), n_pe=st.sampled_from([2, 4, 16]),
    bits=st.sampled_from([8, 16, 32]), word=st.sampled_from([16, 64, 512]),
    ready=st.sampled_from(["column", "matrix"]), latency=st.integers(1, 60),
)
def test_slots_and_states_are_those_of_the_reference(
    kind, seed, steps, n_pe, bits, word, ready, latency
):
    config = machine(n_pe=n_pe, pointer_bits=bits, ddr_word_bits=word, weights_ready=ready,
                     elementwise_width=2, ddr_latency_cycles=latency)
    layer, job = layer_and_job(config, kind, seed, steps)
    reference = run_job("reference", config, job)
    ends = slot_ends(config, job)
    assert [max(own.values()) for own in ends] == [slot.cycles for slot in reference.slots]
    assert {cause for own in ends for cause in own} <= set(CAUSES)
    found = explain(ESE, config, layer, job, remedies=False)
    total = sum(found.states.values())
    assert np.array_equal(total, np.full(n_pe, reference.counters.cycles))
    assert all((cycles >= 0).all() for cycles in found.states.values())
    assert sum(row["cycles"] for row in found.tables[0].rows) == reference.counters.cycles


def test_pointers_take_what_their_words_take():
    """Nothing but pointers is fetched from DDR_2: the latency, then a word a cycle."""
    config = machine(pointer_bits=32, ddr_word_bits=32)
    _, job = layer_and_job(config, biases=False)
    ends = slot_ends(config, job)
    for slot, own in zip(job.schedule.utterance(4), ends, strict=True):
        if slot.fetch_matrix is None or slot.fetch_x or not slot.awaits_pointers:
            continue
        columns = layer_columns(job, slot.fetch_matrix)
        words = -(-4 * (columns + 1) * 32 // 32)
        assert own["pointer fetch"] == config.ddr_latency_cycles + words
        assert bound_of(own) == "pointer fetch"


def layer_columns(job, name):
    return job.weights[name].matrix.shape[1]


def test_a_vector_takes_the_path_piece_by_piece():
    config = machine(pointer_bits=4, vector_path_bits=2)
    _, job = layer_and_job(config)
    for slot, own in zip(job.schedule.utterance(4), slot_ends(config, job), strict=True):
        if slot.fetch_vector is not None:
            # 16 values of 16 bits, 2 bits a cycle, the first one cycle behind the first word.
            assert own["vector fetch"] == config.ddr_latency_cycles + 2 + 16 * 16 // 2 - 1
            assert bound_of(own) == "vector fetch"


def plain_multiplication(counts, depth, start):
    """Contract Q1 to Q5 with all weights there, column by column."""
    n_columns, n_pe = counts.shape
    free, pops, issue = [start + 1] * n_pe, [], start - 1
    for k in range(n_columns):
        issue += 1
        if k >= depth:
            issue = max(issue, max(pops[k - depth]) + 1)
        pops.append([max(issue + 1, free[p]) for p in range(n_pe)])
        free = [pops[k][p] + max(int(counts[k, p]), 1) for p in range(n_pe)]
    return max(*free, issue) + 1 + 4


@pytest.mark.parametrize("depth", [1, 2, 8])
@pytest.mark.parametrize("ready", ["column", "matrix"])
def test_weights_that_arrive_late_are_told_from_the_multiplication(depth, ready):
    config = machine(ddr_word_bits=16, column_align_bits=64, pointer_bits=4,
                     act_queue_depth=depth, weights_ready=ready, ddr_latency_cycles=40)
    _, job = layer_and_job(config, density=0.9)
    late = 0
    for slot, own in zip(job.schedule.utterance(4), slot_ends(config, job), strict=True):
        if slot.spmv is None:
            continue
        counts = job.streams[slot.spmv].counts
        assert own["multiplication"] == plain_multiplication(counts, depth, config.start_cycles)
        if "weights arriving" in own:
            late += 1
            assert own["weights arriving"] > own["multiplication"]
    assert late


WITHOUT = {
    "pointer fetch": {"pointer_bits": 4},
    "vector fetch": {"vector_path_bits": 4096},
    "element-wise": {"elementwise_width": 4, "elementwise_latency_cycles": 1},
}
BOUND_BY = {
    "pointer fetch": {"pointer_bits": 32, "n_pe": 16},
    "vector fetch": {"pointer_bits": 4, "vector_path_bits": 4},
    "element-wise": {"pointer_bits": 4, "elementwise_latency_cycles": 200},
}


@pytest.mark.parametrize("cause", WITHOUT)
def test_without_its_cause_a_slot_is_shorter_on_the_reference(cause):
    config = machine(**BOUND_BY[cause])
    layer, job = layer_and_job(config, density=0.1)  # few weights, which are never late
    found = explain(ESE, config, layer, job, remedies=False)
    assert found.bound.startswith(cause)
    easier = config.model_copy(update=WITHOUT[cause])
    after = run_job("reference", easier, job.again(ESE, easier)).slots
    others = [name for name in WITHOUT if name != cause]
    untouched = config.model_copy(update=WITHOUT[others[0]])
    same = run_job("reference", untouched, job.again(ESE, untouched)).slots
    step = steady_step(found.result.slots)
    seen = 0
    for bound, slot, shorter, other in zip(
            found.slot_bounds, found.result.slots, after, same, strict=True):
        if bound == cause and slot.step == step:
            seen += 1
            assert shorter.cycles < slot.cycles
            assert other.cycles == slot.cycles
    assert seen


def test_every_gain_is_that_of_a_run():
    """Each change, done by hand on the reference."""
    config = machine(pointer_bits=16, elementwise_latency_cycles=24)
    layer, job = layer_and_job(config, density=0.5)
    found = explain(ESE, config, layer, job)
    assert len(found.remedies) > 6
    inputs = job.inputs / 2.0 ** job.frac_bits["x"]
    for remedy in found.remedies:
        if remedy.cycles is None:
            assert remedy.problem
            continue
        if "balanced pruning" in remedy.name:
            kept = {name: own * load_balanced(own, np.count_nonzero(own) / own.size, 4)
                    for name in layer.matrices for own in [quantised(layer, name)]}
            work, own = type(layer)("lstm", kept, layer.biases), config
        else:
            key, value = remedy.name.partition("(")[2].partition(" instead")[0].split(" = ")
            work, own = layer, machine(**{"pointer_bits": 16, "elementwise_latency_cycles": 24,
                                          key: int(value)})
        assert remedy.cycles == simulate(own, work, inputs, "reference").cycles
        assert found.saved(remedy) == found.result.cycles - remedy.cycles


def quantised(layer, name):
    return LinearWeights.from_floats(layer.floats(name), 12).decoded().to_dense()


def test_pointers_are_as_narrow_as_capacity_allows():
    config = machine(capacity="check")
    layer, job = layer_and_job(config, density=0.9)
    bits = pointer_bits(job)
    assert 4 < bits < 16
    job.again(ESE, config.model_copy(update={"pointer_bits": bits}))
    with pytest.raises(CapacityError):
        job.again(ESE, config.model_copy(update={"pointer_bits": bits - 1}), layer)


def test_a_pointer_reaches_behind_the_last_entry():
    """A dense column of 64 rows on 4 PEs: 16 entries each, and 5 bits for a pointer to 16."""
    config = machine(capacity="check")
    layer = RecurrentLayer("linear", {"Wyx": np.ones((64, 1))})
    assert pointer_bits(ESE.job(config, layer, np.ones((1, 1)))) == 5


@pytest.mark.parametrize("n_pe", [1, 3, 20])
def test_balanced_weights_are_the_pattern_of_ese(n_pe):
    rng = np.random.default_rng(n_pe)
    dense = np.where(rng.random((17, 11)) < 0.4, rng.normal(size=(17, 11)), 0)
    weights = LinearWeights.from_floats(dense, 12)
    whole = weights.decoded().to_dense()
    mask = load_balanced(whole, np.count_nonzero(whole) / whole.size, n_pe)
    kept = balanced_weights(weights, n_pe)
    assert np.array_equal(kept.decoded().to_dense(), whole * mask)
    assert (kept.frac_bits, kept.weight_bits) == (weights.frac_bits, weights.weight_bits)


def test_the_job_made_again_has_the_same_integers():
    config = machine()
    _, job = layer_and_job(config)
    again = job.again(ESE, config)
    assert np.array_equal(again.inputs, job.inputs)
    assert (again.shifts, again.frac_bits) == (job.shifts, job.frac_bits)
    assert again.input_sha256() == job.input_sha256()


@pytest.mark.parametrize(("n_pe", "cycles"), [(32, 19_318), (64, 29_458), (128, 50_028)])
def test_silero_waits_for_pointers_and_narrower_ones_help(n_pe, cycles):
    """Every PE has its own pointers: twice the PEs, twice the words, and more cycles, not fewer."""
    config = load_as(EseConfig, "ese", n_pe=n_pe)
    network = load_recurrent_folder("traces/silero-lstm")
    layer, _ = chosen_layer(network, config, "unstructured", 0.112)
    found = explain(ESE, config, layer, ESE.job(config, layer, network.inputs[:10]))
    assert found.result.cycles == cycles
    assert found.finding.startswith("Pointer fetch bounds slots")
    assert f"{n_pe * 129:,} of 16 bits" in found.finding
    (narrow,) = [r for r in found.remedies if "pointer_bits" in r.name]
    assert "pointer_bits" in found.finding
    bits = int(narrow.name.partition("pointer_bits = ")[2].partition(" ")[0])
    by_hand = simulate(config.model_copy(update={"pointer_bits": bits}), layer, network.inputs[:10])
    assert narrow.cycles == by_hand.cycles
    assert found.saved(narrow) > 0.07 * cycles
    json.dumps(found.as_dict())
