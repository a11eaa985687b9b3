"""An explanation adds up, blames the right ones, and every gain is that of a run."""

import json
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim import Layer, Recipe, compress, load_config, simulate
from accelsim.api import choose_binary_points, make_job
from accelsim.cli import main
from accelsim.compression.patterns import load_balanced
from accelsim.compression.permute import permute_rows
from accelsim.machines.eie.explain import STATES, explain
from accelsim.machines.eie.remedies import balanced_pruning
from accelsim.report.explain_plots import explanation
from accelsim.report.row_order import row_order_gain

RNG = np.random.default_rng(3)


def layer(n_outputs=48, n_inputs=120, density=0.3, seed=1, bias=True):
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((n_outputs, n_inputs))
    weights *= rng.random((n_outputs, n_inputs)) < density
    return Layer(
        weights=weights.astype(np.float32),
        bias=rng.standard_normal(n_outputs).astype(np.float32) if bias else None,
        activations=np.maximum(rng.standard_normal(n_inputs), 0).astype(np.float32),
    )


def explained(config, source, recipe=None, **options):
    packed = compress(source, recipe)
    points = choose_binary_points(config, packed, source.activations)
    job = make_job(config, packed, source.activations, points)
    return packed, points, explain(config, packed, job, points, **options)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    n_pe=st.integers(1, 9), depth=st.integers(1, 4), bypass=st.booleans(),
    density=st.sampled_from([0.0, 0.1, 0.5, 1.0]), seed=st.integers(0, 100),
    empty=st.integers(0, 1), row=st.integers(0, 1),
)
def test_states_of_each_pe_are_the_reference_s_cycles(
    n_pe, depth, bypass, density, seed, empty, row
):
    config = load_config("eie", n_pe=n_pe, act_queue_depth=depth, bypass=bypass,
                         empty_column_cycles=empty, row_change_cycles=row)
    source = layer(30, 40, density, seed)
    packed, points, found = explained(config, source, remedies=False)
    counters = simulate(config, packed, source.activations, "reference",
                        binary_points=points).counters
    assert tuple(found.states) == STATES
    total = sum(found.states.values())
    assert np.array_equal(total, np.full(n_pe, counters.cycles))
    assert all((cycles >= 0).all() for cycles in found.states.values())
    assert np.array_equal(found.states["useful"], counters.macs)
    assert np.array_equal(found.states["hazard"], counters.hazard_stall_cycles)
    starved = sum(c for state, c in found.states.items() if state.startswith("starved"))
    assert np.array_equal(starved, counters.starved_cycles)
    assert sum(found.shares().values()) == pytest.approx(1)


def test_the_slow_pe_is_blamed():
    """PE 2 has all the weights: the others starve because of it, and the columns name it."""
    weights = np.zeros((32, 60), np.float32)
    weights[2::4] = RNG.standard_normal((8, 60))
    source = Layer(weights=weights, activations=np.ones(60, np.float32))
    config = load_config("eie", n_pe=4, act_queue_depth=2)
    _, _, found = explained(config, source)
    assert found.worst_pes()[0] == 2
    assert found.blamed[[0, 1, 3]].sum() == 0
    assert found.blamed[2] > 900
    assert found.blamed[2] == found.states["starved: blocked by a full queue"].sum()
    assert {cost.heaviest_pe for cost in found.columns} == {2}
    assert all(cost.slots == 8 and cost.mean_slots == (8 + 3) / 4 for cost in found.columns)
    # The remedy that fits this fault saves most.
    saved = {remedy.name: found.saved(remedy) for remedy in found.remedies}
    best = max(saved, key=saved.get)
    assert "--permute-rows" in best
    assert saved[best] > found.result.cycles / 2


@pytest.mark.parametrize("bypass", [True, False])
def test_every_gain_is_that_of_a_run(bypass):
    """Each remedy, done by hand on the reference."""
    config = load_config("eie", n_pe=4, act_queue_depth=2, index_bits=2, bypass=bypass)
    source = layer(60, 50, 0.15, bias=False)
    packed, points, found = explained(config, source, Recipe(index_bits=2))
    vector = source.activations

    def cycles(machine, compressed):
        return simulate(machine, compressed, vector, "reference", binary_points=points).cycles

    def machine(**changed):
        return load_config("eie", **{"n_pe": 4, "act_queue_depth": 2, "index_bits": 2,
                                     "bypass": bypass, **changed})

    by_hand = {
        "queues of 4": cycles(machine(act_queue_depth=4), packed),
        "queues of 8": cycles(machine(act_queue_depth=8), packed),
        "rows in": cycles(machine(), permute_rows(packed, 4)),
        "balanced pruning": cycles(machine(), balanced_pruning(packed, 4)),
        "zero runs of 3": cycles(machine(index_bits=3), packed),
        "a bitmap": cycles(machine(index="bitmap"), packed),
        "empty columns": cycles(machine(empty_column_cycles=0), packed),
        "row changes": cycles(machine(row_change_cycles=0), packed),
    }
    if not bypass:
        by_hand["sums forwarded"] = cycles(machine(bypass=True), packed)
    assert len(found.remedies) == len(by_hand)
    for remedy in found.remedies:
        (expected,) = [n for start, n in by_hand.items() if remedy.name.startswith(start)]
        assert remedy.cycles == expected
        assert found.saved(remedy) == found.result.cycles - expected


