"""One machine, several tellings: outputs, cycles and every counter are equal, or it is a fault.

Each body runs over every engine that is registered. The judge is the loop over cycles in
`oracle_cycles`, which shares nothing with the engines but the plan of passes; the engines are
also held against one another, so that a case fails with the first counter and PE that differ.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.errors import CapacityError
from accelsim.machines import run_job
from accelsim.machines.base import ENGINES
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.plan import make_plan
from accelsim.records.sharing import shared_work
from tests.contracts.cases import cases, make_case
from tests.contracts.oracle_cycles import Machine

NEED_VALUES = {"saturations", "adder_bypasses", "write_bypasses"}
ORDER = [f.name for f in fields(Counters)]
TIMED = [name for name in ENGINES if name != "functional"]
MANY = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def disagreement(case):
    """The first thing in which an engine differs from the loop over cycles, in words, or None."""
    machine = Machine(case.config, case.job)
    want, outputs = machine.counters(), machine.outputs()
    want.check()
    operations = {
        "entries": int(want.issued_entries.sum()), "padding": int(want.padding_entries.sum()),
        "macs": int(want.macs.sum()), "saturations": int(want.saturations.sum()),
    }
    for engine in ENGINES:
        result = run_job(engine, case.config, case.job)
        if not np.array_equal(result.outputs, outputs):
            at = int(np.argmax(result.outputs != outputs))
            return f"{engine}: output {at}: {result.outputs[at]} != {outputs[at]}"
        if result.operations != operations:
            return f"{engine}: operations {result.operations} != {operations}"
        if engine in TIMED:
            told = result.counters.difference(want)
            if told:
                return f"{engine}: {told}"
    return None


@settings(max_examples=2000, suppress_health_check=MANY)
@given(case=cases())
def test_engines_agree(case):
    assert disagreement(case) is None


@pytest.mark.slow
@settings(max_examples=20_000, suppress_health_check=MANY)
@given(case=cases(max_pe=40, max_side=40))
def test_engines_agree_on_many(case):
    assert disagreement(case) is None


PLAIN = {
    "seed": 7, "n_in": 20, "n_out": 24, "weights": 0.4, "active": 0.6, "bias": True,
    "values": "any", "shift": 15, "overrides": {"n_pe": 4, "capacity": "ignore"},
}
EDGES = {
    "one PE": {"n_pe": 1},
    "an odd number of PEs": {"n_pe": 7},
    "more PEs than outputs and inputs": {"n_pe": 31},
    "a queue of one": {"act_queue_depth": 1},
    "a queue longer than the layer": {"act_queue_depth": 4096},
    "one entry a line": {"spmat_width_bits": 8},
    "columns of many lines": {"spmat_width_bits": 8, "n_pe": 1},
    "lines with a rest": {"spmat_width_bits": 27, "weight_bits": 3, "index_bits": 2},
    "one row": {"n_out": 1},
    "one column": {"n_in": 1, "active": 1.0},
    "one row and one column": {"n_in": 1, "n_out": 1, "active": 1.0, "bias": False},
    "all activations zero": {"active": 0.0, "bias": False},
    "all activations zero, and a bias": {"active": 0.0},
    "no weights at all": {"weights": 0.0},
    "every weight stored": {"weights": 1.0, "active": 1.0},
    "values that saturate": {"values": "bounds", "shift": 0, "accumulator_bits": 8},
    "products of 64 bits": {"values": "bounds", "shift": 64, "weight_value_bits": 32,
                            "activation_bits": 32, "accumulator_bits": 48},
    "more rows than a byte counts": {"n_pe": 1, "n_in": 4, "n_out": 300, "weights": 0.9},
    "waits beyond 16 bits": {"n_pe": 1, "n_in": 60, "n_out": 150, "weights": 0.9, "active": 1.0,
                             "act_queue_depth": 50},
    "long zero runs": {"n_pe": 1, "n_out": 300, "weights": 0.03, "index_bits": 2},
    "zeros among the stored weights": {"explicit_zeros": True, "weights": 0.9},
    "batches of one row": {"regfile_depth": 1, "capacity": "check"},
    "batches": {"regfile_depth": 2, "capacity": "check", "n_pe": 3},
    "refills": {"capacity": "stream", "spmat_kb": 4 * 64 / 8192, "dma_width_bits": 7},
    "refills of active columns": {"capacity": "stream", "spmat_kb": 4 * 64 / 8192, "active": 0.3,
                                  "refill": "active", "dma_width_bits": 64},
    "refills of no column": {"capacity": "stream", "spmat_kb": 4 * 64 / 8192, "active": 0.0,
                             "bias": False, "refill": "active"},
    "refills behind passes": {"capacity": "stream", "spmat_kb": 6 * 64 / 8192,
                              "refill_overlap": True, "dma_width_bits": 640},
    "refills of unequal halves": {"capacity": "stream", "spmat_kb": 6 * 64 / 8192,
                                  "refill_overlap": True, "refill_split": 0.7, "bias": "exact"},
    "refills from DRAM": {"capacity": "stream", "spmat_kb": 6 * 64 / 8192, "dram": "hbm2",
                          "clock_mhz": 333.3, "dma_width_bits": 512},
    "refills over a narrow port": {"capacity": "stream", "spmat_kb": 4 * 64 / 8192,
                                   "dram": "lpddr4-3200", "dma_width_bits": 3},
    "active columns from DRAM behind passes": {
        "capacity": "stream", "spmat_kb": 6 * 64 / 8192, "active": 0.3, "refill": "active",
        "refill_overlap": True, "dram": "ddr3-1600", "dram_channels": 2, "dma_width_bits": 999},
    "biases in the accumulators": {"bias": "exact"},
    "biases that saturate": {"bias": "exact", "values": "bounds", "shift": 0, "weights": 0.9,
                             "accumulator_bits": 8},
    "biases without a broadcast": {"bias": "exact", "active": 0.0, "row_change_cycles": 0},
    "biases in tiles and batches": {"bias": "exact", "regfile_depth": 2, "capacity": "check",
                                    "n_pe": 3},
    "biases and refills": {"bias": "exact", "capacity": "stream", "spmat_kb": 4 * 64 / 8192},
    "no bypass": {"bypass": False, "weights": 0.9},
    "no bypass and one row a PE": {"bypass": False, "n_pe": 24, "weights": 0.9, "active": 1.0},
    "runs of one bit": {"index_bits": 1, "weights": 0.2},
    "bitmaps": {"index": "bitmap"},
    "bitmaps of a column, no bypass": {"index": "bitmap", "bypass": False, "n_pe": 24,
                                       "weights": 0.9, "active": 1.0},
    "bitmaps of many lines, no bypass": {"index": "bitmap", "bypass": False, "n_pe": 1,
                                         "n_out": 300, "n_in": 4, "spmat_width_bits": 12},
    "bitmaps in tiles, hardly a weight": {"index": "bitmap", "regfile_depth": 2, "n_pe": 3,
                                          "capacity": "check", "weights": 0.05},
    "two entries a cycle": {"issue_width": 2, "weights": 0.8, "active": 1.0},
    "more entries a cycle than a line has": {"issue_width": 8, "spmat_width_bits": 24, "n_pe": 1},
    "three a cycle, one row a PE": {"issue_width": 3, "n_pe": 24, "weights": 0.9, "active": 1.0},
    "several padding entries a cycle": {"issue_width": 3, "index_bits": 1, "weights": 0.1,
                                        "n_pe": 1, "n_out": 200},
    "three a cycle with bitmaps": {"issue_width": 3, "index": "bitmap", "weights": 0.8,
                                   "spmat_width_bits": 20, "n_pe": 2},
    "a queue for two": {"queue_pes": 2, "n_pe": 5, "act_queue_depth": 2},
    "a queue for two, free empty columns": {"queue_pes": 2, "empty_column_cycles": 0,
                                            "weights": 0.05},
    "a queue for two, refills": {"queue_pes": 2, "capacity": "stream", "spmat_kb": 4 * 64 / 8192},
    "everything turned": {"queue_pes": 2, "issue_width": 2, "index": "bitmap", "n_pe": 5,
                          "empty_column_cycles": 0, "spmat_width_bits": 20},
    "free row changes": {"row_change_cycles": 0, "active": 0.2},
    "free empty columns": {"empty_column_cycles": 0, "weights": 0.05},
    "free empty columns, no bypass": {"empty_column_cycles": 0, "bypass": False, "n_pe": 24,
                                      "weights": 0.4},
    "everything free": {"row_change_cycles": 0, "empty_column_cycles": 0, "start_cycles": 0,
                        "active": 0.0, "bias": False},
}


def edge_case(edge):
    """The plain case with one edge's words."""
    words = {**PLAIN, "overrides": dict(PLAIN["overrides"])}
    for key, value in EDGES[edge].items():
        (words if key in PLAIN or key == "explicit_zeros" else words["overrides"])[key] = value
    return make_case(**words)


