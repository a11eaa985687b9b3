"""The bank-balanced machine's explanation: rows by hand, and what would help by running it."""

import json

import numpy as np
import pytest

from accelsim.compression.patterns import bank_balanced, prune_gates
from accelsim.inside.explain import explain
from accelsim.machines import BbsConfig, get_machine, load_as, run_job
from accelsim.machines.bbs.explain import row_costs
from accelsim.machines.bbs.remedies import balanced_order, changes
from accelsim.records import CscMatrix
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import RecurrentLayer
from tests.ese.layers import random_layer

BBS = get_machine("bbs")


def machine(**overrides):
    return load_as(BbsConfig, "bbs", **{"n_pe": 4, "n_banks": 4, **overrides})


def sparse(rows=30, columns=40, density=0.3, seed=1):
    rng = np.random.default_rng(seed)
    return np.where(rng.random((rows, columns)) < density, rng.normal(size=(rows, columns)), 0)


def explained(config, work, **options):
    columns = (work.matrix if isinstance(work, LinearWeights) else work).shape[1]
    job = BBS.job(config, work, np.ones(columns))
    return job, explain(BBS, config, work, job, **options)


def test_a_row_that_crowds_one_bank_is_named():
    """Row 5 has all its 10 weights in bank 2: 10 slots where 2.5 would do."""
    weights = np.zeros((8, 40))
    weights[:, ::10] = 1.0  # one weight a bank
    weights[5] = 0
    weights[5, 20:30] = 1.0
    _, found = explained(machine(), weights)
    worst = next(t for t in found.tables if t.name == "worst_rows").rows[0]
    assert (worst["row"], worst["pe"], worst["fullest_bank"]) == (5, 1, 2)
    assert (worst["slots"], worst["mean_slots"], worst["lost"]) == (10, 2.5, 7.5)
    assert found.worst_pes()[0] == 1
    filler = found.tables[0].rows[0]
    assert (filler["pe"], filler["slots"], filler["macs"]) == (1, 11, 14)
    assert filler["filler"] == 11 * 4 - 14


@pytest.mark.parametrize("n_banks", [1, 3, 7, 64])
def test_rows_cost_what_the_reference_counts(n_banks):
    config = machine(n_banks=n_banks)
    weights = sparse(seed=n_banks)
    job, found = explained(config, weights, remedies=False)
    counters = run_job("reference", config, job).counters
    costs = row_costs(job.matrices[0])
    for pe in range(4):
        assert costs.slots[pe::4].sum() == counters.slots[pe]
        assert costs.weights[pe::4].sum() == counters.macs[pe]
    assert np.array_equal(sum(found.states.values()), np.full(4, counters.cycles))
    used = counters.macs.sum() / (counters.slots.sum() * n_banks)
    assert f"{100 * used:.1f} % of the multipliers have a weight" in found.finding


def test_every_gain_is_that_of_a_run():
    """Each change, done by hand on the reference."""
    config, weights = machine(), sparse()
    job, found = explained(config, weights)

    def cycles(own, work):
        return run_job("reference", own, BBS.job(own, work, np.ones(40))).counters.cycles

    mask = bank_balanced(weights, np.count_nonzero(weights) / weights.size, 4)
    order = balanced_order(row_costs(job.matrices[0]).slots, 4)
    by_hand = {
        "bank-balanced": cycles(config, weights * mask),
        "rows in": cycles(config, weights[order]),
        "n_banks = 8": cycles(machine(n_banks=8), weights),
        "n_banks = 2": cycles(machine(n_banks=2), weights),
        "n_pe = 8": cycles(machine(n_pe=8), weights),
        "n_pe = 2": cycles(machine(n_pe=2), weights),
        "as many multipliers with fewer": cycles(machine(n_pe=2, n_banks=8), weights),
        "as many multipliers with more": cycles(machine(n_pe=8, n_banks=2), weights),
    }
    assert len(found.remedies) == len(by_hand)
    for remedy in found.remedies:
        (expected,) = [n for start, n in by_hand.items() if remedy.name.startswith(start)]
        assert remedy.cycles == expected
    json.dumps(found.as_dict())


def test_every_record_of_a_matrix_is_explained_alike():
    weights = np.round(sparse() * 256) / 256
    _, dense = explained(machine(), weights)
    for work in (CscMatrix.from_dense(weights), LinearWeights.from_floats(weights, 16)):
        _, other = explained(machine(), work)
        assert other.finding == dense.finding
        assert [r.cycles for r in other.remedies] == [r.cycles for r in dense.remedies]


def test_the_order_is_one_and_evens_out():
    slots = np.array([9, 1, 1, 1, 9, 1, 1, 1, 9, 1])
    order = balanced_order(slots, 4)
    assert sorted(order) == list(range(10))
    before = [slots[pe::4].sum() for pe in range(4)]
    after = [slots[order][pe::4].sum() for pe in range(4)]
    assert max(before) == 27
    assert max(after) == 11
    uneven = np.array([8, 4, 4, 1])
    assert [uneven[balanced_order(uneven, 2)][pe::2].sum() for pe in (0, 1)] == [9, 8]


def test_a_recurrent_layer_is_pruned_gate_by_gate():
    """As `prune_gates` does, at the density that each gate has."""
    rng = np.random.default_rng(4)
    layer = random_layer(rng, n_in=20, n_cells=24, density=1.0)
    config = machine(elementwise_width=1)
    half = prune_gates(layer, "bank_balanced", density=0.5, n_banks=1)
    job = BBS.job(config, half, rng.normal(size=(3, 20)))
    result = BBS.finish(config, job)
    found = list(changes(config, half, job, result))
    wanted = prune_gates(half, "bank_balanced", density=0.5, n_banks=4)
    for name in layer.matrices:
        assert np.array_equal(found[0].work.floats(name), wanted.floats(name))
    assert not any("rows in" in change.name for change in found)
    assert any("elementwise_width" in change.settings for change in found)


def test_an_lstm_s_states_are_the_reference_s():
    rng = np.random.default_rng(6)
    layer = random_layer(rng, n_in=5, n_cells=16)
    config = machine(elementwise_width=1)
    job = BBS.job(config, layer, rng.normal(size=(3, 5)))
    found = explain(BBS, config, layer, job)
    counters = run_job("reference", config, job).counters
    assert np.array_equal(sum(found.states.values()), np.full(4, counters.cycles))
    assert (found.states["element-wise"] == counters.elementwise_cycles).all()
    assert "element-wise" in found.finding
    assert all(remedy.cycles for remedy in found.remedies)


def test_a_layer_with_a_bias_is_explained_as_its_matrix():
    weights, rng = sparse(), np.random.default_rng(7)
    layer = RecurrentLayer("linear", {"Wyx": weights}, {"by": rng.normal(size=30)})
    job = BBS.job(machine(), layer, np.ones(40))
    found = explain(BBS, machine(), layer, job)
    _, plain = explained(machine(), weights)
    assert [r.cycles for r in found.remedies] == [r.cycles for r in plain.remedies]
    (order,) = [c for c in changes(machine(), layer, job, found.result) if "rows in" in c.name]
    outputs = BBS.finish(machine(), job).outputs
    moved = BBS.finish(machine(), job.again(BBS, machine(), order.work)).outputs
    assert sorted(outputs.ravel()) == sorted(moved.ravel())
