"""The recurrent layers of a file of any kind that is read."""

from __future__ import annotations

from pathlib import Path

from accelsim.shipped import located
from accelsim.workload.array_files import is_array_file
from accelsim.workload.cells.arrays import array_cells
from accelsim.workload.cells.contents import RecurrentContents
from accelsim.workload.cells.onnx import onnx_cells


def recurrent_contents(path: str | Path) -> RecurrentContents:
    """The recurrent layers of an ONNX, npz or safetensors file; nothing of any other.

    Raises
    ------
    InputError
        If the extra `onnx` is not installed.
    FormatError
        If the file is damaged.
    """
    file = located(path)
    if not file.is_file():
        return RecurrentContents()
    if file.suffix.lower() == ".onnx":
        return onnx_cells(file)
    if is_array_file(file):
        return array_cells(file)
    return RecurrentContents()
