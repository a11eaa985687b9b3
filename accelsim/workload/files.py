"""Layers by name: a published one, a drawn one, or a layer of an npz, safetensors or ONNX file."""

from __future__ import annotations

from pathlib import Path

from accelsim.errors import FormatError, InputError, nearest, printable
from accelsim.records import Layer
from accelsim.shipped import located
from accelsim.workload.array_files import is_array_file, remedy
from accelsim.workload.array_layers import array_contents
from accelsim.workload.entries import Contents, LayerEntry, pick, reading
from accelsim.workload.named import ENDINGS, named
from accelsim.workload.onnx_layers import onnx_contents
from accelsim.workload.published import published_layers, synthetic_layer


def load_layer(source: str | Path, name: str | None = None, seed: int = 1) -> Layer:
    """A published benchmark layer, a drawn one, or one layer of a file.

    Parameters
    ----------
    source : a published name (``"alex-7"``), a shape (``"random:96x64:density=0.5"``, see
        `accelsim.workload.drawn`), or the path of an npz, safetensors or ONNX file, with
        ``":LAYER"`` behind it or without
    name : which layer of the file; may be left out where there is only one
    seed : of a published or drawn layer's random numbers

    Raises
    ------
    InputError
        If the name is unknown or missing; lists the layers there are.
    FormatError
        If the file is damaged, unreadable or of another kind.
    """
    found = named(str(source))
    if found.is_recurrent:
        raise InputError(f"{source}: recurrent, not one layer; 'accelsim simulate' runs it on the "
                         f"machines that take it")
    if found.kind == "published" or found.drawn is not None:
        if name not in (None, found.text):
            raise InputError(f"{source} is one layer; leave out the layer's name, "
                             f"'{printable(name)}'")
        return (synthetic_layer(found.text, seed) if found.drawn is None
                else found.drawn.layer(seed))
    if found.path is None or found.kind != "file":
        raise InputError(f"{source}: is compressed already; load_eie_simulator() reads it, "
                         f"'accelsim simulate' runs it")
    names = found.layer_names(None if name is None else [name])
    contents = file_contents(found.path)
    return pick(found.path, contents.layers, names[0] if names else None, contents.skipped).load()


def list_layers(path: str | Path) -> list[LayerEntry]:
    """The layers of a file, as `file_contents` finds them.

    Raises
    ------
    InputError, FormatError
    """
    return list(file_contents(path).layers)


def file_contents(path: str | Path) -> Contents:
    """The layers of a file and what is skipped, by its headers alone; no array is read.

    Layers come in the order of the file: of the graph in ONNX, as saved in npz. safetensors has no
    order (`Contents.ordered`): there they come in the natural order of their names.

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
            raise FormatError(f"{file}: is a folder, not a file of layers; 'accelsim layers' says "
                              f"what can be named there")
        there = file.exists()
    if not there:
        hint = nearest(str(path), published_layers())
        raise InputError(f"{path}: no such file or published layer{hint}")
    if file.suffix.lower() == ".onnx":
        return onnx_contents(file)
    if is_array_file(file):
        return array_contents(file)
    if file.suffix.lower() == ".npy":
        raise FormatError(f"{file}: one array without a name, which may be inputs (--inputs); save "
                          f"weights, (outputs, inputs), with numpy.savez(FILE, fc1=weights)")
    raise FormatError(f"{file}: need a file ending in {', '.join(ENDINGS)}{remedy(file)}")