@pytest.mark.parametrize("edge", EDGES)
def test_edges_agree(edge):
    assert disagreement(edge_case(edge)) is None


@pytest.mark.parametrize("edge", [edge for edge in EDGES if "refills" in edge or "DRAM" in edge])
def test_refilled_edges_are_refilled(edge):
    plan = edge_case(edge).job.plan
    assert len(plan) > 1
    assert all(step.refill_bits for step in plan)


@settings(max_examples=200, suppress_health_check=MANY)
@given(case=cases())
@pytest.mark.parametrize("engine", TIMED)
def test_time_does_not_need_outputs(engine, case):
    """Without outputs the counters are the same; one that was not counted is an error to read."""
    full = run_job(engine, case.config, case.job).counters
    result = run_job(engine, case.config, case.job, outputs=False)
    assert result.outputs is None
    left_out = NEED_VALUES - {f.name for f in result.counters.counted()}
    for f in result.counters.counted():
        assert np.array_equal(getattr(result.counters, f.name), getattr(full, f.name)), f.name
    for name in left_out:
        with pytest.raises(AttributeError, match="outputs=True"):
            getattr(result.counters, name)
        assert name not in result.operations
        assert name not in result.counters.totals()
    assert result.counters.difference(full) == (
        f"{min(left_out, key=ORDER.index)}: counted on one side only" if left_out else None
    )


