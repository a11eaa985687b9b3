"""Layers among named arrays: which array is a weight matrix, and which bias belongs to it.

* A 2-D float array is the weights of a layer, (outputs, inputs). Its bias is the 1-D array beside
  it: ``X.bias``, ``X_bias`` or the weight's own name with ``bias`` in place of ``weight``; ``b1``
  belongs to ``W1``. The layer ``fc1.weight`` is called ``fc1``; both names find it.
* ``X/kernel`` of Keras and Flax is (inputs, outputs), and is turned around; so is Conv1D of GPT-2
  (`array_turned`).
* ``X.codes`` (uint8, 2-D) with ``X.codebook`` (1-D float) is a layer ``X`` with shared weights
  ``codebook[codes]``.
* Sets of arrays that are one matrix: `reparametrised`, `quantised_sets`, `sparse_sets`.

Whatever is not taken is listed as skipped, with the reason (`array_skips`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError
from accelsim.records import Layer
from accelsim.workload import quantised_sets, reparametrised, sparse_sets
from accelsim.workload.array_files import open_arrays
from accelsim.workload.array_sets import (
    Found,
    Refusal,
    Rule,
    WeightSet,
    matrix_shape,
    ones_and_zeros,
    present,
)
from accelsim.workload.array_skips import by_name, skipped
from accelsim.workload.array_turned import CONV1D, turned_words, word_of
from accelsim.workload.arrays import ArrayFile, NpzFile
from accelsim.workload.entries import (
    Contents,
    LayerEntry,
    Skipped,
    check_size,
    fault,
    file_sha256,
    reading,
)

_WEIGHT_ENDINGS = (".weight", "_weight", ".weights", "_weights", ".codes", "_codes", "/weight",
                   "/kernel", ".kernel", "_kernel", "/kernel:0", ".base_layer.weight")
_RULES: tuple[Rule, ...] = (
    reparametrised.pruned_or_spectral, reparametrised.weight_norm, reparametrised.parametrised,
    quantised_sets.refused_layout, quantised_sets.scaled, quantised_sets.packed,
    quantised_sets.unnamed_scale,
    sparse_sets.scipy_set, sparse_sets.torch_set, sparse_sets.bitmask_set,
)


def array_contents(path: Path) -> Contents:
    """The layers of an npz or safetensors file, and what is skipped.

    npz keeps the order in which arrays were saved, and so do the layers. safetensors sorts arrays
    when it saves; there they come in the natural order of their names (2 before 10), which is
    nobody's, and ``ordered`` is false.

    Raises
    ------
    FormatError
        If the file is damaged, or codes have no codebook.
    """
    file = open_arrays(path)
    ordered = isinstance(file, NpzFile)
    found = list(_found(file))
    sets = [each for each in found if isinstance(each, WeightSet)]
    stems = [_stem(each.logical) for each in sets]
    entries, left = [], []
    for each, stem in zip(sets, stems, strict=True):
        # fc1.weight and fc1.codes side by side: both keep their full names.
        name = stem if stems.count(stem) == 1 else each.members[0]
        try:
            entries.append(_entry(file, each, name, stem))
        except _BiasError as problem:
            left.append(Skipped(name, each.kind, each.shape, str(problem)))
    left += [Skipped(_stem(each.logical), each.kind, each.shape, each.reason)
             for each in found if isinstance(each, Refusal)]
    taken = {name for each in found for name in each.members}
    for logical in (each.logical for each in found):  # a bias goes with its weights, taken or not
        for bias in _bias_names(logical, _stem(logical)):
            taken |= set(present(file, bias, f"{bias}_orig", f"{bias}_mask"))
    left += [skipped(file, name) for name in file.arrays if name not in taken]
    if not ordered:
        entries.sort(key=lambda entry: natural(entry.name))
    return Contents(tuple(entries), tuple(left), ordered)


class _BiasError(FormatError):
    """A bias that is there and does not fit: the layer is not read without it."""


def _entry(file: ArrayFile, weights: WeightSet, name: str, stem: str) -> LayerEntry:
    bias = _bias_of(file, weights, stem)
    return LayerEntry(
        name=name, n_outputs=weights.shape[0], n_inputs=weights.shape[1], kind=weights.kind,
        has_bias=bool(bias), load=_Loader(file, name, weights, bias),
        aliases=tuple(dict.fromkeys((weights.members[0], weights.logical))),
    )


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key by which fc2 stands before fc10."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+|[0-9]", name)
    return [(int(p), "") if p[0] in "0123456789" else (-1, p) for p in parts]


def _stem(array: str) -> str:
    for ending in sorted(_WEIGHT_ENDINGS, key=len, reverse=True):
        if array.endswith(ending) and len(array) > len(ending):
            return array.removesuffix(ending)
    return array


def _found(file: ArrayFile) -> Iterator[Found]:
    """Every set of arrays, in the order of their main arrays in the file."""
    sets: dict[str, Found] = {}
    taken: set[str] = set()
    for name in file.arrays:
        for rule in _RULES:
            each = rule(file, name)
            if each is not None and not taken & set(each.members):
                sets[name] = each
                taken |= set(each.members)
                break
    turned = turned_words(file)
    adapted = {n[: n.index("lora_")] for n in file.arrays if "lora_" in n}
    for name in file.arrays:
        each = sets.get(name)
        if each is None and name not in taken:
            each = _single(file, name, adapted, turned)
        if each is not None:
            yield each


def _single(
    file: ArrayFile, name: str, adapted: set[str], turned: frozenset[str]
) -> Found | None:
    """One array that is a layer's weights by itself."""
    shape = matrix_shape(file, name)
    if shape is None:
        return _coded(file, name)
    if by_name(name) is not None:
        return None
    base = name.removesuffix("weight").removesuffix("base_layer.")
    if base != name and base in adapted:
        return Refusal(name, (name,), shape, "adapter", "has LoRA factors beside it; merge them "
                       "(merge_and_unload) and save again")
    if re.search(r"(^|[._/]|_)kernel(:0)?$", name):
        return WeightSet(name, (name,), (shape[1], shape[0]), "kernel",
                         partial(_turned, file, name))
    word = word_of(name)
    if word in turned & CONV1D:
        return WeightSet(name, (name,), (shape[1], shape[0]), "Conv1D",
                         partial(_turned, file, name))
    if word in turned and shape[0] == shape[1]:
        return Refusal(name, (name,), shape, "array", f"square, and others called {word} are "
                       f"stored as (inputs, outputs); turn them around")
    masks = present(file, *(f"{name.removesuffix('weight')}{m}" for m in ("mask", "weight_mask")))
    if name.endswith("weight") and masks and file.arrays[masks[0]].shape == shape:
        return WeightSet(name, (name, masks[0]), shape, "array",
                         partial(_already_masked, file, name, masks[0]))
    return WeightSet(name, (name,), shape, "array", partial(file.read, name))


