"""Tracks for ui.perfetto.dev: one a unit; slices for columns, instants for stalls, counters.

Perfetto's time is in nanoseconds; one of them is one clock cycle here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import IO, Any

from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as proto
from perfetto.trace_builder.proto_builder import StreamingTraceProtoBuilder

from accelsim.inside.trace import Closing
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.in_work import ColumnsInWork
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.reference.array import Eie
from accelsim.machines.eie.reference.pe import Pe
from accelsim.machines.eie.signals import blocked, full_queues, row_change

_SEQUENCE = 1
_ON_ITS_WAY = 2  # cycles from a broadcast to the PE's first issue slot
_EVENT = proto.TrackEvent


class Trace(Closing):
    """Writes packets as things happen."""

    def __init__(
        self, file: IO[bytes], config: EieConfig, job: LayerJob, pes: Sequence[int], note: str = ""
    ) -> None:
        self._tracks = _Tracks(StreamingTraceProtoBuilder(file))
        self._in_work = ColumnsInWork(job, pes)
        self._t = 0
        # The PEs that held a broadcast back, of the cycles that a column is on its way to
        # spmat_read (Q1, P2).
        self._blockers: deque[tuple[int, ...]] = deque([()] * _ON_ITS_WAY, _ON_ITS_WAY)
        tracks = self._tracks
        root = tracks.add(f"accelsim {job.image.name} (1 ns = 1 cycle)", description=note)
        ccu = tracks.add("ccu", root)
        self._phase, self._scan = tracks.add("phase", ccu), tracks.add("scan", ccu)
        self._units = {}
        for pe in pes:
            parent = tracks.add(f"PE {pe}", root)
            self._units[pe] = (
                tracks.add("act_queue", parent, counter=True), tracks.add("ptr_read", parent),
                tracks.add("spmat_read", parent), tracks.add("arith_unit", parent),
            )

    def cycle(self, t: int, machine: Eie) -> None:
        """One cycle of the reference."""
        self._t = t
        tracks, ccu = self._tracks, machine.ccu
        self._in_work.look(machine)
        tracks.state(t, self._phase, ccu.phase)
        culprits = tuple(full_queues(machine)) if blocked(machine) else ()
        if ccu.broadcast is not None:
            column, activation = ccu.broadcast
            tracks.state(t, self._scan, f"column {column}", (t, column), activation=activation)
        elif blocked(machine):
            tracks.state(t, self._scan, "blocked", culprits)
            tracks.instant_once(t, self._scan, "stall: queue full", culprits,
                                culprit_pe=",".join(map(str, culprits)))
        else:
            tracks.state(t, self._scan, "row change" if row_change(machine) else None)
        if not blocked(machine):
            tracks.forget(self._scan)
        for pe in self._units:
            self._pe(t, pe, machine.pes[pe])
        self._blockers.append(culprits)

    def _pe(self, t: int, index: int, pe: Pe) -> None:
        tracks = self._tracks
        queue, ptr_read, spmat_read, arith_unit = self._units[index]
        tracks.count(t, queue, len(pe.act_queue.items))
        pops = pe.ptr_read.pops
        popped = pe.act_queue.items[pops - 1][0] if pops else None
        tracks.state(t, ptr_read, None if popped is None else f"pop {popped}", (t, popped))
        column = self._in_work.columns[index]
        if pe.spmat_read.skips:
            tracks.state(t, spmat_read, "empty column", (t, column))
        else:
            tracks.state(t, spmat_read, f"column {column}" if pe.spmat_read.holds else None,
                         column, last_entry=pe.spmat_read.end - 1)
        if self._blockers[0] and not pe.spmat_read.holds:
            tracks.instant_once(t, spmat_read, "starved: queue of another PE full",
                                self._blockers[0],
                                culprit_pe=",".join(map(str, self._blockers[0])))
        else:
            tracks.forget(spmat_read)
        unit = pe.arith_unit
        if unit.waits:
            tracks.instant_once(t, arith_unit, "stall: accumulator in flight", unit.row1,
                                culprit_pe=str(index), accumulator=unit.row1)
        else:
            tracks.forget(arith_unit)
        doing = "multiply" if unit.row2 >= 0 else "padding" if unit.padding1 else None
        tracks.state(t, arith_unit, doing)

    def close(self) -> None:
        """End every slice behind the last cycle."""
        self._tracks.close(self._t + 1)


class _Tracks:
    """Track descriptors and events; a track shows one slice at a time."""

    def __init__(self, builder: Any) -> None:
        self._builder = builder
        self._open: dict[int, Any] = {}
        self._seen: dict[int, Any] = {}
        self._held: dict[int, int] = {}
        self._last = 0

    def add(
        self, name: str, parent: int | None = None, counter: bool = False, description: str = ""
    ) -> int:
        """A new track; tracks stay in the order in which they were added."""
        self._last += 1
        packet = self._builder.create_packet()
        packet.trusted_packet_sequence_id = _SEQUENCE
        if self._last == 1:
            packet.sequence_flags = proto.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
        track = packet.track_descriptor
        track.uuid, track.name = self._last, name
        track.child_ordering = proto.TrackDescriptor.EXPLICIT
        track.sibling_order_rank = self._last
        if description:
            track.description = description
        if parent is not None:
            track.parent_uuid = parent
        if counter:
            track.counter.unit_name = "columns"
        self._builder.write_packet(packet)
        return self._last

    def state(self, t: int, track: int, name: str | None, key: Any = None, **notes: Any) -> None:
        """Show a slice from now on, unless the same one (name and key) is shown already."""
        wanted = None if name is None else (name, key)
        if self._open.get(track) == wanted:
            return
        if self._open.get(track) is not None:
            self._event(t, track, _EVENT.TYPE_SLICE_END)
        if name is not None:
            self._event(t, track, _EVENT.TYPE_SLICE_BEGIN, name, notes)
        self._open[track] = wanted

    def instant_once(self, t: int, track: int, name: str, key: Any, **notes: Any) -> None:
        """A mark, unless the cycle before had the same one."""
        if self._seen.get(track) != key:
            self._event(t, track, _EVENT.TYPE_INSTANT, name, notes)
            self._seen[track] = key

    def forget(self, track: int) -> None:
        """The next mark is a new one."""
        self._seen.pop(track, None)

    def count(self, t: int, track: int, value: int) -> None:
        """A counter's value, if it has changed."""
        if self._held.get(track) != value:
            self._held[track] = value
            self._event(t, track, _EVENT.TYPE_COUNTER, value=value)

    def close(self, t: int) -> None:
        """End all slices."""
        for track in list(self._open):
            self.state(t, track, None)

    def _event(
        self, t: int, track: int, kind: Any, name: str = "", notes: dict[str, Any] | None = None,
        value: int | None = None,
    ) -> None:
        packet = self._builder.create_packet()
        packet.trusted_packet_sequence_id = _SEQUENCE
        packet.timestamp = t
        event = packet.track_event
        event.type, event.track_uuid = kind, track
        if name:
            event.name = name
        if value is not None:
            event.counter_value = value
        for key, note in (notes or {}).items():
            annotation = event.debug_annotations.add()
            annotation.name = key
            if isinstance(note, int):
                annotation.int_value = note
            else:
                annotation.string_value = note
        self._builder.write_packet(packet)
