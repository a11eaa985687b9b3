"""Explain and trace of convolutions and networks: totals are those of the vectors one by one."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings

import accelsim
from accelsim.errors import InputError
from accelsim.inside.explain import explain
from accelsim.machines import machine_of
from accelsim.machines.eie import explain_vectors
from accelsim.machines.network_alone import run_alone
from accelsim.machines.network_explain import explain_network
from accelsim.machines.trace import trace_writer, watch
from accelsim.records.counters import CounterSet
from tests.convolution.cases import Case, cases, make_case
from tests.networks.test_run import small

PADDED = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
BLOCKED = make_case(3, 1, (4, 4), (6, 9), (2, 3), PADDED, 0.6, 0.6, "column", False, {
    "n_pe": 4, "act_queue_depth": 1, "empty_column_cycles": 1, "row_change_cycles": 1})


def job_of(case: Case):
    machine = machine_of(case.config)
    return machine, machine.job(case.config, case.packed, case.images, binary_points=case.points)


@settings(max_examples=8, deadline=None)
@given(cases())
def test_states_are_the_sum_over_the_vectors(case: Case) -> None:
    machine, job = job_of(case)
    whole = explain(machine, case.config, case.packed, job, remedies=False)
    one_by_one = [explain(machine, case.config, case.packed.layer, job.vector_job(k), False)
                  for k in range(job.n_vectors)]
    for state, cycles in whole.states.items():
        assert np.array_equal(cycles, sum(own.states[state] for own in one_by_one)), state
    blamed = sum(own.blamed for own in one_by_one)
    assert np.array_equal(np.zeros_like(blamed) if whole.blamed is None else whole.blamed, blamed)


def test_what_gathering_takes_and_what_it_costs() -> None:
    machine, job = job_of(BLOCKED)
    found = explain(machine, BLOCKED.config, BLOCKED.packed, job)
    phases = {row["phase"]: row["cycles"] for row in found.tables[0].rows}
    told = [cycles for phase, cycles in phases.items() if not phase.startswith("of which")]
    assert sum(told) == found.result.cycles
    # The loop over pixels and positions: those outside of the 4 x 4 map, two register rows each.
    outside = sum(not (0 <= y + dy - 1 < 4 and 0 <= x + dx - 1 < 4)
                  for y in range(5) for x in range(4) for dy in range(2) for dx in range(3))
    assert phases["of which zeros of the padding"] == outside * 2
    assert [table.name for table in found.tables] == ["phases", "worst_queues", "worst_columns"]
    assert {row["kernel_position"] for row in found.tables[2].rows} <= {
        "bias", *(f"{y}, {x}" for y in range(2) for x in range(3))}


def test_remedies_are_runs() -> None:
    machine, job = job_of(BLOCKED)
    found = explain(machine, BLOCKED.config, BLOCKED.packed, job)
    by_name = {remedy.name.partition(" ")[0]: remedy for remedy in found.remedies}
    deeper = BLOCKED.config.model_copy(update={"act_queue_depth": 2})
    again = accelsim.simulate(deeper, BLOCKED.packed, BLOCKED.images, "reference")
    assert by_name["queues"].cycles is not None
    assert found.remedies[0].cycles == again.cycles < found.result.cycles
    assert by_name["balanced"].problem is None


def test_many_patterns_are_told_by_their_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_vectors, "MOST_WALKED", 3)
    machine, job = job_of(BLOCKED)
    found = explain(machine, BLOCKED.config, BLOCKED.packed, job, remedies=False)
    assert "no causes of starved cycles were looked for" in found.finding
    assert np.array_equal(found.states["starved"], found.result.counters.starved_cycles)


@pytest.mark.parametrize("vector", [0, 7, 19])
def test_a_trace_of_a_vector_is_what_the_fast_engine_tells(vector: int) -> None:
    machine, job = job_of(BLOCKED)
    one = job.vector_job(vector)
    fast = machine.run(BLOCKED.config, one, "fast").counters
    text = io.StringIO()
    with trace_writer("text", text, BLOCKED.config, one, range(4)) as writer:
        assert watch(BLOCKED.config, one, 0, 10**6, writer) == fast.cycles
    lines = [line for line in text.getvalue().splitlines() if line[:9].strip().isdecimal()]
    assert len(lines) == fast.cycles
    assert sum(" send " in line for line in lines) == fast.broadcasts
    assert sum(" blocked by " in line for line in lines) == fast.blocked_cycles
    with pytest.raises(InputError, match="there are 0 to 19"):
        job.vector_job(20)


@pytest.mark.parametrize("images", [1, 2])
def test_a_network_is_explained_layer_by_layer(images: int) -> None:
    given_images = np.random.default_rng(1).standard_normal((images, 3, 6, 6))
    packed = accelsim.compress(small(), calibration=given_images)
    config = accelsim.load_machine("eie", n_pe=4)
    found = explain_network(machine_of(config), config, packed, given_images)
    result = accelsim.simulate(config, packed, given_images)
    assert [row["layer"] for row in found.rows()] == ["a", "b", "fc"]
    assert [row["cycles"] for row in found.rows()] == [r.cycles for r in result.layers.values()]
    assert sum(found.states().values()) == result.cycles * 4
    assert found.as_dict()["host"] == [vars(work) for work in result.host]
    operations = result.host_operations
    assert found.host_share == operations / (operations + result.macs)
    assert f"{operations:,} operations" in found.finding


def test_drawn_layers_run_on_their_own_inputs() -> None:
    network = accelsim.load_network("lenet-5", seed=3)
    config = accelsim.load_machine("eie")
    result = run_alone(machine_of(config), config, network)
    for name, own in result.layers.items():
        layer = next(layer for layer in network.layers if layer.name == name)
        inputs = layer.activations if own.lowering else np.atleast_2d(layer.activations)[0]
        alone = accelsim.simulate(config, accelsim.compress(layer), inputs, outputs=False)
        assert isinstance(own.counters, CounterSet)
        assert own.counters.difference(alone.counters) is None
    assert "drawn" in result.notes[0]
    assert [work.name for work in result.host] == ["pool1", "pool2", "flatten"]


def test_a_network_up_to_a_layer() -> None:
    part = small().up_to("b")
    assert [node.name for node in part.nodes] == ["a", "b"]
    assert part.shapes()[part.output] == (6, 6, 6)
    with pytest.raises(InputError, match="'pool' runs on the host"):
        small().up_to("pool")
    with pytest.raises(InputError, match="did you mean 'fc'"):
        small().up_to("fcc")


@pytest.fixture(scope="module")
def transformed() -> tuple:
    """(configuration, compressed convolution, its job by Winograd)."""
    rng = np.random.default_rng(3)
    conv = accelsim.Conv2d(rng.normal(size=(3, 5, 3, 3)), rng.normal(size=3), padding=1)
    packed = accelsim.compress(conv, accelsim.Recipe(density=0.5, winograd="after",
                                                     bias="accumulator"))
    config = accelsim.load_machine("eie", n_pe=2, act_queue_depth=2)
    image = np.maximum(rng.normal(size=(5, 5, 7)), 0)
    return config, packed, machine_of(config).job(config, packed, image, lowering="winograd")


def test_winograd_is_explained_with_its_transforms(transformed) -> None:
    config, packed, job = transformed
    found = explain(machine_of(config), config, packed, job)
    counters = found.result.counters
    assert counters.transform_cycles > 0
    assert found.states["transforms"].tolist() == [counters.transform_cycles] * 2
    assert (sum(found.states.values()) == counters.cycles).all()


def test_vectors_of_winograd_and_its_transforms_are_all_of_it(transformed) -> None:
    """12 tiles of a 5 x 7 map, 16 products each; loads and stores of the transforms beside."""
    config, _, job = transformed
    machine = machine_of(config)
    whole = machine.run(config, job, outputs=False).counters
    every = [machine.run(config, job.vector_job(k), "reference").counters for k in range(16 * 12)]
    beside = (whole.load_cycles - sum(one.load_cycles for one in every)
              + whole.store_cycles - sum(one.store_cycles for one in every))
    assert sum(one.cycles for one in every) + whole.transform_cycles + beside == whole.cycles
    assert sum(one.macs.sum() for one in every) == whole.macs.sum()
    with pytest.raises(InputError, match="there are 0 to 191"):
        job.vector_job(192)
