"""Tracks for ui.perfetto.dev: slices for what a unit does, instants for stalls, counters.

Perfetto's time is in nanoseconds; one of them is one clock cycle here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as proto
from perfetto.trace_builder.proto_builder import StreamingTraceProtoBuilder

from accelsim.inside.trace import Closing
from accelsim.inside.tracks import NO_NOTES, Shown, Track, View
from accelsim.records.signals import Array

_SEQUENCE = 1
_EVENT = proto.TrackEvent


class Trace(Closing):
    """Writes packets as things happen."""

    def __init__(self, file: IO[bytes], view: View, note: str = "") -> None:
        self._view, self._note = view, note
        self._packets = _Packets(StreamingTraceProtoBuilder(file))
        self._rows: list[_Row] = []
        self._t = 0

    def cycle(self, t: int, array: Array) -> None:
        """One cycle of the reference."""
        self._t = t
        if not self._rows:
            self._open(array)
        self._view.look()
        for row in self._rows:
            row.cycle(t)

    def close(self) -> None:
        """End every slice behind the last cycle."""
        for row in self._rows:
            row.state(self._t + 1, None)

    def _open(self, array: Array) -> None:
        """Describe all tracks, and the groups that they stand in."""
        view, packets = self._view, self._packets
        view.open(array)
        groups: dict[tuple[str, ...], int] = {(): packets.track(
            f"accelsim {view.name} (1 ns = 1 cycle)", description=self._note)}
        for track in view.tracks():
            for level in range(1, len(track.path)):
                if track.path[:level] not in groups:
                    groups[track.path[:level]] = packets.track(
                        track.path[level - 1], groups[track.path[: level - 1]])
            uuid = packets.track(
                track.path[-1], groups[track.path[:-1]],
                counted=None if track.count is None else track.unit,
            )
            groups.setdefault(track.path, uuid)
            self._rows.append(_Row(track, uuid, packets))


class _Row:
    """A track and what it shows: one slice at a time, a mark, or a number."""

    def __init__(self, track: Track, uuid: int, packets: _Packets) -> None:
        self._track, self._uuid, self._packets = track, uuid, packets
        self._open: Shown | None = None
        self._mark: Shown | None = None
        self._count: int | None = None

    def cycle(self, t: int) -> None:
        """Tell what is not as in the cycle before."""
        track = self._track
        if track.count is not None:
            value = track.count()
            if value is not None and value != self._count:
                self._count = value
                self._packets.event(t, self._uuid, _EVENT.TYPE_COUNTER, value=value)
        if track.slice is not None:
            self.state(t, track.slice())
        if track.mark is not None:
            mark = track.mark()
            if mark is not None and mark != self._mark:
                self._packets.event(t, self._uuid, _EVENT.TYPE_INSTANT, mark.name, mark.notes)
            self._mark = mark

    def state(self, t: int, wanted: Shown | None) -> None:
        """Show a slice from now on, unless the same one is shown already."""
        if wanted is self._open or wanted == self._open:
            return
        if self._open is not None:
            self._packets.event(t, self._uuid, _EVENT.TYPE_SLICE_END)
        if wanted is not None:
            self._packets.event(
                t, self._uuid, _EVENT.TYPE_SLICE_BEGIN, wanted.name, wanted.notes)
        self._open = wanted


class _Packets:
    """Track descriptors and events."""

    def __init__(self, builder: Any) -> None:
        self._builder = builder
        self._last = 0

    def track(
        self, name: str, parent: int | None = None, counted: str | None = None,
        description: str = "",
    ) -> int:
        """A new track's number; tracks stay in the order in which they were added. ``counted``:
        the unit of a counter, which may be ""."""
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
        if counted is not None:
            track.counter.unit_name = counted
        self._builder.write_packet(packet)
        return self._last

    def event(
        self, t: int, track: int, kind: Any, name: str = "",
        notes: Mapping[str, int | str] = NO_NOTES, value: int | None = None,
    ) -> None:
        """Something that happens at the beginning of cycle ``t``."""
        packet = self._builder.create_packet()
        packet.trusted_packet_sequence_id = _SEQUENCE
        packet.timestamp = t
        event = packet.track_event
        event.type, event.track_uuid = kind, track
        if name:
            event.name = name
        if value is not None:
            event.counter_value = value
        for key, note in notes.items():
            annotation = event.debug_annotations.add()
            annotation.name = key
            if isinstance(note, int):
                annotation.int_value = note
            else:
                annotation.string_value = note
        self._builder.write_packet(packet)