def _coded(file: ArrayFile, name: str) -> Found | None:
    info = file.arrays[name]
    if not name.endswith((".codes", "_codes")) or info.dtype != np.uint8 or (
            len(info.shape) != 2 or 0 in info.shape):
        return None
    codebook = f"{_stem(name)}{name[-6]}codebook"
    if codebook not in file.arrays:
        raise fault(f"{file.path}: {name} has no codebook; store it beside the codes as {codebook}")
    return WeightSet(name, (name, codebook), (info.shape[0], info.shape[1]), "codes",
                     partial(_decoded, file, name, codebook))


def _bias_names(logical: str, stem: str) -> Iterator[str]:
    yield from (f"{stem}.bias", f"{stem}_bias", f"{stem}/bias", f"{stem}/bias:0")
    for word, other in (("weight", "bias"), ("kernel", "bias")):
        if word in logical:
            yield other.join(logical.rsplit(word, 1))
    letter = re.fullmatch(r"(|.*[._/])([wW])(\d*)", logical)
    if letter is not None:
        before, w, number = letter.groups()
        yield f"{before}{'b' if w == 'w' else 'B'}{number}"
        yield f"{before}b{number}"


def _bias_of(file: ArrayFile, weights: WeightSet, stem: str) -> tuple[str, ...]:
    """The bias, and its mask where it is pruned; empty where there is none."""
    n_outputs, n_inputs = weights.shape
    for bias in dict.fromkeys(_bias_names(weights.logical, stem)):
        parts = present(file, bias) or present(file, f"{bias}_orig", f"{bias}_mask")
        if not parts:
            continue
        info = file.arrays[parts[0]]
        if info.shape != (n_outputs,) or not info.is_float:
            turned = "; the weights look stored as (inputs, outputs), turn them around" if (
                info.shape == (n_inputs,)) else ""
            raise _BiasError(
                f"{parts[0]} is {info.stored} of shape {info.shape}; the bias of "
                f"{weights.members[0]} must be float of shape ({n_outputs},){turned}"
            )
        if parts[0] != bias and len(parts) != 2:
            raise _BiasError(f"{parts[0]} stands alone; need {bias}_orig and {bias}_mask")
        return parts
    return ()


