"""Named arrays from npz and safetensors files: headers first, data when asked for, never pickle."""

from __future__ import annotations

import json
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from accelsim.workload.entries import check_size, fault, reading

# A zip member of more than _FREE_BYTES must not claim to unpack to more than _MAX_RATIO times
# its stored size; pruned weights at 1 % density stay below 60.
_MAX_RATIO = 100
_FREE_BYTES = 64 << 20
_ENCRYPTED = 1  # of a zip member's flags
_ZIP_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError,
    KeyError, IndexError, OverflowError, struct.error, SyntaxError, TypeError, MemoryError,
    tokenize.TokenError,  # from NumPy, which retries a bad header as one of Python 2
)
_SAFETENSORS_TYPES = {
    "F16": "<f2", "F32": "<f4", "F64": "<f8", "U8": "u1", "U16": "<u2", "U32": "<u4",
    "U64": "<u8", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "BOOL": "?",
}
# Floats that NumPy does not have, and the integers that hold them; each is a float32 exactly.
_NARROW_FLOATS = {"BF16": "<u2", "F8_E4M3": "u1", "F8_E5M2": "u1"}


@dataclass(frozen=True)
class ArrayInfo:
    """An array's header. ``dtype`` is what `ArrayFile.read` gives: float32 for bfloat16 and 8-bit
    floats, None for a ``stored`` type that is not read."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None
    stored: str

    @property
    def is_float(self) -> bool:
        """Whether it can hold weights."""
        return self.dtype is not None and self.dtype.kind == "f"


class ArrayFile(Protocol):
    """A file of named arrays."""

    path: Path
    arrays: Mapping[str, ArrayInfo]
    metadata: Mapping[str, str]

    def read(self, name: str) -> npt.NDArray[Any]:
        """One array; `FormatError` if the file does not hold what its header says."""
        ...

    def home(self, name: str) -> Path:
        """The file that an array lies in: this one, unless it is an index of others."""
        ...


class NpzFile:
    """NumPy's npz: a zip of npy files. Object arrays (pickles) are refused."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metadata: Mapping[str, str] = {}
        arrays = {}
        with reading(path, *_ZIP_DAMAGE), zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.flag_bits & _ENCRYPTED:
                    raise fault(f"{path}: is encrypted; unpack it, and save the arrays with "
                                f"numpy.savez")
                if member.filename.endswith(".npy"):
                    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                        raise ValueError("compressed by a method that NumPy does not write")
                    with archive.open(member) as stream:
                        shape, _, dtype = self._header(stream)
                        self._check_member(member, shape, dtype, stream.tell())
                    name = member.filename.removesuffix(".npy")
                    arrays[name] = ArrayInfo(shape, dtype, str(dtype))
        self.arrays: Mapping[str, ArrayInfo] = arrays

    def _header(self, stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            header = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            header = np.lib.format.read_array_header_2_0(stream)
        else:
            raise ValueError(f"npy version {version} is not read; save the arrays with numpy.savez")
        shape, fortran, dtype = header
        return shape, fortran, dtype

    def _check_member(
        self, member: zipfile.ZipInfo, shape: tuple[int, ...], dtype: np.dtype[Any], used: int
    ) -> None:
        name = member.filename
        if dtype.hasobject:
            raise fault(f"{self.path}: {name} holds Python objects, which are never loaded; "
                              f"save plain float arrays with numpy.savez")
        size = check_size(self.path, name, shape, dtype, member.file_size - used)
        if size > _FREE_BYTES and size > _MAX_RATIO * member.compress_size:
            raise fault(f"{self.path}: {name} would unpack {member.compress_size} bytes to "
                              f"{size}; if that is meant, save it with numpy.savez, uncompressed")

    def read(self, name: str) -> npt.NDArray[Any]:
        """One array."""
        with (
            reading(self.path, *_ZIP_DAMAGE),
            zipfile.ZipFile(self.path) as archive,
            archive.open(f"{name}.npy") as stream,
        ):
            shape, fortran, dtype = self._header(stream)
            size = check_size(self.path, name, shape, dtype)
            data = stream.read(size + 1)
            check_size(self.path, name, shape, dtype, len(data))
            flat = np.frombuffer(data, dtype=dtype)
            return flat.reshape(shape, order="F" if fortran else "C")

    def home(self, name: str) -> Path:
        """This file."""
        return self.path


class SafetensorsFile:
    """safetensors: a JSON header and raw arrays."""

    def __init__(self, path: Path) -> None:
        self.path = path
        arrays = {}
        with reading(path, SafetensorError, ValueError), safe_open(path, framework="np") as file:
            self.metadata: Mapping[str, str] = dict(file.metadata() or {})
            names: list[str] = file.keys()
            for name in names:
                header = file.get_slice(name)
                stored = header.get_dtype()
                dtype = "<f4" if stored in _NARROW_FLOATS else _SAFETENSORS_TYPES.get(stored)
                shape = tuple(header.get_shape())
                check_size(path, name, shape, dtype or "u1")
                arrays[name] = ArrayInfo(shape, np.dtype(dtype) if dtype else None, stored)
        self.arrays: Mapping[str, ArrayInfo] = arrays

    def read(self, name: str) -> npt.NDArray[Any]:
        """One array."""
        stored = self.arrays[name].stored
        if self.arrays[name].dtype is None:
            raise fault(f"{self.path}: {name} is stored as {stored}, which is not read; save it as "
                        f"F32")
        if stored in _NARROW_FLOATS:
            return widened(stored, self._raw(name, _NARROW_FLOATS[stored]))
        with reading(self.path, SafetensorError), safe_open(self.path, framework="np") as file:
            array: npt.NDArray[Any] = file.get_tensor(name)
        return array

    def home(self, name: str) -> Path:
        """This file."""
        return self.path

    def _raw(self, name: str, dtype: str) -> npt.NDArray[Any]:
        """The stored integers of an array, whose header the library has checked."""
        with reading(self.path, ValueError, KeyError, struct.error), self.path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            first, last = json.loads(file.read(length))[name]["data_offsets"]
            file.seek(8 + length + first)
            data: npt.NDArray[Any] = np.frombuffer(file.read(last - first), dtype=dtype)
            return data.reshape(self.arrays[name].shape)


def widened(stored: str, codes: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Narrow floats by their bits, as float32: exact.

    bfloat16 is the upper half of a float32, E5M2 that of a float16. E4M3 has a bias of 7, no
    infinity, and NaN where all bits but the sign are set (OCP 8-bit Floating Point, 2023, sec. 5).
    """
    if stored == "BF16":
        return (codes.astype(np.uint32) << 16).view(np.float32)
    if stored == "F8_E5M2":
        halves: npt.NDArray[np.float16] = (codes.astype(np.uint16) << 8).view(np.float16)
        return halves.astype(np.float32)
    byte = np.arange(256)
    exponent, mantissa = byte >> 3 & 15, byte & 7
    table = np.where(exponent > 0, np.ldexp(8.0 + mantissa, exponent - 10),
                     np.ldexp(1.0 * mantissa, -9))
    table[(byte & 127) == 127] = np.nan
    values: npt.NDArray[np.float32] = np.where(byte & 128, -table, table).astype(np.float32)[codes]
    return values


