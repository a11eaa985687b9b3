"""A layer that failed, once more: ``python -m tests.rtl.replay WORDS [--rtl-dir FOLDER]``.

WORDS are those of `tests.contracts.cases.make_case`, as failing tests print them. The first
difference is told; a waveform of the cycles around it is left in tests/rtl/sim_build.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from accelsim.rtl_bridge import cosim
from tests.contracts.cases import make_case
from tests.rtl.bench import BUILDS, RTL


def command(words: dict, rtl_dirs: Sequence[Path] = ()) -> str:
    """What to type to see it again."""
    folders = [part for folder in rtl_dirs for part in ("--rtl-dir", str(folder))]
    return shlex.join(["python", "-m", "tests.rtl.replay", repr(words), *folders])


def replayed(words: dict, rtl_dirs: Sequence[Path] = (), builds: Path = BUILDS):
    """The report of a layer, with a waveform if it is not equal."""
    case = make_case(**words)
    name = hashlib.sha256(repr(words).encode()).hexdigest()[:12]
    return cosim(case.config, case.job, [*rtl_dirs, RTL], builds, builds / f"layer_{name}.vcd")


def shown(words: dict, rtl_dirs: Sequence[Path] = (), builds: Path = BUILDS) -> str:
    """A failing layer for a test's message: where it parts, its waveform, how to see it again."""
    report = replayed(words, rtl_dirs, builds)
    return f"{report.told}; waveform {report.waveform}; replay: {command(words, rtl_dirs)}"


def main() -> int:
    """1 if the layer differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.rtl.replay", description=__doc__)
    parser.add_argument("words", type=ast.literal_eval, metavar="WORDS")
    parser.add_argument("--rtl-dir", type=Path, action="append", default=[])
    given = parser.parse_args()
    report = replayed(given.words, given.rtl_dir)
    print(f"{report.told}; waveform {report.waveform}" if not report.equal else "equal")
    return int(not report.equal)


if __name__ == "__main__":
    sys.exit(main())
