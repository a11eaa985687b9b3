"""Every machine's trace, read back: each signal in each cycle, and sums that are counters."""

import io
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as proto

from accelsim.errors import InputError, UnsupportedError
from accelsim.inside.trace import writer
from accelsim.inside.tracks import View
from accelsim.machines import get_machine, load_machine
from accelsim.machines.eie.reference.array import Eie, run
from accelsim.machines.eie.reference.pe import Pe
from accelsim.machines.trace import BINARY, FORMATS, n_pes, trace_writer, watch
from accelsim.records.signals import Signals
from tests.contracts.cases import make_case
from tests.ese.layers import random_layer, utterance
from tests.report.waves import read_waves


def eie():
    case = make_case(seed=7, n_in=30, n_out=24, weights=0.5, active=0.6, bias=True, values="bounds",
                     shift=6, overrides={"n_pe": 3, "act_queue_depth": 2, "bypass": True,
                                         "regfile_depth": 4})
    return case.config, case.job


def ese():
    config = load_machine("ese", n_pe=4, n_channels=2, act_queue_depth=2, elementwise_width=2,
                          ddr_latency_cycles=5, ddr_word_bits=64, ddr_burst_words=4,
                          ddr_burst_gap_cycles=3, table_samples=64)
    rng = np.random.default_rng(3)
    layer = random_layer(rng, n_cells=24, peepholes=True, n_out=8)
    return config, get_machine("ese").job(config, layer, utterance(rng, 3, 2, 6))


def bbs():
    config = load_machine("bbs", n_pe=3, n_banks=4)
    layer = random_layer(np.random.default_rng(5), n_cells=13, density=0.3)
    return config, get_machine("bbs").job(config, layer, np.zeros((2, 6)))


MADE = {"eie": eie, "ese": ese, "bbs": bbs}


@pytest.fixture(params=MADE)
def run_of(request):
    return MADE[request.param]()


def written(kind, config, job, first=0, last=100_000, pes=None):
    file = io.BytesIO() if kind in BINARY else io.StringIO()
    with trace_writer(kind, file, config, job, pes or range(n_pes(config, job)), "a note") as trace:
        shown = watch(config, job, first, last, trace)
    return shown, file.getvalue()


def waves_of(tmp_path, config, job, **window):
    path = tmp_path / "run.vcd"
    path.write_text(written("vcd", config, job, **window)[1])
    first = window.get("first", 0)
    return read_waves(path, first, 2 * first)


class Facts:
    """Every signal in every cycle, without any of the writers' code; None where it means
    nothing."""

    def __init__(self, pes):
        self.pes, self.seen = pes, {}

    def cycle(self, t, array):
        self.seen[t] = {
            ".".join((*scope, name)): None if value is None else value % 2**bits
            for scope, unit in array.units(self.pes)
            for (name, bits), value in zip(
                unit.signals().bits.items(), unit.signals().values().values(), strict=True)
        }


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


@pytest.mark.parametrize("kind", FORMATS)
def test_a_window_is_a_cut_of_the_run(run_of, kind):
    """A view remembers a cycle or two at most, so the lines from a little later on are equal."""
    config, job = run_of
    shown, data = written(kind, config, job, 40, 79)
    assert shown == 40
    if kind == "text":
        whole = written(kind, config, job)[1].splitlines()
        later = [line for line in data.splitlines() if line[:9].strip().isdecimal()][20:]
        assert set(later) <= set(whole)
    else:
        assert data


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


def slices(data):
    """{track's names from the top: {cycle: slice's name}} of a Perfetto trace."""
    trace = proto.Trace()
    trace.ParseFromString(data)
    names, open_, found = {}, {}, {}
    for packet in trace.packet:
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            names[track.uuid] = (*names.get(track.parent_uuid, ()), track.name)
            continue
        event, name = packet.track_event, names[packet.track_event.track_uuid][1:]
        if event.type == event.TYPE_SLICE_BEGIN:
            open_[name] = packet.timestamp, event.name
        elif event.type == event.TYPE_SLICE_END:
            begin, text = open_.pop(name)
            found.setdefault(name, {}).update(dict.fromkeys(range(begin, packet.timestamp), text))
    assert not open_, "a slice without an end"
    return found


