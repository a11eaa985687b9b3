"""Layers by name: one of the published nine, or a layer of an npz, safetensors or ONNX file."""

from __future__ import annotations

from pathlib import Path

from accelsim.errors import FormatError, InputError, nearest
from accelsim.records import Layer
from accelsim.shipped import located
from accelsim.workload.array_layers import array_contents
from accelsim.workload.arrays import ARRAY_FILES
from accelsim.workload.entries import Contents, LayerEntry, pick, reading
from accelsim.workload.onnx_layers import onnx_contents
from accelsim.workload.published import published_layers, synthetic_layer

ENDINGS = (*ARRAY_FILES, ".onnx")


def load_layer(source: str | Path, name: str | None = None, seed: int = 1) -> Layer:
    """A published benchmark layer, or one layer of a file.

    Parameters
    ----------
    source : a published name (``"alex-7"``) or the path of an npz, safetensors or ONNX file
    name : which layer of the file; may be left out where there is only one
    seed : of a published layer's random numbers

    Raises
    ------
    InputError
        If the name is unknown or missing; lists the layers there are.
    FormatError
        If the file is damaged, unreadable or of another kind.
    """
    if isinstance(source, str) and source in published_layers():
        if name is not None:
            raise InputError(f"{source} is one layer; leave out name={name!r}")
        return synthetic_layer(source, seed)
    path = located(source)
    return pick(path, list_layers(path), name).load()


def list_layers(path: str | Path) -> list[LayerEntry]:
    """The layers of a file, as `file_contents` finds them.

    Raises
    ------
    InputError, FormatError
    """
    return list(file_contents(path).layers)


def file_contents(path: str | Path) -> Contents:
    """The layers of a file and what is skipped, by its headers alone; no array is read.

    ONNX layers come in the order of the graph, others in the natural order of their names.

    Raises
    ------
    InputError
        If there is no such file; names the nearest published layer.
    FormatError
        If the file is damaged, unreadable or of another kind.
    """
    file = located(path)
    with reading(file, ValueError):
        if file.is_dir():
            raise FormatError(f"{file}: is a folder; load_eie_simulator() reads the data folder of "
                              f"the EIE authors' simulator")
        there = file.exists()
    if not there:
        hint = nearest(str(path), published_layers())
        raise InputError(f"{path}: no such file or published layer{hint}")
    if file.suffix.lower() == ".onnx":
        return onnx_contents(file)
    if file.suffix.lower() in ARRAY_FILES:
        return array_contents(file)
    raise FormatError(f"{file}: need a file ending in {', '.join(ENDINGS)}")
