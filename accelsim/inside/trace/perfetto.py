"""Tracks for ui.perfetto.dev: slices for what a unit does, instants for stalls, counters.

Perfetto's time is in whole nanoseconds: a cycle begins at the nearest one, of clocks above 1 GHz at
the nearest picosecond, which is shown as a nanosecond. Without a clock a cycle is one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Any

from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as proto
from perfetto.trace_builder.proto_builder import TraceProtoBuilder

from accelsim.inside.trace import Closing
from accelsim.inside.tracks import NO_NOTES, Shown, View
from accelsim.records.signals import Array

_SEQUENCE = 1
_TOGETHER = 256  # packets that are gathered before they are written
_EVENT = proto.TrackEvent


class Trace(Closing):
    """Writes packets as things happen."""

    def __init__(self, file: IO[bytes], view: View, note: str = "") -> None:
        self._view, self._note = view, note
        self._packets = _Packets(file, _shown_ns(view.clock_mhz))
        self._rows: list[_Row] = []
        self._t = 0

    def cycle(self, t: int, array: Array) -> None:
        """One cycle of the reference."""
        self._t = t
        if not self._rows:
            self._open(array)
        self._view.look()
        for row in self._rows:
            now = row.look()
            if now is not row.shown:
                row.tell(t, now)

    def close(self) -> None:
        """End every slice behind the last cycle."""
        for row in self._rows:
            row.tell(self._t + 1, None)
        self._packets.flush()

    def _open(self, array: Array) -> None:
        """Describe all tracks, and the groups that they stand in."""
        view, packets = self._view, self._packets
        view.open(array)
        groups: dict[tuple[str, ...], int] = {(): packets.track(
            f"accelsim {view.name} ({_told(view.clock_mhz)})", description=self._note)}
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
            if track.count is not None:
                self._rows.append(_Count(track.count, uuid, packets))
            if track.slice is not None:
                self._rows.append(_Slice(track.slice, uuid, packets))
            if track.mark is not None:
                self._rows.append(_Mark(track.mark, uuid, packets))


def _shown_ns(clock_mhz: float | None) -> float:
    """A cycle in the nanoseconds of the file."""
    if clock_mhz is None:
        return 1.0
    return 1e3 / clock_mhz * (1 if clock_mhz <= 1e3 else 1e3)


def _told(clock_mhz: float | None) -> str:
    if clock_mhz is None:
        return "1 cycle = 1 ns"
    more = "" if clock_mhz <= 1e3 else ", 1 ps shown as 1 ns"
    return f"1 cycle = {1e3 / clock_mhz:.6g} ns{more}"


class _Row:
    """Something that a track shows; told when it is not as in the cycle before.

    Attributes
    ----------
    look : what is to be shown in this cycle
    shown : what was
    """

    def __init__(self, look: Callable[[], Any], uuid: int, packets: _Packets) -> None:
        self.look = look
        self.shown: Any = None
        self._uuid, self._packets = uuid, packets

    def tell(self, t: int, now: Any) -> None:
        """Show another object from now on; it may be equal to what is shown."""


class _Count(_Row):
    """A number; None leaves it."""

    def tell(self, t: int, now: int | None) -> None:
        if now is not None and now != self.shown:
            self._packets.event(t, self._uuid, _EVENT.TYPE_COUNTER, value=now)
            self.shown = now


class _Mark(_Row):
    """What went wrong, at the cycle in which it begins."""

    def tell(self, t: int, now: Shown | None) -> None:
        if now is not None and now != self.shown:
            self._packets.event(t, self._uuid, _EVENT.TYPE_INSTANT, now.name, now.notes)
        self.shown = now


class _Slice(_Row):
    """One slice at a time."""

    def tell(self, t: int, now: Shown | None) -> None:
        if now == self.shown:
            return
        if self.shown is not None:
            self._packets.event(t, self._uuid, _EVENT.TYPE_SLICE_END)
        if now is not None:
            self._packets.event(t, self._uuid, _EVENT.TYPE_SLICE_BEGIN, now.name, now.notes)
        self.shown = now


class _Packets:
    """Track descriptors and events, gathered for a while: a file is the same however they are."""

    def __init__(self, file: IO[bytes], cycle_ns: float) -> None:
        self._file, self._cycle_ns = file, cycle_ns
        self._gathered = TraceProtoBuilder()
        self._last = 0

    def flush(self) -> None:
        """Write what is gathered."""
        self._file.write(self._gathered.serialize())
        self._gathered = TraceProtoBuilder()

    def _packet(self) -> Any:
        if len(self._gathered.trace.packet) == _TOGETHER:
            self.flush()
        packet = self._gathered.add_packet()
        packet.trusted_packet_sequence_id = _SEQUENCE
        return packet

    def track(
        self, name: str, parent: int | None = None, counted: str | None = None,
        description: str = "",
    ) -> int:
        """A new track's number; tracks stay in the order in which they were added. ``counted``:
        the unit of a counter, which may be ""."""
        self._last += 1
        packet = self._packet()
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
        return self._last

    def event(
        self, t: int, track: int, kind: Any, name: str = "",
        notes: Mapping[str, int | str] = NO_NOTES, value: int | None = None,
    ) -> None:
        """Something that happens at the beginning of cycle ``t``."""
        packet = self._packet()
        packet.timestamp = round(t * self._cycle_ns)
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
