"""Files are written whole or not at all: a temporary file, fsync, rename.

An interrupted command leaves the old file or the new one, never a part of one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from accelsim.errors import InputError


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A path beside ``path`` to write to; it takes the place of ``path`` when the block ends.

    If the block raises, ``path`` stays as it was and nothing is left behind.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    target = Path(path)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            part = Path(folder, f"part{target.suffix}")
            yield part
            to_disk(part)
            part.replace(target)
        if os.name == "posix":
            # Without this the new name may be lost with the power, the old file with it.
            to_disk(target.parent)
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror or problem}") from None


@contextmanager
def atomic_file(path: str | Path, binary: bool = False) -> Iterator[IO[Any]]:
    """An open file, bytes or UTF-8 text, that takes the place of ``path`` when the block ends."""
    with atomic_path(path) as part:
        kind: dict[str, Any] = {} if binary else {"encoding": "utf-8", "newline": "\n"}
        with part.open("wb" if binary else "w", **kind) as file:
            yield file


def write_atomically(path: str | Path, data: bytes | str) -> None:
    """Write all of ``data`` to ``path``, or leave ``path`` as it was."""
    with atomic_file(path, binary=isinstance(data, bytes)) as file:
        file.write(data)


def to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
