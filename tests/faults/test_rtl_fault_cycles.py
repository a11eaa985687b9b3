"""The cycle that a report names is the first in which the broken Verilog acts otherwise.

Broken and sound Verilog side by side tell that cycle; the model has no part in it.
"""

import shutil

import pytest

from accelsim.rtl_bridge import cosim, run_layer
from tests.faults.rtl_faults import FAULTS
from tests.faults.test_rtl_faults import cases
from tests.rtl.bench import BUILDS, RTL, UNITS

pytestmark = pytest.mark.rtl

LIMIT = 3000


def first_other_cycle(case, broken, build_dir):
    """The first cycle whose traces differ, or None."""
    sound = run_layer(case.config, case.job, [RTL], BUILDS, trace=True).trace
    other = run_layer(
        case.config, case.job, [broken], build_dir, trace=True, limit=LIMIT
    ).trace
    shorter = min(len(sound), len(other))
    differs = (sound[:shorter] != other[:shorter]).any(axis=1)
    if differs.any():
        return int(differs.argmax())
    return None if len(sound) == len(other) else shorter


# The first fault of each unit; the others take minutes together.
FIRST = {fault.module: number for number, fault in reversed(list(enumerate(FAULTS)))}


@pytest.mark.parametrize("fault", [
    pytest.param(
        fault, id=f"{number}-{fault.module}",
        marks=() if FIRST[fault.module] == number else pytest.mark.slow,
    )
    for number, fault in enumerate(FAULTS)
])
def test_the_named_cycle_is_the_first_that_differs(tmp_path, fault):
    broken = tmp_path / "rtl"
    shutil.copytree(RTL, broken, ignore=shutil.ignore_patterns("formal", "synth"))
    file = broken / UNITS[fault.module].relative_to(RTL)
    file.write_text(file.read_text().replace(fault.right, fault.wrong))
    for case in cases():
        cycle = first_other_cycle(case, broken, tmp_path)
        if cycle is not None:
            report = cosim(case.config, case.job, [broken], tmp_path)
            assert report.trace_difference.cycle == cycle, str(report.trace_difference)
            return
    pytest.fail("the fault changes no trace")