class _Loader:
    """Reads one layer when it is called."""

    def __init__(
        self, file: ArrayFile, name: str, weights: WeightSet, bias: tuple[str, ...]
    ) -> None:
        self.file, self.name, self.weights, self.bias = file, name, weights, bias

    def __call__(self) -> Layer:
        path, members = self.file.path, self.weights.members
        home = self.file.home(members[0])
        with reading(path, ValueError, IndexError, TypeError), np.errstate(all="ignore"):
            weights = self.weights.read()
        provenance = {
            "source": home.name, "sha256": file_sha256(home), "array": members[0],
            **({"arrays": list(members)} if len(members) > 1 else {}),
            **{key: value for key, value in self.file.metadata.items() if key == "provenance"},
        }
        with reading(path):
            return Layer(weights=weights, bias=self._bias(), name=self.name, provenance=provenance)

    def _bias(self) -> npt.NDArray[Any] | None:
        if not self.bias:
            return None
        values = self.file.read(self.bias[0])
        if len(self.bias) == 1:
            return values
        mask = ones_and_zeros(self.file, self.bias[1])
        if mask.shape != values.shape:
            raise fault(f"{self.file.path}: {self.bias[1]} has shape {mask.shape}; need "
                        f"{values.shape}")
        return np.where(mask, values, values.dtype.type(0))


def _turned(file: ArrayFile, name: str) -> npt.NDArray[Any]:
    return file.read(name).T


def _already_masked(file: ArrayFile, name: str, mask: str) -> npt.NDArray[Any]:
    """Weights beside a mask that nothing says to apply: right only where it makes no difference."""
    weights, kept = file.read(name), ones_and_zeros(file, mask)
    if weights[~kept].any():
        raise fault(f"{file.path}: {mask} would zero weights of {name} that are not zero; save "
                    f"their product as {name}, or the two as {name}_orig and {name}_mask")
    return weights


def _decoded(file: ArrayFile, array: str, name: str) -> npt.NDArray[Any]:
    path, codes, codebook = file.path, file.read(array), file.read(name)
    if codebook.ndim != 1 or codebook.dtype.kind != "f" or len(codebook) > 256:
        raise fault(f"{path}: the codebook of {array} is {codebook.dtype} of shape "
                    f"{codebook.shape}; need a 1-D float array of at most 256")
    if int(codes.max()) >= len(codebook):
        raise fault(f"{path}: {array} holds code {int(codes.max())}; the codebook "
                    f"has {len(codebook)} entries")
    check_size(path, array, codes.shape, codebook.dtype)
    shared: npt.NDArray[Any] = codebook[codes]
    return shared
