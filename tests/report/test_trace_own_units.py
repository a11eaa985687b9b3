"""Traces of units and machines of one's own; windows; what cannot be shown."""

import io
import sys
from dataclasses import replace

import pytest

from accelsim.errors import InputError, UnsupportedError
from accelsim.inside.trace import writer
from accelsim.inside.tracks import View
from accelsim.machines import get_machine
from accelsim.machines.eie.reference.array import Eie, run
from accelsim.machines.eie.reference.pe import Pe
from accelsim.machines.trace import BINARY, FORMATS, n_pes, trace_writer, watch
from accelsim.records.signals import Signals
from tests.report.machine_runs import (
    Facts,
    eie,
    slices,
    written,
)
from tests.report.waves import read_waves


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
        waves = read_waves(path, 0, 0, 1250)
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


def test_a_missing_library_is_named(monkeypatch):
    config, job = eie()
    monkeypatch.setitem(sys.modules, "vcd", None)
    monkeypatch.delitem(sys.modules, "accelsim.inside.trace.vcd", raising=False)
    with pytest.raises(InputError, match=r"vcd is not installed.*accelsim\[trace\]"):
        trace_writer("vcd", io.StringIO(), config, job, [0])
