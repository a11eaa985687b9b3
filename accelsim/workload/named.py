"""What a name of work stands for, decided in one place for commands, studies and Python.

=====================  ===========================================================================
``alex-7``             a published layer
``google-lstm``        a published recurrent layer
``random:...``         drawn by its name: `accelsim.workload.drawn`
``traces/silero-lstm`` a recurrent folder: `accelsim.workload.recurrent_folder`
a data folder          of the EIE authors' simulator: `accelsim.workload.eie_simulator`
``net.onnx``           a file of layers
=====================  ===========================================================================

``PLACE:LAYER`` is one layer of a folder or a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from accelsim.errors import InputError, nearest, printable
from accelsim.shipped import located
from accelsim.workload.array_files import ENDINGS as ARRAY_ENDINGS
from accelsim.workload.array_files import ending_of
from accelsim.workload.drawn import PREFIX, Drawn, parse_drawn
from accelsim.workload.eie_simulator import is_eie_simulator
from accelsim.workload.graph_networks import network_names
from accelsim.workload.published import published_layers
from accelsim.workload.published_lstm import RECURRENT
from accelsim.workload.recurrent_folder import is_recurrent_folder

ENDINGS = (*ARRAY_ENDINGS, ".onnx")
"""Of files of layers."""

_FOLDERS = ("a recurrent folder has dense.safetensors and speech.safetensors, a data folder of the "
           "EIE authors' simulator has act.dat, arithm.dat, ptr and spm")
_MAX_LISTED = 8

Kind = Literal["published", "published recurrent", "drawn", "recurrent folder", "eie-simulator",
               "file"]


@dataclass(frozen=True)
class Named:
    """One name.

    Attributes
    ----------
    text : the name; of drawn work its one spelling
    path : of the kinds "recurrent folder", "eie-simulator" and "file"
    layer : behind the colon
    drawn : of the kind "drawn"
    """

    text: str
    kind: Kind
    path: Path | None = None
    layer: str | None = None
    drawn: Drawn | None = None

    @property
    def is_recurrent(self) -> bool:
        """Whether it is run on an utterance of its own."""
        return (self.kind in ("published recurrent", "recurrent folder")
                or (self.drawn is not None and self.drawn.is_recurrent))

    def layer_names(self, given: list[str] | None = None) -> list[str] | None:
        """The layers that are asked for, behind the colon or beside the name; None for all.

        Raises
        ------
        InputError
            If both are given.
        """
        if self.layer is not None and given:
            raise InputError(f"{self.text}: names a layer, and so does '{given[0]}'; leave one out")
        return [self.layer] if self.layer is not None else given or None


def named(text: str, folder: Path = Path()) -> Named:
    """What a name stands for; a file is not opened.

    Parameters
    ----------
    folder : where relative paths start

    Raises
    ------
    InputError
        If nothing is called so, or the folder is of no kind that is known; says what there is.
    """
    if text in published_layers():
        return Named(text, "published")
    if text in RECURRENT:
        return Named(text, "published recurrent")
    if text.startswith(PREFIX):
        drawn = parse_drawn(text)
        return Named(drawn.name, "drawn", drawn=drawn)
    path, layer = _place(text, folder)
    if not path.is_dir():
        if path.suffix.lower() == ".net":
            raise InputError(_network(text))
        return Named(text, "file", path, layer)
    if is_recurrent_folder(path):
        return Named(text, "recurrent folder", path, layer)
    if is_eie_simulator(path):
        return Named(text, "eie-simulator", path, layer)
    raise InputError(f"{printable(str(path))}: a folder without layers: {_FOLDERS}"
                     f"{_files_in(path)}")


def _place(text: str, folder: Path) -> tuple[Path, str | None]:
    """A path that is there, and the layer behind its colon; both may hold colons themselves."""
    place, layer, colon = text, None, ":"
    while colon:
        try:
            if (folder / place).exists():
                return folder / place, layer
            if (shipped := located(place)).exists():
                return shipped, layer
        except (OSError, ValueError) as problem:  # too long, no permission, a zero byte
            reason = getattr(problem, "strerror", None) or str(problem)
            raise InputError(f"{printable(text)}: cannot be read: {reason}; check the path"
                             ) from None
        place, colon, behind = place.rpartition(":")
        layer = behind if layer is None else f"{behind}:{layer}"
    if text in network_names():
        raise InputError(_network(text))
    hint = nearest(text, [*published_layers(), *RECURRENT])
    raise InputError(f"{printable(text)}: no such file or published layer{hint}")


def _network(text: str) -> str:
    return (f"{printable(text)}: a network, which `accelsim simulate` and `accelsim layers` take; "
            f"here a layer is needed")


def _files_in(path: Path) -> str:
    """The files of a folder that can be named themselves."""
    try:
        files = sorted(str(file) for file in path.iterdir() if ending_of(file, ENDINGS))
    except OSError:
        return ""
    more = f" and {len(files) - _MAX_LISTED} more" if len(files) > _MAX_LISTED else ""
    shown = ", ".join(map(printable, files[:_MAX_LISTED]))
    return f"; name a file in it: {shown}{more}" if files else ""
