"""Every machine's trace, read back: each signal in each cycle, and sums that are counters."""

import io
from collections import Counter

import numpy as np
import pytest

from accelsim.machines import get_machine
from accelsim.machines.trace import BINARY, FORMATS, n_pes, trace_writer, watch
from tests.report.machine_runs import (
    Facts,
    bbs,
    eie,
    ese,
    marks,
    slices,
    waves_of,
    written,
)


@pytest.mark.parametrize("window", [(0, 100_000), (37, 90)], ids=str)
def test_a_waveform_holds_every_signal(run_of, window, tmp_path):
    config, job = run_of
    facts = Facts(range(n_pes(config, job)))
    watch(config, job, *window, facts)
    waves = waves_of(tmp_path, config, job, first=window[0], last=window[1])
    assert list(waves) == list(facts.seen)
    shown = {}
    for t, signals in facts.seen.items():
        shown |= {name: value for name, value in signals.items() if value is not None}
        for name, value in shown.items():
            assert waves[t][name] == value, (t, name)
    assert len(shown) > 30


@pytest.mark.parametrize("kind", FORMATS)
def test_tracing_changes_no_result(run_of, kind):
    config, job = run_of
    reference = get_machine(config.machine).telling("reference")
    plain = reference(config, job)
    file = io.BytesIO() if kind in BINARY else io.StringIO()
    with trace_writer(kind, file, config, job, [0, n_pes(config, job) - 1]) as trace:
        traced = reference(config, job, observer=trace)
    assert np.array_equal(plain.outputs, traced.outputs)
    assert plain.counters.difference(traced.counters) is None


def test_a_window_is_a_cut_of_the_run(run_of):
    """A view remembers a column or two at most, so the lines from a little later on are equal."""
    config, job = run_of
    shown, data = written("text", config, job, 40, 79)
    assert shown == 40
    lines = [line for line in data.splitlines() if line[:9].strip().isdecimal()]
    assert [int(line[:9]) for line in lines] == list(range(40, 80))
    assert set(lines[20:]) <= set(written("text", config, job)[1].splitlines())


def sums_of(waves):
    """Of each signal, over all cycles."""
    sums = Counter()
    for signals in waves.values():
        for name, value in signals.items():
            sums[name] += value or 0
    return sums


def assert_counted(sums, scope, counters, names, pe=None):
    for signal, counter in names.items():
        value = getattr(counters, counter)
        assert sums[f"{scope}.{signal}"] == (value if pe is None else value[pe]), (signal, counter)


PER_PE = {"ptr_read.pop_o": "queue_pops", "act_queue.push_i": "queue_pushes",
          "act_queue.count_o": "queue_occupancy_sum"}


def test_eie_adds_up(tmp_path):
    config, job = eie()
    counters = get_machine("eie").run(config, job, "fast").counters
    sums = sums_of(waves_of(tmp_path, config, job))
    top = "eie_array_tb.dut"
    assert_counted(sums, top, counters, {
        "running": "cycles", "pass_start": "passes", "drain": "drain_cycles",
        "store": "store_cycles", "broadcast": "broadcasts", "blocked": "blocked_cycles",
        "row_change": "row_change_cycles"})
    assert counters.blocked_cycles
    assert counters.saturations.any()
    for pe in range(3):
        assert_counted(sums, f"{top}.g_pe[{pe}].u_pe", counters, {
            **{f"u_{signal}": counter for signal, counter in PER_PE.items()},
            "u_spmat_read.issue_o": "issued_entries",
            "u_spmat_read.empty_o": "empty_column_cycles",
            "u_spmat_read.line_read_o": "spmat_line_reads",
            "u_arith_unit.padding_o": "padding_entries", "u_arith_unit.mac_o": "macs",
            "u_arith_unit.saturation_o": "saturations", "u_arith_unit.write_o": "dst_reg_writes",
            "u_arith_unit.adder_bypass_o": "adder_bypasses",
            "u_arith_unit.write_bypass_o": "write_bypasses"}, pe)


