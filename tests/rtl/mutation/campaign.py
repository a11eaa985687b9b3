"""The whole hunt on several processes, and its table in rtl/README.md.

    python -m tests.rtl.mutation [UNIT ...] [--jobs N] [--stride N] [--write]

A unit's row counts its own mutants only, so that units can be hunted in one by one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from accelsim.files import write_atomically
from tests.rtl.bench import RTL, UNITS
from tests.rtl.mutation.benches import Bench, benches
from tests.rtl.mutation.equivalent import explained
from tests.rtl.mutation.hunt import Verdict, hunt, limited_tools
from tests.rtl.mutation.operators import Mutant, mutants

_BEGIN, _END = "<!-- mutation: begin -->\n", "<!-- mutation: end -->"


@dataclass(frozen=True)
class _Worker:
    """What a process needs: the benches ask the model when they are made, once."""

    benches: list[Bench]
    folder: Path


_worker: list[_Worker] = []


def campaign(units: Sequence[str], folder: Path, jobs: int = 1, stride: int = 1
             ) -> Iterator[Verdict]:
    """A verdict for every ``stride``-th mutant of each unit, in order; ``folder`` is scratch."""
    chosen = [mutant for unit in units for mutant in mutants(UNITS[unit])[::stride]]
    with ProcessPoolExecutor(jobs, get_context("spawn"), _prepare, (folder,)) as pool:
        yield from pool.map(_verdict, chosen, chunksize=4)


def _prepare(folder: Path) -> None:
    mine = folder / str(os.getpid())
    (mine / "builds").mkdir(parents=True)
    os.environ["PATH"] = limited_tools(mine / "bin")
    _worker.append(_Worker(benches(mine / "builds"), mine))


def _verdict(mutant: Mutant) -> Verdict:
    (worker,) = _worker
    (verdict,) = hunt([mutant], worker.benches, worker.folder / "rtl", worker.folder / "builds")
    return verdict


Row = tuple[int, int, int, int]
"""Of a unit's mutants: planted, no Verilog, seen, explained as changing nothing."""


def counts(verdicts: Sequence[Verdict],
           reason: Callable[[Mutant], str | None] = explained) -> dict[str, Row]:
    """Unit to what became of its mutants; ``reason`` says why one changes nothing."""
    found: dict[str, Row] = {}
    for unit in dict.fromkeys(verdict.mutant.unit for verdict in verdicts):
        here = [v for v in verdicts if v.mutant.unit == unit]
        counted = [v for v in here if v.compiles]
        found[unit] = (
            len(here), len(here) - len(counted), sum(v.seen is not None for v in counted),
            sum(v.seen is None and reason(v.mutant) is not None for v in counted),
        )
    return found


def table(rows: Mapping[str, Row]) -> str:
    """Mutants by unit and in all, as Markdown."""
    lines = ["| unit | planted | no Verilog | seen | change nothing, explained | score |",
             "| --- " * 6 + "|"]
    for unit, row in (*rows.items(), ("all", tuple(map(sum, zip(*rows.values(), strict=True))))):
        planted, wrong, seen, same = row
        score = f"{100 * seen / (planted - wrong):.1f} %" if planted > wrong else ""
        lines.append(f"| {unit} | {planted:,} | {wrong} | {seen:,} | {same} | {score} |")
    return "\n".join([*lines, ""])


def read_table(text: str) -> dict[str, Row]:
    """The table of a text that holds it between its markers, without the row of all units."""
    block = text.partition(_BEGIN)[2].partition(_END)[0]
    rows = re.findall(r"^\| (\w+) \|" + r" ([\d,]+) \|" * 4, block, re.MULTILINE)
    numbers = {unit: tuple(int(n.replace(",", "")) for n in row) for unit, *row in rows}
    return {unit: (a, b, c, d) for unit, (a, b, c, d) in numbers.items() if unit != "all"}


def write(rows: Mapping[str, Row], readme: Path = RTL / "README.md",
          units: Collection[str] = UNITS) -> None:
    """Renew these units' rows in the table of a page, which keeps those of other ``units``."""
    text = readme.read_text()
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    merged = {**read_table(text), **rows}
    ordered = {unit: merged[unit] for unit in sorted(merged) if unit in units}
    write_atomically(readme, f"{before}{begin}{table(ordered)}{end}{after}")
