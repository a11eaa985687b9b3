"""Load balance on ESE: what load-balance-aware pruning gains, over queue depths."""

import numpy as np
import pytest

from accelsim.compression.patterns import prune_recurrent
from accelsim.machines import BbsConfig, EseConfig, load_as, load_config
from accelsim.machines.ese.job import make_job
from accelsim.papers.pattern_machines import compare_machines, n_m_parameters, usual_patterns
from accelsim.papers.patterns import compare_patterns
from accelsim.workload.published_lstm import dense_ese_layer

DENSITY = 0.112
PATTERNS = {
    "unstructured": {"density": DENSITY},
    "load_balanced": {"density": DENSITY, "n_pe": 32, "index_bits": 4},
    "bank_balanced": {"density": 0.125, "n_banks": 16},
    "n_m": {"n": 1, "m": 8},
}


@pytest.fixture(scope="module")
def rows():
    config = load_as(EseConfig, "ese", capacity="ignore")
    layer = dense_ese_layer()
    found = compare_patterns(config, layer, PATTERNS, (1, 8, 32))
    return {(row.pattern, row.act_queue_depth): row for row in found}


def test_load_balance_aware_pruning_removes_the_imbalance(rows):
    balanced, free = rows["load_balanced", 8], rows["unstructured", 8]
    assert balanced.entries_max_over_mean < 1.01 < 1.2 < free.entries_max_over_mean


@pytest.mark.parametrize("depth", [1, 8, 32])
def test_balanced_steps_are_faster(rows, depth):
    assert rows["load_balanced", depth].step_us < rows["unstructured", depth].step_us


def test_depth_helps_balanced_pes_only_until_the_totals_decide(rows):
    gain = {p: rows[p, 8].spmv_us / rows[p, 32].spmv_us for p in PATTERNS}
    assert gain["load_balanced"] > gain["unstructured"]
    assert rows["load_balanced", 1].step_us > 1.2 * rows["load_balanced", 8].step_us


def test_storage_in_the_patterns_own_formats(rows):
    sizes = [1024 * 153] * 4 + [1024 * 512] * 4 + [512 * 1024]
    # N:M: one 12-bit value and a 3-bit place of every 8 columns, the last group partly filled.
    groups = [1024 * 20] * 4 + [1024 * 64] * 4 + [512 * 128]
    assert rows["n_m", 8].own_format_bits == sum(groups) * 15
    assert rows["n_m", 8].kept == pytest.approx(sum(groups) / sum(sizes), rel=0.01)
    # CSB: banks of 10, 32 and 64 columns hold 1, 4 and 8 weights.
    weights = [(1024 * 16 * 1, 4)] * 4 + [(1024 * 16 * 4, 5)] * 4 + [(512 * 16 * 8, 6)]
    assert rows["bank_balanced", 8].own_format_bits == sum(n * (12 + b) for n, b in weights)
    assert rows["unstructured", 8].own_format_bits is None
    assert rows["unstructured", 8].own_huffman_bits is None


def test_load_balance_is_entries_over_pe_cycles(rows):
    config = load_as(EseConfig, "ese", capacity="ignore")
    layer = prune_recurrent(dense_ese_layer(), "load_balanced", **PATTERNS["load_balanced"])
    job = make_job(config, layer, np.ones((1, 1, 153)))
    row = rows["load_balanced", 8]
    ideal_us = job.operations["entries"] / 32 / 200
    assert row.load_balance == pytest.approx(ideal_us / row.spmv_us)
    assert rows["unstructured", 8].load_balance < row.load_balance < 1


def test_huffman_codes_lie_between_entropy_and_plain_size(rows):
    config = load_as(EseConfig, "ese", capacity="ignore")
    layer = prune_recurrent(dense_ese_layer(), "load_balanced", **PATTERNS["load_balanced"])
    streams = make_job(config, layer, np.ones((1, 1, 153))).streams.values()
    bound = 0.0
    for symbols in [part for s in streams for part in (s.values, s.runs)]:
        counts = np.unique(symbols, return_counts=True)[1]
        bound -= (counts * np.log2(counts / counts.sum())).sum()
    coded = rows["load_balanced", 8].huffman_bits
    tables = 9 * 8 * (2**12 + 2**4)
    assert bound + tables <= coded < 1.03 * bound + tables
    for pattern in ("bank_balanced", "n_m"):
        assert rows[pattern, 8].own_huffman_bits - tables < rows[pattern, 8].own_format_bits


def test_half_of_the_weights_is_two_of_four():
    """Its format has a 2-bit place beside every value, here of 12 bits, and nothing else."""
    machines = (load_config("eie", n_pe=8), load_as(EseConfig, "ese", n_pe=8),
                load_as(BbsConfig, "bbs", n_pe=8, n_banks=8))
    weights = np.random.default_rng(5).normal(size=(64, 64))
    patterns = usual_patterns(0.5, machines[0], machines[2])
    (row,) = compare_machines(machines, weights, {"n_m": patterns["n_m"]})
    assert row.kept == 0.5
    assert row.n_m_bits == 64 * 64 // 2 * (12 + 2)
    assert n_m_parameters(0.125) == {"n": 1, "m": 8}


def test_each_pattern_on_three_machines():
    machines = (load_config("eie", n_pe=16, capacity="ignore"),
                load_as(EseConfig, "ese", n_pe=16, capacity="ignore"),
                load_as(BbsConfig, "bbs", n_pe=16, n_banks=16))
    rng = np.random.default_rng(4)
    weights = rng.normal(size=(256, 256)) * np.exp(rng.normal(0, 0.4, (256, 1)))
    rows = {row.pattern: row for row in compare_machines(machines, weights, {
        "unstructured": {"density": 0.125},
        "load_balanced": {"density": 0.125, "n_pe": 16},
        "bank_balanced": {"density": 0.125, "n_banks": 16},
        "block": {"density": 0.125, "shape": (4, 4), "score": "max"},
    })}
    assert all(row.kept == pytest.approx(0.125, abs=1e-6) for row in rows.values())
    # Two weights in each of 16 banks, 16 rows a PE: start, slots, pipeline of 8 stages less one.
    assert rows["bank_balanced"].bbs_cycles == 1 + 16 * 2 + 7
    assert rows["bank_balanced"].csb_bits == 256 * 32 * (16 + 4)
    assert rows["unstructured"].bbs_cycles > 2 * rows["bank_balanced"].bbs_cycles
    for machine in ("eie_cycles", "ese_cycles"):
        free, balanced = (getattr(rows[p], machine) for p in ("unstructured", "load_balanced"))
        assert balanced < free
    for machine in ("eie_balance", "ese_balance"):
        free, balanced = (getattr(rows[p], machine) for p in ("unstructured", "load_balanced"))
        assert 0 < free < balanced <= 1
    # 32 weights a row on average, and few run extensions: 8 bits an entry.
    assert 256 * 32 * 8 <= rows["unstructured"].eie_bits < 1.1 * 256 * 32 * 8
    assert all(row.eie_huffman_bits < row.eie_bits for row in rows.values())
    assert all(row.n_m_bits is None for row in rows.values())