def marks(data):
    """Names of all marks, by track."""
    trace = proto.Trace()
    trace.ParseFromString(data)
    names, found = {}, {}
    for packet in trace.packet:
        if packet.HasField("track_descriptor"):
            names[packet.track_descriptor.uuid] = packet.track_descriptor.name
        elif packet.track_event.type == packet.track_event.TYPE_INSTANT:
            event = packet.track_event
            found.setdefault(names[event.track_uuid], set()).add(event.name)
    return found


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
    assert set(shown["elementwise",].values()) >= {"c", "h"} or shown["elementwise",]


class Guard:
    """A unit that no machine of the package has."""

    def __init__(self, pe):
        self.pe = pe

    def signals(self):
        return Signals({"alarm": 1, "level": 5}, lambda: (self.pe.act_queue.full, -1))


class GuardedPe(Pe):
    def units(self):
        yield from super().units()
        yield "u_guard", Guard(self)


class Guarded(Eie):
    PE = GuardedPe


@pytest.mark.parametrize("kind", FORMATS)
def test_a_unit_of_ones_own_is_shown(kind, tmp_path):
    config, job = eie()
    file = io.BytesIO() if kind in BINARY else io.StringIO()
    with trace_writer(kind, file, config, job, [1]) as trace:
        counters = run(config, job, observer=trace, wiring=Guarded).counters
    full = int(counters.queue_occupancy_histogram[1][-1])
    assert full
    if kind == "vcd":
        path = tmp_path / "run.vcd"
        path.write_text(file.getvalue())
        waves = read_waves(path, 0, 0)
        scope = "eie_array_tb.dut.g_pe[1].u_pe.u_guard"
        assert sum(signals[f"{scope}.alarm"] for signals in waves.values()) == full
        assert {signals[f"{scope}.level"] for signals in waves.values()} == {31}
    elif kind == "perfetto":
        assert len(slices(file.getvalue())["PE 1", "guard"]) == full
    else:
        assert file.getvalue().count("alarm level=-1") == full


def test_a_machine_that_says_no_more_shows_its_signals(run_of, monkeypatch):
    config, job = run_of
    machine = replace(get_machine(config.machine), tracks=None, watch=None)
    monkeypatch.setattr("accelsim.machines.trace.machine_of", lambda config: machine)
    counters = machine.run(config, job, "fast").counters
    shown, data = written("perfetto", config, job)
    assert shown == counters.cycles
    assert len(slices(data)) > 3
    text = written("text", config, job, pes=[0])[1]
    assert len(text.splitlines()) == counters.cycles + 3  # note, legend, heads
    if config.machine == "bbs":
        busy = slices(data)["pe[0]",].values()
        assert sum("slot" in name.split() for name in busy) == counters.slots[0]


def test_only_the_window_is_run(run_of):
    config, job = run_of
    facts = Facts([0])
    seen = []
    reference = get_machine(config.machine).telling("reference")

    class Counting:
        def __init__(self, observer):
            self.observer = observer

        def cycle(self, t, array):
            seen.append(t)
            self.observer.cycle(t, array)

    from accelsim.inside import replay

    shown = replay.watch(
        lambda config, job, outputs, observer: reference(
            config, job, outputs, observer=Counting(observer)),
        config, job, 10, 20, facts)
    assert shown == len(facts.seen) == 11
    assert seen == list(range(22))  # the cycle behind the window ends the run


def test_what_cannot_be_watched(run_of):
    config, job = run_of
    cycles = get_machine(config.machine).run(config, job, "fast").counters.cycles
    with pytest.raises(InputError, match=f"takes {cycles} cycles"):
        watch(config, job, cycles, cycles + 5, Facts([0]))
    for window in ((-1, 3), (5, 4)):
        with pytest.raises(InputError, match="first"):
            watch(config, job, *window, Facts([0]))
    with pytest.raises(InputError, match=f"0 to {n_pes(config, job) - 1}"):
        trace_writer("vcd", io.StringIO(), config, job, [n_pes(config, job)])


@pytest.mark.parametrize("kind", FORMATS)
def test_an_array_without_signals_is_refused(kind):
    trace = writer(kind, io.BytesIO() if kind in BINARY else io.StringIO(), View("x", [0]))
    with pytest.raises(UnsupportedError, match="object: shows no signals"):
        trace.cycle(0, object())


@pytest.mark.parametrize("bits", [0, 64])
def test_a_width_that_cannot_be_shown_is_named(bits):
    with pytest.raises(InputError, match=f"'wide' has {bits} bits; need 1 to 63"):
        Signals({"wide": bits}, lambda: (0,))