def test_ese_adds_up(tmp_path):
    config, job = ese()
    result = get_machine("ese").run(config, job, "fast")
    counters = result.counters
    waves = waves_of(tmp_path, config, job)
    sums = sums_of(waves)
    assert_counted(sums, "ese.control", counters, {
        "start": "start_cycles", "fetch_wait": "fetch_wait_cycles", "drain": "drain_cycles",
        "blocked": "blocked_cycles", "broadcast": "broadcasts",
        "broadcast_idle": "broadcast_idle_cycles"})
    assert counters.fetch_wait_cycles
    assert counters.blocked_cycles
    words = {"weight", "pointer", "vector", "table", "result"}
    assert sums["ese.ddr_1.transfer"] == counters.weight_words + counters.result_words
    assert sums["ese.ddr_1.transfer"] + sums["ese.ddr_2.transfer"] == sum(
        getattr(counters, f"{word}_words") for word in words)
    assert sums["ese.vector_path.pass"] == counters.vector_path_cycles
    # Every slot is shown for the cycles that it took.
    times = Counter(signals["ese.state_machine.slot"] for signals in waves.values())
    assert [times[slot] for slot in range(counters.slots)] == [s.cycles for s in result.slots]
    channels = [f"ese.channel[{channel}]" for channel in range(2)]
    for unit in ("elem_mul", "adder_tree"):
        entered = sum(
            signals[f"{scope}.{unit}.elements"] for signals in waves.values() for scope in channels)
        assert entered == getattr(counters, f"{unit}_results")
    for pe in range(4):
        for scope in channels:
            assert_counted(sums, f"{scope}.pe[{pe}]", counters, {
                **PER_PE, "weight_read.issue_o": "issued_entries",
                "weight_read.empty_o": "empty_column_cycles"}, pe)
        for signal, counter in (("mac_o", "macs"), ("saturation_o", "saturations")):
            assert sum(sums[f"{scope}.pe[{pe}].arith_unit.{signal}"] for scope in channels) == (
                getattr(counters, counter)[pe])


def test_bbs_adds_up(tmp_path):
    config, job = bbs()
    counters = get_machine("bbs").run(config, job, "fast").counters
    waves = waves_of(tmp_path, config, job)
    sums = sums_of(waves)
    assert_counted(sums, "bbs.control", counters, {
        phase: f"{phase}_cycles" for phase in ("start", "compute", "drain", "elementwise")})
    assert len(waves) == counters.cycles
    for pe in range(3):
        assert_counted(sums, f"bbs.pe[{pe}]", counters,
                       {"slot": "slots", "empty": "empty_rows", "write": "rows"}, pe)
        macs = sum(signals[f"bbs.pe[{pe}].weights"] for signals in waves.values()
                   if signals[f"bbs.pe[{pe}].slot"])
        assert macs == counters.macs[pe]


def test_ese_shows_slots_and_what_they_wait_for():
    config, job = ese()
    result = get_machine("ese").run(config, job, "fast")
    data = written("perfetto", config, job)[1]
    shown = slices(data)["state machine",]
    t = 0
    for slot in result.slots:
        name = slot.name if slot.spmv is None else f"{slot.name} {slot.spmv}"
        assert {shown[cycle] for cycle in range(t, t + slot.cycles)} == {name}
        t += slot.cycles
    assert t == len(shown) == result.counters.cycles
    found = marks(data)
    assert {"stall: waits for pointers", "stall: waits for tables"} <= found["state machine"]
    assert found["control"] == {"stall: weights have not arrived", "stall: queue full"}


def test_bbs_shows_rows_and_who_is_waited_for():
    config, job = bbs()
    counters = get_machine("bbs").run(config, job, "fast").counters
    data = written("perfetto", config, job)[1]
    shown = slices(data)
    for pe in range(3):
        assert len(shown[f"PE {pe}", "row"]) == counters.slots[pe]
        assert len(shown[f"PE {pe}", "write"]) == counters.rows[pe]
    assert counters.idle_cycles.any()
    assert marks(data)["row"] == {"idle: rows of other PEs"}
    operations = {o.name for stage in job.stages for o in stage.operations}
    assert set(shown["elementwise",].values()) == operations


