"""Traces say what the reference did, change nothing, and need no memory for their length."""

import io
import resource
import subprocess
import sys
import time
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as proto

from accelsim.errors import InputError
from accelsim.machines.eie.reference.array import Eie, run
from accelsim.machines.eie.replay import replay
from accelsim.machines.trace import BINARY, FORMATS, trace_writer
from tests.contracts.cases import make_case
from tests.report.waves import read_waves

PLAIN = {
    "seed": 7, "n_in": 30, "n_out": 24, "weights": 0.5, "active": 0.6, "bias": True,
    "values": "any", "shift": 12, "overrides": {"n_pe": 3, "act_queue_depth": 2,
                                                "capacity": "ignore"},
}
EVENT = proto.TrackEvent


def case_with(words=None, **overrides):
    return make_case(**{**PLAIN, **(words or {}), "overrides": {**PLAIN["overrides"], **overrides}})


def buffer(kind):
    return io.BytesIO() if kind in BINARY else io.StringIO()


def written(kind, case, play, pes=(0, 1, 2)):
    """What a format gives for ``play(observer)``."""
    file = buffer(kind)
    with trace_writer(kind, file, case.config, case.job, pes, "a note") as trace:
        play(trace)
    return file.getvalue()


class Window:
    """A part of a whole run."""

    def __init__(self, observer, first, last):
        self.observer, self.first, self.last = observer, first, last

    def cycle(self, t, machine):
        if self.first <= t <= self.last:
            self.observer.cycle(t, machine)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("overrides", [{}, {"bypass": False}, {"empty_column_cycles": 0},
                                       {"capacity": "check", "regfile_depth": 4}], ids=str)
def test_a_replayed_window_is_a_cut_of_the_whole_trace(kind, overrides):
    case = case_with(**overrides)
    for first, last in ((0, 20), (13, 40), (25, 25), (31, 10_000)):
        cut = written(kind, case, lambda trace, a=first, b=last: run(
            case.config, case.job, observer=Window(trace, a, b)))
        played = written(kind, case, lambda trace, a=first, b=last: replay(
            case.config, case.job, a, b, trace))
        assert played == cut


@pytest.mark.parametrize("kind", FORMATS)
def test_tracing_changes_no_result(kind):
    case = case_with()
    plain = run(case.config, case.job)
    with trace_writer(kind, buffer(kind), case.config, case.job, [0, 2]) as trace:
        traced = run(case.config, case.job, observer=trace)
    assert np.array_equal(plain.outputs, traced.outputs)
    assert plain.counters.difference(traced.counters) is None


