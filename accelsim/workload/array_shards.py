"""A checkpoint in several safetensors files beside an index, as Hugging Face saves large ones.

``model.safetensors.index.json`` holds ``weight_map``: the name of each array and the file beside
the index that has it. The order of arrays is the index's, which is sorted as in one file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from accelsim.workload.arrays import ArrayInfo, SafetensorsFile
from accelsim.workload.entries import fault, reading

ENDING = ".safetensors.index.json"
_MOST_BYTES = 64 << 20  # of an index; a thousand arrays take about 100 kB


class ShardedFile:
    """The arrays of all files that an index names.

    Raises
    ------
    FormatError
        If the index is damaged, or a file that it names is missing or has not the arrays.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        places = _places(path)
        shards: dict[str, SafetensorsFile] = {}
        arrays: dict[str, ArrayInfo] = {}
        for name, file in places.items():
            if file not in shards:
                with reading(path):
                    there = (path.parent / file).exists()
                if not there:
                    raise fault(f"{path}: names {file}, which is not beside it; copy all of its "
                                f"files into one folder")
                shards[file] = SafetensorsFile(path.parent / file)
            if name not in shards[file].arrays:
                raise fault(f"{path}: {name} is not in {file}; copy the checkpoint again")
            arrays[name] = shards[file].arrays[name]
        for file, shard in shards.items():
            more = [name for name in shard.arrays if places.get(name) != file]
            if more:
                raise fault(f"{path}: {file} holds {more[0]}, which the index does not place "
                            f"there; copy the checkpoint again")
        self.arrays: Mapping[str, ArrayInfo] = arrays
        self.metadata: Mapping[str, str] = {}
        self._shards, self._places = shards, places

    def read(self, name: str) -> npt.NDArray[Any]:
        """One array."""
        return self._shards[self._places[name]].read(name)

    def home(self, name: str) -> Path:
        """The file that an array lies in."""
        return self._shards[self._places[name]].path


def _places(path: Path) -> dict[str, str]:
    """Array to file name."""
    with reading(path, ValueError, RecursionError):
        if path.stat().st_size > _MOST_BYTES:
            raise fault(f"{path}: larger than {_MOST_BYTES} bytes; no index of a checkpoint")
        index = json.loads(path.read_text("utf-8-sig"))
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict) or not places:
        raise fault(f"{path}: has no weight_map, which says where each array lies; copy the "
                    f"checkpoint's index again")
    for name, file in places.items():
        if not isinstance(file, str) or Path(file).name != file or "\0" in file:
            raise fault(f"{path}: {name} is said to lie in {file!r}; need the name of a file "
                        f"beside the index")
    return dict(places)
