"""Layers among named arrays: which array is a weight matrix, and which bias belongs to it.

* A 2-D float array is the weights of a layer, (outputs, inputs). Its bias is the 1-D array beside
  it: ``X.bias``, ``X_bias`` or the weight's own name with ``bias`` in place of ``weight``. The
  layer ``fc1.weight`` is called ``fc1``; both names find it.
* ``X.codes`` (uint8, 2-D) with ``X.codebook`` (1-D float) is a layer ``X`` with shared weights
  ``codebook[codes]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.records import Layer
from accelsim.workload.arrays import ArrayFile, open_arrays
from accelsim.workload.entries import Contents, LayerEntry, check_size, fault, file_sha256, reading

_WEIGHT_ENDINGS = (".weight", "_weight", ".weights", "_weights", ".codes", "_codes")


def array_contents(path: Path) -> Contents:
    """The layers of an npz or safetensors file, in the natural order of their names (2 before 10).

    Raises
    ------
    FormatError
        If the file is damaged, or codes have no codebook.
    """
    file = open_arrays(path)
    weights = list(_weight_arrays(file))
    stems = [_stem(array) for array, _ in weights]
    entries = []
    for (array, kind), stem in zip(weights, stems, strict=True):
        # fc1.weight and fc1.codes side by side: both keep their full names.
        name = stem if stems.count(stem) == 1 else array
        n_outputs, n_inputs = file.arrays[array].shape
        bias = _bias_of(file, array, stem, n_outputs)
        entries.append(
            LayerEntry(
                name=name, n_outputs=n_outputs, n_inputs=n_inputs, kind=kind,
                has_bias=bias is not None, aliases=(array,),
                load=_Loader(file, name, array, stem, bias),
            )
        )
    entries.sort(key=lambda entry: natural(entry.name))
    return Contents(tuple(entries))


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key by which fc2 stands before fc10."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+|[0-9]", name)
    return [(int(p), "") if p[0] in "0123456789" else (-1, p) for p in parts]


def _stem(array: str) -> str:
    for ending in _WEIGHT_ENDINGS:
        if array.endswith(ending) and len(array) > len(ending):
            return array.removesuffix(ending)
    return array


def _weight_arrays(file: ArrayFile) -> Iterator[tuple[str, str]]:
    for name, info in file.arrays.items():
        if len(info.shape) != 2 or 0 in info.shape:
            continue
        if info.is_float:
            yield name, "array"
        elif name.endswith((".codes", "_codes")) and info.dtype == np.uint8:
            if f"{_stem(name)}{name[-6]}codebook" not in file.arrays:
                raise fault(f"{file.path}: {name} has no codebook; store it beside the codes "
                                  f"as {_stem(name)}{name[-6]}codebook")
            yield name, "codes"


def _bias_of(file: ArrayFile, array: str, stem: str, n_outputs: int) -> str | None:
    candidates = [f"{stem}.bias", f"{stem}_bias"]
    if "weight" in array:
        candidates.append("bias".join(array.rsplit("weight", 1)))
    for bias in candidates:
        if bias in file.arrays:
            info = file.arrays[bias]
            if info.shape != (n_outputs,) or not info.is_float:
                raise fault(
                    f"{file.path}: {bias} is {info.stored} of shape {info.shape}; the bias of "
                    f"{array} must be float of shape ({n_outputs},)"
                )
            return bias
    return None


class _Loader:
    """Reads one layer when it is called."""

    def __init__(
        self, file: ArrayFile, name: str, array: str, stem: str, bias: str | None
    ) -> None:
        self.file, self.name, self.array, self.stem, self.bias = file, name, array, stem, bias

    def __call__(self) -> Layer:
        path = self.file.path
        weights = self.file.read(self.array)
        if weights.dtype.kind != "f":
            weights = self._decode(weights)
        provenance = {
            "source": path.name, "sha256": file_sha256(path), "array": self.array,
            **{key: value for key, value in self.file.metadata.items() if key == "provenance"},
        }
        with reading(path):
            return Layer(
                weights=weights,
                bias=None if self.bias is None else self.file.read(self.bias),
                name=self.name,
                provenance=provenance,
            )

    def _decode(self, codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
        path = self.file.path
        codebook = self.file.read(f"{self.stem}{self.array[-6]}codebook")
        if codebook.ndim != 1 or codebook.dtype.kind != "f" or len(codebook) > 256:
            raise fault(f"{path}: the codebook of {self.array} is {codebook.dtype} of shape "
                              f"{codebook.shape}; need a 1-D float array of at most 256")
        if int(codes.max()) >= len(codebook):
            raise fault(f"{path}: {self.array} holds code {int(codes.max())}; the codebook "
                              f"has {len(codebook)} entries")
        check_size(path, self.array, codes.shape, codebook.dtype)
        shared: npt.NDArray[Any] = codebook[codes]
        return shared
