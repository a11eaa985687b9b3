"""The bound assertions: generated from today's headers, true of the design, false of faults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from accelsim.errors import InputError
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.rtl_bridge import verilator
from accelsim.rtl_bridge.simulator import workspace
from rtl.eie.sva.make_assertions import RULES, TARGET, text
from tests.rtl.bench import BUILDS, RTL, UNITS
from tests.rtl.test_gates import LAYERS, case_of

FAULTS = [
    ("scan", "scanning && found && !full_i", "scanning && found",
     "never_into_a_full_queue|push_only_with_room"),
    ("act_rw", "load_q   <= load_i;", "load_q   <= load_i && batch_row_i == 0;",
     "a_load_is_written_one_later"),
    ("spmat_read", "busy_q && entry != end_i && !wait_i", "busy_q && entry != end_i",
     "nothing_advances_while_stage_1_waits"),
]


def run(rtl_dirs, folder: Path, script=(), **machine) -> list[str]:
    """Lines of a run of two layers under the assertions."""
    cases = [case_of(layer, **machine) for layer in LAYERS]
    jobs = [(case.job, None) for case in cases]
    config = cases[0].config
    parameters = EIE.parameters(config, jobs)
    program = verilator.build(
        EIE, verilator.bench(EIE), verilator.bench_values(parameters, False), rtl_dirs, folder,
        assertions=[TARGET])
    with workspace(folder) as work:
        return verilator.simulate(
            program, work, [*script, *EIE.script(config, jobs, True)], trace=False, limit=10_000)


def test_the_file_is_that_of_todays_headers() -> None:
    assert TARGET.read_text() == text(), "run: python -m rtl.eie.sva.make_assertions"
    assert set(RULES) <= set(UNITS)
    names = re.findall(r"^  (\w+): assert property", text(), re.MULTILINE)
    assert len(names) == sum(len(rules) for rules in RULES.values()) >= 35


def test_the_design_keeps_its_contract() -> None:
    lines = run([RTL], BUILDS)
    assert sum(line.startswith("cycles") for line in lines) == len(LAYERS)


@pytest.mark.slow
@pytest.mark.parametrize(("unit", "old", "new", "rule"), FAULTS)
def test_a_fault_breaks_its_rule(unit, old, new, rule, tmp_path: Path) -> None:
    source = UNITS[unit].read_text()
    assert source.count(old) == 1
    (tmp_path / f"{unit}.v").write_text(source.replace(old, new))
    with pytest.raises(InputError, match=rule):
        run([tmp_path, RTL], tmp_path, bypass=False, act_queue_depth=1)


@pytest.mark.slow
def test_with_and_without_bypass() -> None:
    assert run([RTL], BUILDS, bypass=False)[-2:] == ["end", ""]
