"""Faults planted in the Verilog one by one: how many the benches see, and why the rest are none.

The slow test plants every mutant of every unit on all processors; ``MUTATION_STRIDE=3`` takes every
third, ``MUTATION_JOBS=1`` one processor. ``python -m tests.rtl.mutation --write`` does the same and
renews the table of rtl/README.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rtl.bench import RTL, UNITS
from tests.rtl.mutation.benches import Bench, benches
from tests.rtl.mutation.campaign import campaign, counts, read_table, table
from tests.rtl.mutation.equivalent import EQUIVALENT, explained
from tests.rtl.mutation.hunt import Verdict, hunt, limited_tools
from tests.rtl.mutation.operators import Mutant, mutants

# Unit, part of the line, operator: one of each kind.
SAMPLE = [
    ("act_queue", "if (pop_i) head_q <=", "register kept"),
    ("scan", "assign broadcast_o", "and to or"),
    ("arith_unit", "assign accumulator    = hit_s3", "selection turned"),
    ("act_rw", "assign io_source_rdata_o", "stuck at 0"),
    ("ccu", "done_q       <= 1'b0;", "register kept"),
    ("pe_counters", "if (saturation_i) saturations", "plus to minus"),
    ("eie_array", ".full_i(|full)", "input tied low"),
]


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mutation") / "builds"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def bench_list(builds: Path) -> Iterator[list[Bench]]:
    """The benches, with compiler and simulator on a leash."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", limited_tools(builds.parent / "bin"))
        yield benches(builds)


def named(unit: str, part: str, operator: str) -> Mutant:
    found = [
        mutant for mutant in mutants(UNITS[unit])
        if part in mutant.before and mutant.operator == operator
    ]
    assert found, f"{unit}: no mutant '{operator}' of '{part}'"
    return found[0]


@pytest.mark.slow
def test_the_units_as_they_are_pass_every_bench(bench_list: list[Bench]) -> None:
    assert [bench([RTL]) for bench in bench_list] == [None] * len(bench_list)


def test_a_sample_of_mutants_is_seen(
    bench_list: list[Bench], builds: Path, tmp_path: Path
) -> None:
    sample = [named(*words) for words in SAMPLE]
    verdicts = list(hunt(sample, bench_list, tmp_path / "rtl", builds))
    assert all(verdict.compiles for verdict in verdicts)
    assert [str(verdict.mutant) for verdict in verdicts if not verdict.seen] == []


@pytest.mark.slow
def test_a_mutant_that_changes_nothing_is_not_seen(
    bench_list: list[Bench], builds: Path, tmp_path: Path
) -> None:
    mutant = named("ccu", "drain_left_q <= drain_left_q - 2'd1;", "minus to plus")
    assert explained(mutant)
    (verdict,) = hunt([mutant], bench_list, tmp_path / "rtl", builds)
    assert verdict == Verdict(mutant, None)


def test_every_explanation_belongs_to_a_mutant() -> None:
    """An explanation of a line that is gone says nothing."""
    everything = [mutant for unit in UNITS for mutant in mutants(UNITS[unit])]
    for entry in EQUIVALENT:
        assert any(entry.fits(mutant) for mutant in everything), entry


def test_the_table_is_of_todays_mutants() -> None:
    """A unit that has changed since must be hunted in again."""
    numbers = {unit: len(mutants(UNITS[unit])) for unit in UNITS}
    rows = read_table((RTL / "README.md").read_text())
    assert {unit: row[0] for unit, row in rows.items()} == numbers
    unexplained = {unit for unit, (made, wrong, seen, same) in rows.items()
                   if made - wrong != seen + same}
    assert unexplained == set()


@pytest.mark.slow
def test_at_least_95_percent_are_seen_and_the_rest_change_nothing(tmp_path: Path) -> None:
    stride = int(os.environ.get("MUTATION_STRIDE", "1"))
    jobs = int(os.environ.get("MUTATION_JOBS", os.cpu_count() or 1))
    verdicts = list(campaign(sorted(UNITS), tmp_path, jobs, stride))
    print(table(counts(verdicts)))
    counted = [verdict for verdict in verdicts if verdict.compiles]
    seen = [verdict for verdict in counted if verdict.seen]
    assert len(counted) >= 150
    assert {verdict.mutant.unit for verdict in counted} == set(UNITS)
    survivors = [verdict.mutant for verdict in counted if not verdict.seen]
    assert [str(mutant) for mutant in survivors if not explained(mutant)] == []
    assert [str(v.mutant) for v in seen if explained(v.mutant)] == []  # then it is no equivalent
    assert len(seen) >= 0.95 * len(counted), f"{len(seen)} of {len(counted)}"
