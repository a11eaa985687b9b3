"""Studies of recurrent layers: points are what a single run says, and mistakes are one line."""

import pickle

import numpy as np
import pytest

from accelsim import simulate_recurrent
from accelsim.compression.patterns import prune_recurrent
from accelsim.errors import AccelsimError, InputError
from accelsim.machines import EseConfig, load_as
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import RecurrentLayer
from accelsim.study import Results, Study, run_study, sensitivity, sweep
from accelsim.study.metrics import metrics_of
from accelsim.study.points import Plan
from accelsim.workload.recurrent_folder import load_recurrent_folder
from tests.ese.layers import random_layer
from tests.ese.network_folder import N_CELLS, N_CHANNELS, network_folder
from tests.ese.oracle import lstm


@pytest.fixture
def folder(tmp_path):
    """A network of 16 cells with one retrained layer."""
    return network_folder(tmp_path / "net")


def study(folder, **changed):
    values = {"machine": "ese", "workloads": ["net", "net:unstructured/30"],
              "axes": {"n_pe": [2, 4], "act_queue_depth": [1, 3]}, "folder": folder.parent}
    return Study(**(values | changed))


def test_points_are_single_runs(folder):
    frame = run_study(study(folder))
    network = load_recurrent_folder(folder)
    layers = {"net:dense": network.layer,
              "net:unstructured/30": network.retrained["unstructured"]["30"]}
    assert len(frame) == 8
    assert frame["error"].isna().all()
    for row in frame.to_dict("records"):
        config = load_as(EseConfig, "ese", n_pe=row["n_pe"],
                         act_queue_depth=row["act_queue_depth"])
        layer = layers[row["workload"]]
        result = simulate_recurrent(config, layer, network.inputs)
        assert row["cycles"] == result.timed.cycles
        assert row["time_us"] == result.timed.cycles / 200
        assert row["energy_uj"] == pytest.approx(result.energy.total_uj)
        entries = int(result.timed.issued_entries.sum())
        assert row["load_balance"] == pytest.approx(
            entries / row["n_pe"] / result.timed.cycles)
        weights = {name: layer.floats(name) for name in layer.matrices}
        wanted = np.stack([lstm(weights, layer.biases, {}, network.inputs[:, k], N_CELLS, N_CELLS)
                           for k in range(N_CHANNELS)], axis=1)
        off = np.sqrt(((result.outputs_float - wanted) ** 2).sum() / (wanted**2).sum())
        assert row["relative_error"] == pytest.approx(off, rel=1e-6)


def test_recipes_and_channels(folder):
    """The layer is pruned by the machine's PEs, stored in its bits, run on its channels."""
    frame = run_study(study(
        folder, workloads=["net"], axes={"n_pe": [2, 4], "weight_bits": [3, 12]},
        set={"recipe": {"pattern": "load_balanced", "density": 0.25}, "n_channels": 2}))
    network = load_recurrent_folder(folder)
    for row in frame.to_dict("records"):
        pruned = prune_recurrent(network.layer, "load_balanced", density=0.25, n_pe=row["n_pe"])
        config = load_as(EseConfig, "ese", n_pe=row["n_pe"], weight_bits=row["weight_bits"],
                         n_channels=2)
        quantised = RecurrentLayer("lstm", {
            name: LinearWeights.from_floats(m, row["weight_bits"])
            for name, m in pruned.matrices.items()}, pruned.biases)
        result = simulate_recurrent(config, quantised, network.inputs[:, :2])
        assert row["cycles"] == result.timed.cycles
        assert row["energy_uj"] == pytest.approx(result.energy.total_uj)
    coarse, fine = (frame[frame["weight_bits"] == bits]["relative_error"] for bits in (3, 12))
    assert (coarse.to_numpy() > fine.to_numpy()).all()


def test_the_reference_gives_the_same_points(folder):
    both = [run_study(study(folder, engine=engine)) for engine in ("fast", "reference")]
    names = list(metrics_of("ese"))
    assert both[0][["point", *names]].equals(both[1][["point", *names]])


def test_resumed_sweeps_do_nothing_twice(folder, tmp_path):
    store = tmp_path / "r.sqlite"
    first = sweep(study(folder), store, limit=3)
    assert (first.done, first.failed) == (3, 0)
    rest = sweep(study(folder), store)
    assert (rest.stored, rest.done, rest.failed) == (3, 5, 0)
    with Results(store) as results:
        assert results.count() == 8


def test_a_folder_that_changes_fails_by_name(folder):
    plan = Plan(study(folder))
    data = folder / "dense.safetensors"
    data.write_bytes(data.read_bytes()[:-1] + b"\1")
    with pytest.raises(InputError, match="has changed since the study began"):
        plan.workloads[0].load()


def test_a_seed_draws_another_published_layer():
    digests = [next(Plan(Study(machine="ese", workloads=["google-lstm"], seed=seed)).streams())
               for seed in (1, 1, 2)]
    points = [next(stream.groups)[0].digest for stream in digests]
    assert points[0] == points[1] != points[2]


def test_sensitivity_and_worker_processes(folder, tmp_path):
    told = sensitivity(study(folder, metrics=["time_us", "dram_mbit"]), tmp_path / "s.sqlite",
                       jobs=2)
    assert {effect.parameter for effect in told.effects} == {"n_pe", "act_queue_depth"}
    assert all(effect.error is None for effect in told.effects)


def test_layers_travel_between_processes():
    layer = random_layer(np.random.default_rng(1), peepholes=True, n_out=7)
    again = pickle.loads(pickle.dumps(layer))
    for name in layer.matrices:
        assert np.array_equal(again.floats(name), layer.floats(name))
    for what in ("biases", "peepholes"):
        mine, other = getattr(layer, what), getattr(again, what)
        assert mine.keys() == other.keys()
        assert all(np.array_equal(mine[name], other[name]) for name in mine)
    assert (again.kind, again.cell_activation, again.name) == (
        layer.kind, layer.cell_activation, layer.name)


@pytest.mark.parametrize(("changed", "says"), [
    ({"machine": "eie", "workloads": ["google-lstm"]}, "give machine = 'bbs' or 'ese'"),
    ({"machine": "eie", "workloads": ["net"]}, "a recurrent layer, which the machine 'eie' does"),
    ({"workloads": ["alex-77"]}, "did you mean 'alex-7'"),
    ({"workloads": ["google-lstn"]}, "did you mean 'google-lstm'"),
    ({"workloads": ["net:unstructured/31"]}, "did you mean 'unstructured/30'"),
    ({"workloads": ["net", "net:dense"]}, "named twice"),
    ({"activation_density": 0.5}, "bring their inputs"),
    ({"metrics": ["spmat_line_reads"]}, "not told of the machine 'ese'"),
    ({"machine": "eie", "metrics": ["relative_error"]}, "not told of the machine 'eie'"),
    ({"axes": {"spmat_width_bits": [32, 64]}}, "unknown parameter 'spmat_width_bits'"),
    ({"axes": {"n_channels": [0]}}, "n_channels is 0"),
    ({"set": {"recipe": {"values": "codebook"}}}, "linear weights of 'ese'"),
    ({"axes": {"recipe": {"values": ["codebook", "linear"]}}}, "linear weights of 'ese'"),
])
def test_mistakes_are_one_line(folder, changed, says):
    with pytest.raises(AccelsimError) as caught:
        Plan(study(folder, **changed))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
