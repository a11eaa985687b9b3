"""Networks in the layout that Deep Compression's authors published SqueezeNet in, ``.net``.

Little-endian: for each layer a uint32, its stored entries; then layer after layer the codebook (256
float32, the first 0.0), the biases (float32, one an output channel), the codes (a byte an entry),
and the zero runs (4 bits an entry, two a byte, the low half first). An entry stands at the sum of
all runs before it and its own, plus the number of entries before it, in the flattened (out, in,
kernel rows, kernel columns) weights; one of code 0 only carries its run on. The file says neither
names nor shapes: those are the graph's.

Source: the file itself and its decoder, public as songhan/SqueezeNet-Deep-Compression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelsim.workload.entries import fault, reading

_CODES = 256
_INDEX_BITS = 4
_MAX_FILE_BYTES = 1 << 30


@dataclass(frozen=True, eq=False)
class StoredLayer:
    """A layer as it is stored.

    Attributes
    ----------
    codes : (out, in, kernel rows, kernel columns) uint8; 0 where there is no weight
    codebook : (256,) float32, entry 0 is 0.0
    bias : (out,) float32
    n_entries, n_padding : stored entries, and those of them that carry a run on
    """

    codes: npt.NDArray[np.uint8]
    codebook: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    n_entries: int
    n_padding: int


def read_net(path: Path, shapes: Sequence[tuple[int, ...]]) -> list[StoredLayer]:
    """The layers of a file, whose weights have these (out, in, rows, columns) shapes.

    Raises
    ------
    FormatError
        If the file is unreadable or shorter or longer than its counts say, an entry lies outside
        of its layer, or the codebook's first value is not 0.
    """
    with reading(path):
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise fault(f"{path}: larger than 1 GiB; a .net file holds a compressed network")
        data = path.read_bytes()
    head = 4 * len(shapes)
    if len(data) < head:
        raise fault(f"{path}: holds {len(data)} bytes; the counts of {len(shapes)} layers alone "
                    f"take {head}; copy the whole file")
    counts = np.frombuffer(data, "<u4", len(shapes)).tolist()
    sizes = [4 * _CODES + 4 * shape[0] + n + (n + 1) // 2
             for shape, n in zip(shapes, counts, strict=True)]
    if head + sum(sizes) != len(data):
        raise fault(f"{path}: holds {len(data)} bytes, but its counts of {len(shapes)} layers say "
                    f"{head + sum(sizes)}; copy the whole file, or name the network that it is of")
    found, at = [], head
    for number, (shape, n, size) in enumerate(zip(shapes, counts, sizes, strict=True)):
        found.append(_layer(f"{path}: layer {number}", data[at:at + size], shape, n))
        at += size
    return found


def _layer(where: str, data: bytes, shape: tuple[int, ...], n: int) -> StoredLayer:
    codebook = np.frombuffer(data, "<f4", _CODES).astype(np.float32)
    bias = np.frombuffer(data, "<f4", shape[0], 4 * _CODES).astype(np.float32)
    if codebook[0] != 0 or not (np.isfinite(codebook).all() and np.isfinite(bias).all()):
        raise fault(f"{where}: the codebook does not start with 0.0, or holds NaN or infinity; "
                    f"it is damaged or of another network")
    start = 4 * (_CODES + shape[0])
    codes = np.frombuffer(data, np.uint8, n, start)
    packed = np.frombuffer(data, np.uint8, (n + 1) // 2, start + n)
    runs = np.empty(2 * len(packed), np.int64)
    runs[0::2], runs[1::2] = packed & 15, packed >> _INDEX_BITS
    places = np.cumsum(runs[:n] + 1) - 1
    size = prod(shape)
    if n and places[-1] >= size:
        raise fault(f"{where}: an entry stands at {int(places[-1])}, beyond the {size} weights of "
                    f"{' x '.join(map(str, shape))}; it is damaged or of another network")
    flat = np.zeros(size, np.uint8)
    flat[places] = codes
    return StoredLayer(flat.reshape(shape), codebook, bias, n, int((codes == 0).sum()))
