"""Times in traces are those of the machine's clock."""

import pytest
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as proto

from accelsim.machines.eie.reference.array import run
from tests.report.test_trace import case_with, written


@pytest.mark.parametrize(
    ("clock_mhz", "scale", "period", "told"),
    [(800.0, b"1 ps", 1250, "1.25 ns"), (200.0, b"1 ps", 5000, "5 ns"),
     (300.0, b"1 fs", 3_333_334, "3.33333 ns")],
)
def test_times_are_those_of_the_machines_clock(clock_mhz, scale, period, told):
    case = case_with(clock_mhz=clock_mhz)
    cycles = run(case.config, case.job).counters.cycles
    waves = written("vcd", case, lambda trace: run(case.config, case.job, observer=trace))
    lines = waves.splitlines()
    assert f"$timescale {scale.decode()} $end" in waves
    assert lines[-1] == f"#{cycles * period}"
    assert f"#{period // 2}" in lines
    data = written("perfetto", case, lambda trace: run(case.config, case.job, observer=trace))
    trace = proto.Trace()
    trace.ParseFromString(data)
    assert f"1 cycle = {told}" in trace.packet[0].track_descriptor.name
    assert trace.packet[-1].timestamp == round(cycles * 1e3 / clock_mhz)
