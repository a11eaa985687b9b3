"""Faults planted in ESE's Verilog: a sample is seen, and what is said to change nothing is there.

All of them: ``python -m tests.rtl_ese.mutation``, or as slow, ``MUTATION_STRIDE=6`` for a sixth.
"""

import os

import pytest

from tests.rtl.mutation.campaign import counts, table
from tests.rtl.mutation.hunt import hunt, limited_tools
from tests.rtl_ese.bench import RTL
from tests.rtl_ese.equivalent import EQUIVALENT, explained
from tests.rtl_ese.mutation import UNITS, campaign, planted
from tests.rtl_ese.mutation_benches import benches

# Unit, part of the line, operator.
SAMPLE = [
    ("spmv_control", "wire                  here", "selection turned"),
    ("weight_read", "busy_q     <= pop_i", "or to and"),
    ("elementwise", "assign waits = |valid", "stuck at 0"),
]


def test_a_sample_of_mutants_is_seen(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", limited_tools(tmp_path / "bin"))
    made = benches(tmp_path / "builds")
    chosen = [next(m for m in planted(unit) if part in m.before and m.operator == operator)
              for unit, part, operator in SAMPLE]
    verdicts = list(hunt(chosen, made, tmp_path / "rtl", tmp_path / "builds", UNITS))
    assert all(verdict.compiles for verdict in verdicts)
    assert [str(verdict.mutant) for verdict in verdicts if not verdict.seen] == []


def test_every_explanation_belongs_to_a_mutant():
    everything = [mutant for unit in UNITS for mutant in planted(unit)]
    for entry in EQUIVALENT:
        assert any(entry.fits(mutant) for mutant in everything), entry


@pytest.mark.slow
def test_the_units_as_they_are_pass_every_bench(tmp_path):
    assert [bench([RTL]) for bench in benches(tmp_path)] == [None] * len(benches(tmp_path))


@pytest.mark.slow
def test_at_least_95_percent_are_seen_and_the_rest_change_nothing(tmp_path):
    stride = int(os.environ.get("MUTATION_STRIDE", "1"))
    jobs = int(os.environ.get("MUTATION_JOBS", os.cpu_count() or 1))
    verdicts = list(campaign(sorted(UNITS), tmp_path, jobs, stride))
    print(table(counts(verdicts, explained)))
    counted = [verdict for verdict in verdicts if verdict.compiles]
    survivors = [verdict.mutant for verdict in counted if not verdict.seen]
    assert [str(mutant) for mutant in survivors if not explained(mutant)] == []
    assert len(counted) - len(survivors) >= 0.95 * len(counted)
