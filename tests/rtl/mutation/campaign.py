"""The whole hunt on several processes, and its table in rtl/README.md.

    python -m tests.rtl.mutation [UNIT ...] [--jobs N] [--stride N] [--write]
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
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


def table(verdicts: Sequence[Verdict]) -> str:
    """Mutants by unit, as Markdown."""
    rows = ["| unit | planted | no Verilog | seen | change nothing, explained | score |",
            "| --- " * 6 + "|"]
    units = dict.fromkeys(verdict.mutant.unit for verdict in verdicts)
    for unit in (*units, "all"):
        here = [v for v in verdicts if unit in (v.mutant.unit, "all")]
        counted = [v for v in here if v.compiles]
        seen = sum(v.seen is not None for v in counted)
        same = sum(v.seen is None and explained(v.mutant) is not None for v in counted)
        score = f"{100 * seen / len(counted):.1f} %" if counted else ""
        cells = [unit, f"{len(here):,}", str(len(here) - len(counted)), f"{seen:,}", str(same),
                 score]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join([*rows, ""])


def planted(text: str) -> dict[str, int]:
    """Unit to number of mutants, from a text that holds the table."""
    block = text.partition("<!-- mutation: begin -->")[2].partition("<!-- mutation: end -->")[0]
    rows = re.findall(r"^\| (\w+) \| ([\d,]+) \|", block, re.MULTILINE)
    return {unit: int(number.replace(",", "")) for unit, number in rows}


def write(text: str) -> None:
    """Renew the table of rtl/README.md, between its markers."""
    readme = RTL / "README.md"
    before, begin, rest = readme.read_text().partition("<!-- mutation: begin -->\n")
    _, end, after = rest.partition("<!-- mutation: end -->")
    write_atomically(readme, f"{before}{begin}{text}{end}{after}")
