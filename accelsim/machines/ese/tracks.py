"""What a trace of ESE shows: the state machine's slots and what they wait for, DDR modules, buffer
halves, and units of each channel. What happens is read from the units' signals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from accelsim.inside import pe_tracks
from accelsim.inside.pe_tracks import PeView
from accelsim.inside.tracks import Cell, Shown, Track, View
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.reference.array import Ese

LEGEND = """\
# slot        of the state machine, with its matrix
# control     send COLUMN, or what the cycle is counted as
# ddr_1       weights and results; ddr_2: tables, vectors, pointers. word, pause, wait (latency)
# vectors     the element that the vector path passes on, or wait
# chC.*       of channel C, the vector that is made: assemble, elem_mul, adder_tree
# weights     of a PE number, shared by the channels: entries of half 0 / half 1, * the one read
"""

_WAITS = {"awaits_vectors": "vectors", "awaits_tables": "tables", "awaits_pointers": "pointers",
          "stores": "results"}
"""Signals of the state machine to what the slot waits for, in the order in which they count."""


def view(config: EseConfig, job: RecurrentJob, pes: Sequence[int]) -> View:
    """The view of one utterance."""
    return EseView(config.n_pe, job.name, pes)


class EseView(View):
    """What channels share, and some PEs with their channels."""

    legend = LEGEND + pe_tracks.LEGEND.format(reader="weight_read")

    def __init__(self, n_pe: int, name: str, pes: Sequence[int]) -> None:
        super().__init__(name, pes)
        self._n_pe = n_pe
        self._channels = sorted({pe // n_pe for pe in pes})
        self._numbers = sorted({pe % n_pe for pe in pes})
        self._popped: dict[int, int | None] = dict.fromkeys(pes)
        self._columns: dict[int, int | None] = dict.fromkeys(pes)

    def open(self, array: Ese) -> None:
        """The array of the run."""
        self._array = array
        self._signals = {name: unit.signals() for name, unit in (
            ("state_machine", array), ("control", array.control), ("ddr_1", array.ddr_1),
            ("ddr_2", array.ddr_2), ("vector_path", array.path))}
        self._pes = []
        for pe in self.pes:
            channel, number = divmod(pe, self._n_pe)
            unit = array.channels[channel].pes[number]
            self._pes.append(PeView(
                f"channel {channel} PE {number}", f"ch{channel}.pe{number}", pe, unit,
                unit.units(), "weight_read", partial(self._columns.get, pe),
            ))

    def look(self) -> None:
        """Between the two phases of a cycle."""
        self._now = {name: signals.values() for name, signals in self._signals.items()}
        for pe, seen in zip(self.pes, self._pes, strict=True):
            channel, number = divmod(pe, self._n_pe)
            if not self._array.channels[channel].pes[number].weight_read.holds:
                self._columns[pe] = None
            elif self._popped[pe] is not None:
                self._columns[pe] = self._popped[pe]
            seen.look()
            self._popped[pe] = seen.popped

    def tracks(self) -> list[Track]:
        """A slice for each slot, column and vector; a mark where something is waited for."""
        tracks = [
            Track(("state machine",), self._slot, self._waits),
            Track(("control",), self._control, self._stall),
            *(Track((name,), partial(self._ddr, name)) for name in ("ddr_1", "ddr_2")),
            Track(("vector path",), self._path),
        ]
        for number in self._numbers:
            group = f"buffers of PE {number}"
            for name, half in (("weights", 0), ("weights", 1), ("pointers", 0), ("pointers", 1)):
                tracks += [
                    Track((group, f"{name} {half}"), partial(self._half, name, number, half)),
                    Track((group, f"{name} {half} words"), unit="words",
                          count=partial(self._held, name, number, half)),
                ]
        for channel in self._channels:
            tracks += [Track((f"channel {channel}", name), partial(self._makes, channel, name))
                       for name in ("assemble", "elem_mul", "adder_tree")]
        return tracks + [track for pe in self._pes for track in pe.tracks()]

    def cells(self) -> list[Cell]:
        """The state machine first, PEs last."""
        cells = [
            Cell("slot", 16, lambda: self._slot().name), Cell("control", 16, self._control_text),
            *(Cell(name, 5, partial(self._ddr_text, name)) for name in ("ddr_1", "ddr_2")),
            Cell("vectors", 7, self._path_text),
        ]
        for channel in self._channels:
            cells += [Cell(f"ch{channel}.{name}", 8, partial(self._made, channel, name))
                      for name in ("assemble", "elem_mul", "adder_tree")]
        cells += [Cell(f"weights[{n}]", 11, partial(self._halves_text, n)) for n in self._numbers]
        return cells + [cell for pe in self._pes for cell in pe.cells()]

    def _slot(self) -> Shown:
        slot = self._array.slot
        name = slot.name if slot.spmv is None else f"{slot.name} {slot.spmv}"
        return Shown(name, self._now["state_machine"]["slot"],
                     {"time_step": self._array.step})

    def _waits(self) -> Shown | None:
        """Where nothing computes any more, and the slot goes on for what is fetched or stored."""
        array = self._array
        if array.control.active or not all(channel.idle for channel in array.channels):
            return None
        now = self._now["state_machine"]
        held = [what for signal, what in _WAITS.items() if now[signal]]
        return Shown(f"stall: waits for {held[0]}", now["slot"]) if held else None

    def _control(self) -> Shown | None:
        doing, name = self._array.control.doing, self._array.slot.spmv or ""
        if not doing:
            return None
        return Shown(doing.replace("_", " "), name, {"matrix": name})

    def _stall(self) -> Shown | None:
        now = self._now["control"]
        if now["fetch_wait"]:
            return Shown("stall: weights have not arrived")
        if not now["blocked"]:
            return None
        return Shown("stall: queue full", notes={"culprit_pe": self._culprits()})

    def _culprits(self) -> str:
        """PE numbers whose queues are full: the same in every channel."""
        pes = self._array.channels[0].pes
        return ",".join(str(index) for index, pe in enumerate(pes) if pe.act_queue.full)

    def _control_text(self) -> str:
        now, control = self._now["control"], self._array.control
        if now["broadcast"]:
            return f"send {now['column']}"
        if now["blocked"]:
            return f"blocked by PE {self._culprits()}"
        return control.doing.replace("_", " ") or "."

    def _ddr(self, name: str) -> Shown | None:
        text = self._ddr_text(name)
        return None if text == "." else Shown(text)

    def _ddr_text(self, name: str) -> str:
        now = self._now[name]
        states = {"transfer": "word", "pause": "pause", "waits": "wait"}
        return next((text for signal, text in states.items() if now[signal]), ".")

    def _path(self) -> Shown | None:
        now = self._now["vector_path"]
        return Shown("pass" if now["pass"] else "wait for a word") if now["busy"] else None

    def _path_text(self) -> str:
        now = self._now["vector_path"]
        if not now["busy"]:
            return "."
        return str(now["element"]) if now["pass"] else "wait"

    def _held(self, name: str, number: int, half: int) -> int:
        buffers = self._array.weights if name == "weights" else self._array.pointers
        return buffers[number].held(half)

    def _half(self, name: str, number: int, half: int) -> Shown | None:
        """The half in front is read while a matrix is multiplied; the other one may be filled."""
        buffers = self._array.weights if name == "weights" else self._array.pointers
        if half == buffers[number].back:
            return Shown("fill") if self._held(name, number, half) else None
        return Shown("read", self._array.slot.spmv) if self._array.control.active else None

    def _halves_text(self, number: int) -> str:
        read = 1 - self._array.weights[number].back
        return "/".join(f"{self._held('weights', number, half)}{'*' if half == read else ''}"
                        for half in range(2))

    def _makes(self, channel: int, name: str) -> Shown | None:
        made = self._made(channel, name)
        return None if made == "." else Shown(made)

    def _made(self, channel: int, name: str) -> str:
        return self._array.channels[channel].units()[name].making or "."