def test_without_an_observer_nothing_watches():
    """No cost when off: the clock has nobody to call, and the writers are not even imported."""
    case = case_with()
    assert Eie(case.config, case.job).clock._watch is None
    code = ("import sys; from accelsim.machines.eie.reference import array as eie; "
            "print([m for m in sys.modules if m.startswith(('accelsim.report', 'vcd', 'perf'))])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n"


class Seen:
    """The facts, without any of the writers' code."""

    def __init__(self):
        self.queue, self.holds, self.stalls, self.phases = {}, {}, {}, {}
        self.popped = {}

    def cycle(self, t, machine):
        ccu = machine.ccu
        self.phases[t] = ccu.phase
        if ccu.phase == "compute" and ccu.scan.found is not None and ccu.broadcast is None:
            self.stalls[t] = [i for i, pe in enumerate(machine.pes) if pe.act_queue.full]
        for index, pe in enumerate(machine.pes):
            self.queue[t, index] = len(pe.act_queue.items)
            if pe.spmat_read.holds:
                self.holds[t, index] = self.popped[index]
            if pe.ptr_read.pops:
                self.popped[index] = pe.act_queue.items[pe.ptr_read.pops - 1][0]


def parsed(data):
    """Track names with their parents' and the events of each, in the order of the file."""
    trace = proto.Trace()
    trace.ParseFromString(data)
    names, events = {}, {}
    for packet in trace.packet:
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            names[track.uuid] = (*names.get(track.parent_uuid, ()), track.name)
        else:
            event = packet.track_event
            root = next(iter(names.values()))[0]
            cycle_ns = float(root.rpartition("1 cycle = ")[2].removesuffix(" ns)"))
            t = round(packet.timestamp / cycle_ns)
            events.setdefault(names[event.track_uuid], []).append((t, event))
    return names, events


def slices(events):
    """(begin, end, name) of a track; the slices follow each other."""
    found, begun = [], None
    for t, event in events:
        if event.type == EVENT.TYPE_SLICE_BEGIN:
            assert begun is None, "two slices at once"
            begun = (t, event.name)
        elif event.type == EVENT.TYPE_SLICE_END:
            found.append((begun[0], t, begun[1]))
            begun = None
    assert begun is None, "a slice without an end"
    return found


def test_perfetto_read_back():
    case, seen = case_with(), Seen()
    cycles = run(case.config, case.job, observer=seen).counters.cycles
    data = written("perfetto", case, lambda trace: run(case.config, case.job, observer=trace))
    names, events = parsed(data)
    root = next(iter(names.values()))
    assert {name[1:] for name in names.values() if len(name) == 3} == {
        ("ccu", "phase"), ("ccu", "scan"), *((f"PE {pe}", unit) for pe in range(3)
                                             for unit in ("act_queue", "ptr_read", "spmat_read",
                                                          "arith_unit"))}
    for track in events.values():
        assert all(a[0] <= b[0] for a, b in pairwise(track))
    # Phases cover the run.
    shown = {t: name for a, b, name in slices(events[*root, "ccu", "phase"]) for t in range(a, b)}
    assert shown == seen.phases
    # A slice for each column in work, over its cycles.
    for pe in range(3):
        work = {t: name for a, b, name in slices(events[*root, f"PE {pe}", "spmat_read"])
                for t in range(a, b)}
        facts = {t: column for (t, index), column in seen.holds.items() if index == pe}
        assert set(work) == set(facts)
        assert all(name in (f"column {facts[t]}", "empty column") for t, name in work.items())
        # The counter holds its value until it changes.
        counter = {t: e.counter_value for t, e in events[*root, f"PE {pe}", "act_queue"]}
        held = 0
        for t in range(cycles):
            held = counter.get(t, held)
            assert held == seen.queue[t, pe]
    # Every stall is marked where it begins or its culprits change, and names them.
    marks = {t: e.debug_annotations[0].string_value for t, e in events[*root, "ccu", "scan"]
             if e.type == EVENT.TYPE_INSTANT}
    expected = {t: ",".join(map(str, pes)) for t, pes in seen.stalls.items()
                if seen.stalls.get(t - 1) != pes}
    assert expected
    assert marks == expected
    # A PE without a column, two cycles after a stall: a broadcast takes so long to arrive.
    starved = {(t, pe): seen.stalls[t - 2] for t in range(cycles) for pe in range(3)
               if t - 2 in seen.stalls and (t, pe) not in seen.holds}
    assert starved
    for pe in range(3):
        marks = {t: e.debug_annotations[0].string_value
                 for t, e in events[*root, f"PE {pe}", "spmat_read"]
                 if e.type == EVENT.TYPE_INSTANT}
        assert marks == {t: ",".join(map(str, pes)) for (t, index), pes in starved.items()
                         if index == pe and starved.get((t - 1, pe)) != pes}


def test_hazard_stalls_are_marked():
    case = case_with({"weights": 0.9}, bypass=False, n_pe=12)
    data = written("perfetto", case, lambda t: run(case.config, case.job, observer=t), [0])
    names, events = parsed(data)
    (track,) = [name for name in names.values() if name[-1] == "arith_unit"]
    assert any(e.name == "stall: accumulator in flight" for _, e in events[track])


def test_text_has_a_line_a_cycle_and_a_column_a_unit():
    case = case_with()
    cycles = run(case.config, case.job).counters.cycles
    text = written("text", case, lambda trace: run(case.config, case.job, observer=trace), [0, 2])
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    head = lines[0].split()
    assert head == ["cycle", "ccu", *(f"pe{pe}.{unit}" for pe in (0, 2) for unit in (
        "act_queue", "ptr_read", "spmat_read", "arith_unit"))]
    assert [int(line.split()[0]) for line in lines[1:]] == list(range(cycles))
    assert text.startswith("# a note\n")
    seen = Seen()
    run(case.config, case.job, observer=seen)
    for t, pes in seen.stalls.items():
        assert f"blocked by PE {','.join(map(str, pes))}" in lines[1 + t]


def test_waves_show_the_queues(tmp_path):
    case, seen = case_with(), Seen()
    cycles = run(case.config, case.job, observer=seen).counters.cycles
    path = tmp_path / "run.vcd"
    path.write_text(written("vcd", case, lambda t: run(case.config, case.job, observer=t)))
    waves = read_waves(path, 0, 0, 1250)
    assert len(waves) == cycles
    for t, signals in waves.items():
        for pe in range(3):
            name = f"eie_array_tb.dut.g_pe[{pe}].u_pe.u_act_queue.count_o"
            assert signals[name] == seen.queue[t, pe]


class Nowhere(io.RawIOBase):
    def writable(self):
        return True

    def write(self, data):
        return len(data)


def peak_bytes(kind, case, cycles):
    """Most memory that a window of so many cycles took, the layer itself aside."""
    raw = Nowhere()
    file = io.BufferedWriter(raw) if kind in BINARY else io.TextIOWrapper(io.BufferedWriter(raw))
    tracemalloc.start()
    with trace_writer(kind, file, case.config, case.job, range(4)) as trace:
        shown = replay(case.config, case.job, 0, cycles - 1, trace)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert shown == cycles
    return peak


@pytest.mark.parametrize("kind", FORMATS)
def test_memory_does_not_grow_with_the_window(kind):
    case = case_with({"n_in": 4000, "n_out": 40, "active": 1.0}, n_pe=4)
    peak_bytes(kind, case, 100)  # what is made once
    short, long = peak_bytes(kind, case, 500), peak_bytes(kind, case, 5000)
    assert long < short + 50_000


def seconds(case, observer, cycles):
    begin = time.process_time()
    replay(case.config, case.job, 0, cycles - 1, observer)
    return time.process_time() - begin


def test_a_waveform_takes_less_time_than_the_run():
    """The writer that asked each signal by a function of its own took three times the run's."""
    case = case_with({"n_in": 3000, "n_out": 40, "active": 1.0}, n_pe=4)
    alone, traced = [], []
    for _ in range(7):
        alone.append(seconds(case, Window(None, -1, -1), 2000))
        with trace_writer("vcd", buffer("vcd"), case.config, case.job, range(4)) as trace:
            traced.append(seconds(case, trace, 2000))
    assert min(traced) < 2.2 * min(alone)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_a_million_cycles(kind, tmp_path):
    """The process's high-water mark does not rise between a short window and a million cycles."""
    case = case_with({"n_in": 250_000, "n_out": 40, "active": 1.0}, n_pe=4)
    marks = []
    for cycles in (1000, 1_000_000):
        with (
            open(tmp_path / "trace", "wb" if kind in BINARY else "w") as file,
            trace_writer(kind, file, case.config, case.job, range(4)) as trace,
        ):
            assert replay(case.config, case.job, 0, cycles - 1, trace) == cycles
        marks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert marks[1] - marks[0] < 20_000  # kB


def test_what_cannot_be_traced():
    case = case_with()
    with pytest.raises(InputError, match="did you mean 'perfetto'"):
        trace_writer("perfeto", io.StringIO(), case.config, case.job, [0])
    with pytest.raises(InputError, match="0 to 2"):
        trace_writer("vcd", io.StringIO(), case.config, case.job, [3])