@settings(max_examples=60, suppress_health_check=MANY)
@given(
    case=cases(units="published"), depths=st.permutations([1, 2, 4, 30]), outputs=st.booleans(),
    others=st.lists(st.fixed_dictionaries({}, optional={
        "spmat_width_bits": st.sampled_from([96, 128]),
        "empty_column_cycles": st.integers(0, 1), "row_change_cycles": st.integers(0, 1),
        "refill": st.sampled_from(["all", "active"]), "refill_overlap": st.booleans(),
        "dma_width_bits": st.sampled_from([7, 64]), "dram": st.sampled_from(["none", "hbm2"]),
    }), min_size=1, max_size=2),
)
def test_sharing_work_changes_nothing(case, depths, outputs, others):
    """Runs that take over what those before them worked out are as the loop over cycles has them:
    of other queues, lines, refills, empty columns and vectors, in any order."""
    quiet = replace(case.job, activations=case.job.activations * (case.job.activations > 0))
    with shared_work():
        for changed, depth, job in product(({}, *others), depths, (case.job, quiet)):
            config = case.config.model_copy(
                update={**changed, "act_queue_depth": depth, "bypass": True})
            try:
                own = replace(job, plan=make_plan(config, job.image, job.bias is not None))
            except CapacityError:
                continue
            got = run_job("fast", config, own, outputs).counters
            want = Machine(config, own).counters()
            for f in got.counted():
                assert np.array_equal(getattr(got, f.name), getattr(want, f.name)), f.name


@pytest.mark.parametrize(
    ("counter", "told"),
    [("cycles", "cycles: "), ("spmat_line_reads", "spmat_line_reads[PE 2]: ")],
)
@pytest.mark.parametrize("engine", TIMED)
def test_a_planted_difference_is_named(engine, counter, told, monkeypatch):
    """The judge can fail, and says where."""
    honest = Machine.counters

    def off_by_one(machine):
        counters = honest(machine)
        value = getattr(counters, counter)
        vars(counters)[counter] = value + (1 if counter == "cycles" else np.arange(4) // 2 % 2)
        vars(counters)["queue_occupancy_histogram"][:, 0] += counter == "cycles"
        vars(counters)["scan_idle_cycles"] += counter == "cycles"
        vars(counters)["starved_cycles"] += counter == "cycles"
        return counters

    monkeypatch.setattr(Machine, "counters", off_by_one)
    monkeypatch.setattr("tests.contracts.test_engines_agree.ENGINES", [engine])
    assert disagreement(make_case(**PLAIN)).startswith(f"{engine}: {told}")


@given(data=st.data())
@settings(max_examples=30, suppress_health_check=MANY)
def test_threads_change_nothing(data):
    """Several jobs at once: the results of one after the other, in their order."""
    case = data.draw(cases())
    jobs = [case.job] + [
        make_case(**{**case.words, "active": active}).job for active in (1.0, 0.5, 0.1)
    ]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda job: run_job("fast", case.config, job), jobs))
    for job, result in zip(jobs, together, strict=True):
        alone = run_job("fast", case.config, job)
        assert np.array_equal(result.outputs, alone.outputs)
        assert result.counters.difference(alone.counters) is None
