"""Which Verilog files a simulation is made of, and the name of its build."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from accelsim.errors import InputError
from accelsim.machines.rtl import Rtl

COMMON = "common"
"""Folder of the units that several machines share."""


def user_builds() -> Path:
    """Where builds stay unless a folder is named: ``accelsim/verilog`` in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "accelsim" / "verilog"


def units_of(rtl: Rtl, folder: Path) -> dict[str, Path]:
    """Module name to file of one folder: its own files, the machine's, those that all share."""
    places = (folder, folder / rtl.folder, folder / COMMON)
    files = [path for place in places for path in sorted(place.glob("*.v"))]
    return {path.stem: path for path in reversed(files)}


def find_sources(rtl: Rtl, testbench: str, rtl_dirs: Sequence[Path]) -> dict[str, Path]:
    """Module name to file; earlier folders win.

    Raises
    ------
    InputError
        If a folder, a module or the testbench is missing.
    """
    found: dict[str, Path] = {}
    for folder in rtl_dirs:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder of Verilog files")
        found = units_of(rtl, folder) | found
    bench = find_bench_file(rtl, f"{testbench}.v", rtl_dirs)
    if bench is not None:
        found[testbench] = bench
    for name in (*([rtl.pe.top] if rtl.pe else []), rtl.top, testbench):
        if name not in found:
            raise InputError(f"{rtl_dirs[-1]}: holds no {name}.v; name the project's RTL folder")
    return found


def find_bench_file(rtl: Rtl, name: str, rtl_dirs: Sequence[Path]) -> Path | None:
    """A file of the folder ``tb``, which the last folder has."""
    # A folder of version 0.1 has no folders of machines.
    places = (rtl_dirs[-1], rtl_dirs[-1] / rtl.folder)
    return next((path for place in places if (path := place / "tb" / name).is_file()), None)


def has_backdoor(rtl: Rtl, rtl_dirs: Sequence[Path]) -> bool:
    """Whether the modules that the back door reaches through are those beside the test benches."""
    own = {name for folder in rtl_dirs[:-1] for name in units_of(rtl, folder)}
    return not own.intersection(rtl.backdoor)


def build_name(words: object, files: Iterable[Path], values: Mapping[str, int]) -> str:
    """Digits that two builds share only if their sources and parameters are the same."""
    digest = hashlib.sha256(repr((words, sorted(values.items()))).encode())
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def make_folder(folder: Path) -> None:
    """Make a folder for builds.

    Raises
    ------
    InputError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot hold builds ({error.strerror}); "
                         f"name another folder (--build-dir)") from None
