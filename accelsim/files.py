"""Files are written whole or not at all: a temporary file, fsync, rename.

An interrupted command leaves the old file or the new one, never a part of one. A link stays a link:
the file that it leads to is replaced. What is no plain file (a pipe, a terminal, a device, an open
descriptor such as ``/dev/stdout``) is written into, and never replaced.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, ELOOP, ENOTEMPTY
from pathlib import Path
from typing import IO, Any

from accelsim.errors import InputError

_LINKS = 40  # that a path may lead through, as Linux allows


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A path to write to; it takes the place of ``path`` when the block ends.

    If the block raises, ``path`` stays as it was and nothing is left behind. What is no plain file
    gets the bytes when the block ends.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    try:
        if not is_plain(path):
            with tempfile.TemporaryDirectory() as folder:
                part = Path(folder, f"part{Path(path).suffix}")
                yield part
                with part.open("rb") as made, _opened(path) as target:
                    shutil.copyfileobj(made, target)
            return
        place = _end_of_links(Path(path))
        mode = _mode(place)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".accelsim.") as folder:
            part = Path(folder, f"part{place.suffix}")
            yield part
            if mode is not None and not part.is_dir():
                part.chmod(mode)
            to_disk(part)
            part.replace(place)
        if os.name == "posix":
            # Without this the new name may be lost with the power, the old file with it.
            to_disk(place.parent)
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror or problem}") from None


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """A new folder to fill; it gets the name ``path`` when the block ends.

    Raises
    ------
    InputError
        If ``path`` is there and not an empty folder, or cannot be written.
    """
    check_new_folder(path)
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as part:
            part.mkdir()
            yield part
            for file in part.rglob("*"):
                to_disk(file)
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror or problem}") from None


def check_new_folder(path: str | Path) -> None:
    """Refuse what `atomic_folder` would, before the work is done.

    Raises
    ------
    InputError
        If ``path`` is there and not an empty folder.
    """
    folder = Path(path)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{path}: is there already and not empty; name a new folder")


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


def is_plain(path: str | Path) -> bool:
    """Whether writing may put a new file in the place of ``path``: not of a pipe or device.

    A folder, and what is not there yet, are plain.
    """
    if open_descriptor(path) is not None:
        return False
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return True
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def open_descriptor(path: str | Path) -> int | None:
    """The descriptor that a path like ``/dev/stdout`` or ``/dev/fd/63`` stands for, or None."""
    at = Path(path)
    for _ in range(_LINKS):
        parent = os.path.realpath(at.parent)
        if parent in (f"/proc/{os.getpid()}/fd", "/dev/fd") and at.name.isdecimal():
            return int(at.name)
        if not at.is_symlink():
            return None
        at = Path(parent, os.readlink(at))
    return None


def read_utf8(path: str | Path) -> str:
    """The text of a file, without the byte order mark that some editors begin it with.

    Raises
    ------
    OSError, UnicodeDecodeError
        As ``Path.read_text`` does.
    """
    return Path(path).read_text("utf-8-sig")


def to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _opened(path: str | Path) -> IO[bytes]:
    """What is no plain file, open to be written into; an open descriptor goes on where it is."""
    descriptor = open_descriptor(path)
    if descriptor is not None:
        return os.fdopen(os.dup(descriptor), "wb")
    return os.fdopen(os.open(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0)), "wb")


def _end_of_links(path: Path) -> Path:
    """The file that a link leads to, whether it is there or not."""
    end = Path(os.path.realpath(path))
    if end.is_symlink():
        raise OSError(ELOOP, os.strerror(ELOOP))
    return end


def _mode(place: Path) -> int | None:
    """The permissions of the file that is replaced; an error where they forbid it."""
    try:
        found = os.stat(place)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        if any(place.iterdir()):
            raise OSError(ENOTEMPTY, "it is a folder")
        return None
    if not os.access(place, os.W_OK):
        raise OSError(EACCES, os.strerror(EACCES))
    return stat.S_IMODE(found.st_mode)
