"""A small run of each machine, its trace written and read back."""

import io

import numpy as np
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as proto

from accelsim.machines import get_machine, load_machine
from accelsim.machines.trace import BINARY, n_pes, trace_writer, watch
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


def written(kind, config, job, first=0, last=100_000, pes=None):
    file = io.BytesIO() if kind in BINARY else io.StringIO()
    with trace_writer(kind, file, config, job, pes or range(n_pes(config, job)), "a note") as trace:
        shown = watch(config, job, first, last, trace)
    return shown, file.getvalue()


def waves_of(tmp_path, config, job, **window):
    path = tmp_path / "run.vcd"
    path.write_text(written("vcd", config, job, **window)[1])
    first = window.get("first", 0)
    ticks = round(1e6 / config.clock_mhz)  # picoseconds
    return read_waves(path, first, ticks * first, ticks)


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


def cycle_of(packet, names):
    """The cycle of a packet's time: the first track says how long one takes."""
    root = next(iter(names.values()))[0]
    cycle_ns = float(root.rpartition("1 cycle = ")[2].removesuffix(" ns)"))
    return round(packet.timestamp / cycle_ns)


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
            open_[name] = cycle_of(packet, names), event.name
        elif event.type == event.TYPE_SLICE_END:
            begin, text = open_.pop(name)
            end = cycle_of(packet, names)
            found.setdefault(name, {}).update(dict.fromkeys(range(begin, end), text))
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
