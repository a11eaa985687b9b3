"""What a file of layers offers, and picking one of it by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError, InputError, nearest, printable
from accelsim.records import Layer

MAX_ARRAY_BYTES = 4 << 30
"""Largest array that is read from a file; AlexNet's fc6 takes 151 MB in float32."""

_MAX_LISTED = 20
_DAMAGED = "the file is damaged or incomplete; make or copy it again"


@dataclass(frozen=True)
class LayerEntry:
    """One layer in a file, known by its header alone.

    Attributes
    ----------
    name : unique in the file
    aliases : other names by which it may be asked for, such as the array's own name
    n_outputs, n_inputs : shape of the weights
    kind : where the weights come from: "array", "codes", "Gemm", "LSTM" ...
    load : reads the arrays and makes the `Layer`
    """

    name: str
    n_outputs: int
    n_inputs: int
    kind: str
    has_bias: bool
    load: Callable[[], Layer]
    aliases: tuple[str, ...] = ()

    @property
    def printable(self) -> str:
        """The name as it goes into messages: no control characters, no line ends."""
        return printable(self.name)

    def __str__(self) -> str:
        return f"{self.printable} ({self.n_outputs} x {self.n_inputs})"


@dataclass(frozen=True)
class Skipped:
    """Weights of a file that are not taken as a layer, and why: never left out without a word.

    ``kind`` is the node's operator or "array"; ``shape`` of the weights, where it is known.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    reason: str

    def __str__(self) -> str:
        return printable(" ".join([self.name, f"({self.kind}"] + (
            [" x ".join(map(str, self.shape))] if self.shape else []))) + ")"


@dataclass(frozen=True)
class Contents:
    """What a file holds: the layers that can be read, and the weights that are skipped.

    ``ordered`` is whether the layers stand in an order that the file itself says.
    """

    layers: tuple[LayerEntry, ...]
    skipped: tuple[Skipped, ...] = ()
    ordered: bool = True


def pick(
    path: Path, entries: Sequence[LayerEntry], name: str | None, skipped: Sequence[Skipped] = ()
) -> LayerEntry:
    """The entry of that name or alias; the only one where no name is given.

    Raises
    ------
    InputError
        If the name is unknown, or missing where there are several layers; lists the layers.
    FormatError
        If it is that of something skipped, or everything is; says why.
    """
    known = any(name == entry.name or name in entry.aliases for entry in entries)
    for left_out in skipped:
        own = (left_out.name, f"{left_out.name}.weight", left_out.name.removesuffix(".weight"))
        if name in own and not known:
            raise fault(f"{path}: {left_out} is not read as a layer: {left_out.reason}")
    if not entries:
        if skipped:
            first = skipped[0]
            more = f" (and {len(skipped) - 1} more are skipped)" if len(skipped) > 1 else ""
            raise fault(f"{path}: no layer found; {first} is skipped: {first.reason}{more}")
        raise InputError(f"{path}: no layer found; need a 2-D float array or an ONNX Gemm, MatMul, "
                         f"Conv, LSTM or GRU with constant weights")
    if name is None:
        if len(entries) > 1:
            raise InputError(f"{path}: holds {len(entries)} layers; name one (--layer): "
                             f"{_listing(entries)}")
        return entries[0]
    for entry in entries:
        if entry.name == name:
            return entry
    by_alias = [entry for entry in entries if name in entry.aliases]
    if len(by_alias) == 1:
        return by_alias[0]
    what = "several layers" if by_alias else "no layer"
    # Without a name close by, `nearest` would list the names; the listing below has them already.
    hint = nearest(name, [entry.printable for entry in entries])
    hint = hint if "did you mean" in hint else ""
    raise InputError(f"{path}: {what} '{printable(name)}'{hint}; layers: "
                     f"{_listing(by_alias or entries)}")


def _listing(entries: Sequence[LayerEntry]) -> str:
    text = ", ".join(str(entry) for entry in entries[:_MAX_LISTED])
    left = len(entries) - _MAX_LISTED
    return f"{text} and {left} more" if left > 0 else text


def check_size(
    path: Path, name: str, shape: Sequence[int], dtype: npt.DTypeLike, available: int | None = None
) -> int:
    """Bytes of an array by its header, checked before anything is allocated.

    Raises
    ------
    FormatError
        If a dimension is negative, or the array is beyond `MAX_ARRAY_BYTES` or what is stored.
    """
    size = np.dtype(dtype).itemsize
    for n in shape:
        if n < 0:
            raise fault(f"{path}: {name}: negative dimension in shape {tuple(shape)}; "
                              f"{_DAMAGED}")
        size *= int(n)
    if size > MAX_ARRAY_BYTES:
        raise fault(f"{path}: {name}: shape {tuple(shape)} takes {size} bytes; the largest "
                          f"array read is {MAX_ARRAY_BYTES}; cut the layer into parts")
    if available is not None and size != available:
        raise fault(f"{path}: {name}: shape {tuple(shape)} needs {size} bytes, the file "
                          f"stores {available}; {_DAMAGED}")
    return size


@contextmanager
def reading(path: Path, *damage: type[Exception]) -> Iterator[None]:
    """Turn a reader's own exceptions into one line that names the file and the remedy."""
    try:
        yield
    except FormatError:
        raise
    except InputError as problem:
        raise fault(f"{path}: {problem}") from None
    except OSError as problem:
        reason = problem.strerror or one_line(problem).removesuffix(f": {path}")
        raise FormatError(f"{path}: cannot be read: {reason}; check the path") from None
    except damage as problem:
        raise FormatError(f"{path}: {_instead(path) or f'{one_line(problem)}; {_DAMAGED}'}"
                          ) from None


def _instead(path: Path) -> str | None:
    """What often lies where a file of weights should, with the remedy; None for anything else."""
    with path.open("rb") as file:
        begin = file.read(512).lstrip().lower()
    if not begin:
        return "is empty; make or copy it again"
    if begin.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS, not the file itself; fetch that with 'git lfs pull'"
    if begin.startswith((b"<!doctype html", b"<html")):
        return "is a web page, not the file itself; download that again"
    return None


def fault(text: str) -> FormatError:
    """A `FormatError` on one line, whatever the names in the file are made of."""
    return FormatError(printable(text))


def one_line(problem: BaseException) -> str:
    """An exception's text on one line, cut to a readable length."""
    text = printable(" ".join(str(problem).split())) or type(problem).__name__
    return text if len(text) <= 160 else text[:157] + "..."


def file_sha256(path: Path) -> str:
    """The file's digest, for a layer's provenance."""
    with reading(path):
        state = path.stat()
    return _digest(path, state.st_ino, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _digest(path: Path, *_state: int) -> str:
    """Computed once for all layers of a file that stays as it is."""
    with reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
