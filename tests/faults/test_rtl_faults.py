"""Every fault planted in the Verilog is caught, and the report names the unit it is in."""

import re
import shutil

import pytest

from accelsim.rtl_bridge import cosim
from tests.contracts.cases import make_case
from tests.faults.rtl_faults import FAULTS
from tests.rtl.bench import RTL, UNITS

pytestmark = pytest.mark.rtl

WORDS = {
    "seed": 3, "n_in": 100, "n_out": 50, "weights": 0.1, "active": 0.8, "bias": True,
    "values": "any", "shift": 14, "explicit_zeros": True,
}
MACHINE = {
    "n_pe": 4, "act_queue_depth": 3, "index_bits": 2, "spmat_kb": 2.0, "pointer_kb": 4.0,
    "act_sram_kb": 0.25, "capacity": "check",
}
# Batches both ways, forwarding and waiting; then vectors that stay in the register files. Where
# sums wait, they start from biases in the accumulators.
MACHINES = [
    {"regfile_depth": 7, "bypass": True}, {"regfile_depth": 7, "bypass": False},
    {"regfile_depth": 64, "bypass": True},
]


def cases():
    for machine in MACHINES:
        words = WORDS | {"bias": True if machine["bypass"] else "exact"}
        yield make_case(**words, overrides=MACHINE | machine)


def reports(rtl_dir, build_dir, waveform=None):
    for case in cases():
        yield cosim(case.config, case.job, [rtl_dir], build_dir, waveform)


def test_without_a_fault_nothing_is_reported(tmp_path):
    assert all(report.equal for report in reports(RTL, tmp_path))


@pytest.mark.parametrize(
    "fault", FAULTS, ids=[f"{n}-{fault.module}" for n, fault in enumerate(FAULTS)]
)
def test_a_fault_is_caught_and_named(tmp_path, fault):
    broken = tmp_path / "rtl"
    shutil.copytree(RTL, broken, ignore=shutil.ignore_patterns("formal", "synth"))
    file = broken / UNITS[fault.module].relative_to(RTL)
    text = file.read_text()
    assert text.count(fault.right) == 1, "the fault's place is not unique any more"
    file.write_text(text.replace(fault.right, fault.wrong))
    told = reports(broken, tmp_path, tmp_path / "window.vcd")
    report = next((report for report in told if not report.equal), None)
    assert report is not None, "not caught"
    assert report.trace_difference is not None, report
    assert report.trace_difference.unit == fault.unit, str(report.trace_difference)
    assert f"cycle {report.trace_difference.cycle}, " in str(report.trace_difference)
    dumped = [int(t) for t in re.findall(r"^#(\d+)", report.waveform.read_text(), re.MULTILINE)]
    assert len(dumped) > 10, "the waveform shows the cycles around the difference"
