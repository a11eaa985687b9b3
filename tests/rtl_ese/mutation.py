"""Faults planted in ESE's Verilog one by one: ``python -m tests.rtl_ese.mutation [UNIT ...]``.

Operators, hunt and table are those of tests/rtl/mutation, but for cut widths, which only machines
beyond the published size would show. ``--keep FILE`` notes every verdict as it comes; a hunt with
the same file goes on where the one before was stopped, and hunts again what was changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.rtl.mutation.benches import Bench
from tests.rtl.mutation.campaign import counts, table, write
from tests.rtl.mutation.hunt import Verdict, hunt, limited_tools
from tests.rtl.mutation.operators import Mutant, mutants
from tests.rtl_ese.bench import RTL
from tests.rtl_ese.equivalent import explained
from tests.rtl_ese.mutation_benches import alone, benches

UNITS = {path.stem: path for path in sorted((RTL / "ese").glob("*.v"))
         if path.stem != "ddr_model"}  # a bench's model, no hardware


def planted(unit: str) -> list[Mutant]:
    """The mutants of a unit."""
    return [mutant for mutant in mutants(UNITS[unit]) if mutant.operator != "width cut"]


class Kept:
    """Verdicts of hunts before, by mutant and text of its unit; None as file keeps nothing.

    With ``again``, what nobody saw and nobody explains is not taken from there.
    """

    def __init__(self, path: Path | None = None, again: bool = False) -> None:
        self._path = path
        self._texts = {unit: hashlib.sha256(file.read_bytes()).hexdigest()[:16]
                       for unit, file in UNITS.items()}
        self._found: dict[tuple[str, ...], tuple[str | None, bool]] = {}
        self._again = again
        lines = path.read_text().splitlines() if path is not None and path.exists() else ()
        for line in lines:
            *key, seen, compiles = json.loads(line)
            self._found[tuple(key)] = seen, compiles

    def verdict(self, mutant: Mutant) -> Verdict | None:
        """What a hunt before said of it."""
        seen, compiles = self._found.get(self._key(mutant), (None, None))
        if compiles is None or (
            self._again and compiles and seen is None and explained(mutant) is None
        ):
            return None
        return Verdict(mutant, seen, compiles)

    def verdicts(self, units: Sequence[str]) -> Iterator[Verdict]:
        """Of all mutants of these units that a hunt before has met."""
        told = (self.verdict(mutant) for unit in units for mutant in planted(unit))
        return (verdict for verdict in told if verdict is not None)

    def add(self, verdict: Verdict) -> None:
        """Note one."""
        if self._path is not None:
            with self._path.open("a") as file:
                line = [*self._key(verdict.mutant), verdict.seen, verdict.compiles]
                file.write(json.dumps(line) + "\n")

    def _key(self, mutant: Mutant) -> tuple[str, ...]:
        return mutant.unit, self._texts[mutant.unit], str(mutant.number), mutant.after


_worker: list[tuple[list[Bench], Path]] = []


def campaign(units: Sequence[str], folder: Path, jobs: int = 1, stride: int = 1,
             kept: Kept | None = None) -> Iterator[Verdict]:
    """A verdict for every ``stride``-th mutant of each unit, in order; ``folder`` is scratch."""
    kept = kept or Kept()
    chosen = [mutant for unit in units for mutant in planted(unit)[::stride]]
    before = [kept.verdict(mutant) for mutant in chosen]
    missing = [mutant for mutant, told in zip(chosen, before, strict=True) if told is None]
    with ProcessPoolExecutor(jobs, get_context("spawn"), _prepare, (folder,)) as pool:
        fresh = pool.map(_verdict, missing)
        for told in before:
            if told is None:
                told = next(fresh)
                kept.add(told)
            yield told


def _prepare(folder: Path) -> None:
    mine = folder / str(os.getpid())
    (mine / "builds").mkdir(parents=True)
    os.environ["PATH"] = limited_tools(mine / "bin")
    _worker.append((benches(mine / "builds"), mine))


def _verdict(mutant: Mutant) -> Verdict:
    ((made, mine),) = _worker
    # The unit's own benches before the slowest machine.
    every = [*made[:-1], *alone(mutant.unit, mine / "builds"), made[-1]]
    (verdict,) = hunt([mutant], every, mine / "rtl", mine / "builds", UNITS)
    return verdict


def main() -> int:
    """1 if a mutant survives that nobody explains."""
    parser = argparse.ArgumentParser(prog="python -m tests.rtl_ese.mutation", description=__doc__)
    parser.add_argument("units", nargs="*", metavar="UNIT", help="all if absent")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--stride", type=int, default=1, help="every so many mutants only")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="notes verdicts, goes on there")
    parser.add_argument("--again", action="store_true",
                        help="hunt again what FILE says nobody saw and nobody explains")
    parser.add_argument("--told", action="store_true", help="hunt nothing: what FILE says so far")
    parser.add_argument("--write", action="store_true",
                        help="renew the units' rows in the table of rtl/ese/README.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.units) - set(UNITS):
        parser.error(f"no unit {', '.join(sorted(unknown))}; there are {', '.join(UNITS)}")
    units, kept = arguments.units or sorted(UNITS), Kept(arguments.keep, arguments.again)
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        for verdict in kept.verdicts(units) if arguments.told else campaign(
            units, Path(folder), arguments.jobs, arguments.stride, kept
        ):
            verdicts.append(verdict)
            if verdict.compiles and verdict.seen is None:
                why = explained(verdict.mutant) or "NOT EXPLAINED"
                print(f"not seen  {verdict.mutant}  ({why})", flush=True)
    rows = counts(verdicts, explained)
    print(table(rows))
    if arguments.write:
        write(rows, RTL / "ese" / "README.md", UNITS)
    return int(any(v.compiles and not v.seen and not explained(v.mutant) for v in verdicts))


if __name__ == "__main__":
    sys.exit(main())
