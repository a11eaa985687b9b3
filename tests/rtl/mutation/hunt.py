"""Plant mutants one by one and ask the benches."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from accelsim.errors import InputError
from tests.rtl.bench import RTL, UNITS
from tests.rtl.mutation.benches import Bench
from tests.rtl.mutation.operators import Mutant

CPU_SECONDS = 20  # of one compilation or simulation; a mutant can hang without a clock edge
MEMORY_KB = 4 << 20
_TOOLS = ("iverilog", "vvp")


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant.

    Attributes
    ----------
    seen : what the first bench that saw it said, or None
    compiles : False if the fault is no Verilog; such mutants do not count
    """

    mutant: Mutant
    seen: str | None
    compiles: bool = True


def hunt(mutants: Iterable[Mutant], benches: Sequence[Bench], folder: Path, builds: Path,
         units: Mapping[str, Path] = UNITS) -> Iterator[Verdict]:
    """One verdict after the other; ``units`` are files by name.

    ``folder`` holds the mutant at hand, ``builds`` what the benches compile of it; both are
    emptied, because no other mutant can use them.
    """
    for mutant in mutants:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(builds, ignore_errors=True)
        builds.mkdir()
        # A whole copy, so that the back door stays open.
        shutil.copytree(RTL, folder, ignore=shutil.ignore_patterns("formal", "synth"))
        place = folder / units[mutant.unit].relative_to(RTL)
        place.write_text(mutant.apply(units[mutant.unit].read_text()))
        # What runs the unit goes first.
        order = sorted(benches, key=lambda bench: mutant.unit not in getattr(bench, "units", ()))
        try:
            seen = next(filter(None, (bench([folder]) for bench in order)), None)
        except InputError as error:
            yield Verdict(mutant, str(error), compiles="does not compile" not in str(error))
        else:
            yield Verdict(mutant, seen)


def limited_tools(folder: Path) -> str:
    """A PATH on which compiler and simulator end when they take too long or too much."""
    folder.mkdir()
    for tool in _TOOLS:
        program = shutil.which(tool)
        wrapper = folder / tool
        wrapper.write_text(
            f"#!/bin/sh\nulimit -t {CPU_SECONDS}\nulimit -v {MEMORY_KB}\nexec '{program}' \"$@\"\n"
        )
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