def test_balanced_pruning_drops_the_smallest_of_the_fullest():
    packed = compress(layer(40, 30, 0.4))
    balanced = balanced_pruning(packed, 4)
    before, after = packed.decoded().to_dense(), balanced.decoded().to_dense()
    assert np.array_equal(before[:, -1], after[:, -1])  # the bias
    gone = (before != after)[:, :-1]
    assert not after[:, :-1][gone].any()
    assert gone.any()
    weights = np.array([np.count_nonzero(before[pe::4, :-1]) for pe in range(4)])
    kept = np.array([np.count_nonzero(after[pe::4, :-1]) for pe in range(4)])
    assert kept.max() <= np.ceil(weights.mean())
    for pe in range(4):
        dropped = np.abs(before[pe::4, :-1])[gone[pe::4]]
        stays = after[pe::4, :-1]
        assert not len(dropped) or dropped.max() <= np.abs(stays[stays != 0]).min()


@pytest.mark.parametrize("n_pe", [1, 3, 4, 60])
@pytest.mark.parametrize("density", [0.0, 0.1, 0.4, 1.0])
def test_balanced_pruning_is_the_pattern_of_ese(n_pe, density):
    """Beside the dense pattern of `accelsim.compression.patterns`."""
    packed = compress(layer(40, 30, density, bias=False))
    dense = packed.decoded().to_dense()
    mask = load_balanced(dense, np.count_nonzero(dense) / dense.size, n_pe)
    assert np.array_equal(balanced_pruning(packed, n_pe).decoded().to_dense(), dense * mask)


def test_a_remedy_that_does_not_fit_says_so():
    config = load_config("eie", n_pe=1, spmat_kb=0.25)  # 256 entries, 224 of 9 bits
    source = layer(64, 24, 0.142, bias=False)
    _, _, found = explained(config, source)
    told = [r.problem for r in found.remedies if r.problem]
    assert told
    assert all("spmat_kb" in text for text in told)
    for remedy in found.remedies:
        assert (remedy.cycles is None) == (remedy.problem is not None)


def test_the_gain_of_a_row_order():
    rows = row_order_gain([compress(layer(), Recipe(permute_rows=4))], 4, layer().activations)
    (row,) = rows
    assert row["fullest_over_mean_permuted"] <= row["fullest_over_mean"]
    assert row["saved"] == row["cycles"] - row["cycles_permuted"]


def test_the_picture_holds_the_numbers():
    config = load_config("eie", n_pe=4, act_queue_depth=2)
    _, _, found = explained(config, layer())
    states, blamed, remedies = explanation(found).axes
    tops = np.zeros(4)
    for bar in states.patches:
        tops[round(bar.get_x() + bar.get_width() / 2)] += bar.get_height()
    assert np.array_equal(tops, np.full(4, found.result.cycles))
    assert [bar.get_height() * 4 for bar in blamed.patches] == found.blamed.tolist()
    saved = [found.saved(r) for r in found.remedies if r.cycles is not None]
    assert [bar.get_width() for bar in remedies.patches][::-1] == saved


def test_the_command(tmp_path, monkeypatch, capsys):
    picture = tmp_path / "why.svg"
    arguments = ["explain", "nt-we", "--set", "n_pe=16", "--set", "capacity=ignore",
                 "-o", str(picture)]
    for extra in ([], ["--json"]):
        monkeypatch.setattr(sys, "argv", ["accelsim", *arguments, *extra])
        with pytest.raises(SystemExit) as leave:
            main()
        assert leave.value.code == 0
        out = capsys.readouterr().out
    found = json.loads(out)
    assert found["n_pe"] == 16
    assert sum(sum(cycles) for cycles in found["states"].values()) == 16 * found["cycles"]
    assert picture.read_bytes().startswith(b"<?xml")
