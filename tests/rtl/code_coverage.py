"""Line, branch and toggle coverage of the array: measured, proved unreachable, its table and page.

    python -m tests.rtl.code_coverage            # prints the table; the page is build/coverage.html
    python -m tests.rtl.code_coverage --write    # renews the table of rtl/README.md too

The builds and their layers are those of coverage_layers.py. What is not hit is in
coverage_holes.toml, by reason: unreachable, which unreachable.py proves bit by bit, or a hole.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from accelsim.files import write_atomically
from accelsim.machines import run_job
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.rtl_bridge import verilator
from accelsim.rtl_bridge.coverage import Hole, html_page, read_coverage, rows, split_holes
from accelsim.rtl_bridge.simulator import COVERAGE, Reader, workspace
from rtl.synth.synth import write
from tests.rtl.bench import BUILDS, ROOT, RTL, UNITS
from tests.rtl.coverage_layers import MEASURED, jobs_of, march
from tests.rtl.unreachable import Folded

PAGE = ROOT / "build" / "coverage.html"
HOLES = Path(__file__).parent / "coverage_holes.toml"
LEAST_PERCENT = 98


@dataclass(frozen=True)
class Reasons:
    """The list of points without a hit, in the order of the file.

    Attributes
    ----------
    ones : (module, bit) of what is always 1
    """

    holes: list[Hole]
    ones: list[tuple[str, str]]


def counted(name, path):
    """Run the layers of one build, each compared with the model; their coverage goes to a file."""
    measured = MEASURED[name]
    config, jobs = jobs_of(measured)
    values, parameters = verilog(name)
    program = verilator.build(EIE, verilator.bench(EIE), values, [RTL], BUILDS, coverage=True,
                              counted=measured.counted)
    before = list(march(config, parameters, np.random.default_rng(5)))
    with workspace(BUILDS) as work:
        lines = verilator.simulate(
            program, work, [*before, *EIE.script(config, jobs, True)], trace=False, limit=100_000)
        shutil.copyfile(work / COVERAGE, path)
    reader = Reader(lines[sum(line.startswith("r") for line in before):])
    for number, (job, _) in enumerate(jobs):
        told = _difference(config, job, reader, (1 << measured.counter_bits) - 1)
        assert told is None, f"{name}, layer {number}: {told}"


def verilog(name):
    """(parameters of the shell, the array's as the bridge writes them) of a build."""
    measured = MEASURED[name]
    config, jobs = jobs_of(measured)
    parameters = EIE.parameters(config, jobs, trace=measured.trace)
    values = verilator.bench_values(parameters, measured.trace)
    return values | {"CounterBits": measured.counter_bits}, parameters


def _difference(config, job, reader, mask):
    """The first thing in which a layer is not the model's, or None; counters wrap around."""
    cycles = int(reader.line().removeprefix("cycles "))
    outputs, counters = EIE.read_back(config, job, True, reader.take)
    model = run_job("fast", config, job)
    if cycles != model.counters.cycles:
        return f"cycles: {cycles} != {model.counters.cycles}"
    if not np.array_equal(outputs, model.outputs):
        return "outputs"
    for name, got in counters.items():
        want = np.asarray(getattr(model.counters, name)) & mask
        if not np.array_equal(got, want):
            return f"{name}: {got} != {want}"
    return None


@cache
def folded(name):
    """The array of a build, what is constant in it folded."""
    values, _ = verilog(name)
    return Folded(EIE.top, {key: n for key, n in values.items() if key != "TraceBits"})


@cache
def measured():
    """(hits of every point, excused by a reason, missed)."""
    hits = Counter()
    for name in MEASURED:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "coverage.dat")
            counted(name, path)
            found = read_coverage([path], UNITS)
        # Verilator counts a change of some bits in every cycle that are wired to a constant.
        for point, count in found.items():
            wired = point.kind == "toggle" and count and folded(name).constant(point)
            hits[point] += 0 if wired else count
    return hits, *split_holes(hits, reasons().holes, UNITS)


def not_unreachable():
    """Bits that are said to be unreachable and are not proved so, in every build that counts
    them."""
    _, excused, _ = measured()
    bits = [point for point, hole in excused.items() if hole.unreachable and point.kind == "toggle"]
    here = {name: [point for point in bits if folded(name).has(point)
                   and (not build.counted or point.module in build.counted)]
            for name, build in MEASURED.items()}
    found = [str(point) for point in bits if not any(point in asked for asked in here.values())]
    for name, asked in here.items():
        found += [f"{name}: {bit}" for bit in folded(name).not_proved(asked, reasons().ones)]
    return found


def reasons():
    """What the file says: ``signal[0] = 1`` is a bit that is always 1."""
    holes, ones = [], []
    for kind, by_reason in tomllib.loads(HOLES.read_text()).items():
        for reason, where in by_reason.items():
            for module, listed in where.items():
                for what in listed:
                    name, _, one = what.partition(" = ")
                    holes.append(Hole(module, name, reason, kind == "unreachable"))
                    ones += [(module, name)] if one else []
    return Reasons(holes, ones)


def table():
    """As Markdown, and the points without a hit or a reason."""
    hits, excused, missed = measured()
    told = {(row.module, row.kind): row for row in rows(hits, excused)}
    lines = ["| unit | lines hit | unreachable | branches hit | holes | bits | unreachable "
             "| toggled | holes | of the reachable bits |", "| --- " * 10 + "|"]
    for module in dict.fromkeys(module for module, _ in told):
        line, branch, bit = (told.get((module, kind)) for kind in ("line", "branch", "toggle"))
        cells = [f"{line.hit} of {line.reachable}" if line else "",
                 line.unreachable if line else "",
                 f"{branch.hit} of {branch.reachable}" if branch else "",
                 branch.holes if branch else ""]
        lines.append(f"| {module} | {' | '.join(map(str, cells))} | {bit.total:,} "
                     f"| {bit.unreachable} | {bit.hit:,} | {bit.holes} | {bit.percent:.1f} % |")
    return "\n".join(lines), missed


def main():
    """Print the table and write the page."""
    from tests.rtl.coverage_run import measured as functional

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="renew rtl/README.md")
    arguments = parser.parse_args()
    text, missed = table()
    print(text)
    print("\n".join([*map(str, missed), *not_unreachable()]))
    hits, excused, _ = measured()
    PAGE.parent.mkdir(exist_ok=True)
    write_atomically(PAGE, html_page(hits, excused, UNITS, functional().hits).encode())
    if arguments.write:
        write("lines", text)


if __name__ == "__main__":
    main()
