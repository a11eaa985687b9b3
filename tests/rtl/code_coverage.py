"""Line and toggle coverage of the array: the layers it is measured on, its table and its page.

    python -m tests.rtl.code_coverage            # prints the table; the page is build/coverage.html
    python -m tests.rtl.code_coverage --write    # renews the table of rtl/README.md too

One build of small memories serves all layers. Data and addresses are as wide as they are so that
every bit can move; what cannot is a hole of coverage_holes.toml, each with its reason.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import tomllib
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from accelsim import LossWarning
from accelsim.files import write_atomically
from accelsim.fixedpoint import read_activations
from accelsim.machines import load_config, machine_of, run_job
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.machines.eie.rtl.images import Chained
from accelsim.machines.eie.works import make_job
from accelsim.rtl_bridge import verilator
from accelsim.rtl_bridge.coverage import Hole, html_page, read_coverage, rows, split_holes
from accelsim.rtl_bridge.run import RtlResult
from accelsim.rtl_bridge.simulator import COVERAGE, Reader, workspace
from rtl.synth.synth import write
from tests.contracts.cases import make_case
from tests.convolution.cases import make_case as make_conv
from tests.rtl.bench import BUILDS, ROOT, RTL, UNITS, difference

PAGE = ROOT / "build" / "coverage.html"
HOLES = Path(__file__).parent / "coverage_holes.toml"
# Nothing is much larger than the widest number that a layer puts there.
MACHINE = {
    "n_pe": 5, "act_queue_depth": 3, "index_bits": 2, "weight_bits": 6, "spmat_width_bits": 64,
    "spmat_kb": 1.0, "pointer_kb": 0.3125, "pointer_bits": 10, "act_sram_kb": 0.25,
    "regfile_depth": 6, "capacity": "check",
}
ELSEWHERE = {"arith_unit_shift", "arith_unit_sign"}  # of another build
LAYERS = 40
LEAST_PERCENT = 98


def _layer(rng, overrides, number):
    """Many passes, wide and narrow, dense and empty; every seventh reads what the last one left."""
    wide = number % 3 == 0
    n_in, n_out = rng.integers((120, 20), (250, 90)) if wide else rng.integers(1, (60, 100))
    if number % 9 == 0:
        n_in, n_out = 245, 25  # nine batches
    return make_case(
        seed=int(rng.integers(1 << 32)), n_in=int(n_in), n_out=int(n_out),
        weights=float(rng.choice([0.05, 0.2, 0.35])), active=float(rng.choice([0.1, 0.5, 1.0])),
        bias=(False, True, "exact")[number % 3],
        values=str(rng.choice(["any", "bounds"])),
        shift=32 if number % 10 == 0 else int(rng.integers(0, 32)),
        overrides=overrides,
    )


def jobs_of(overrides, n_layers):
    """(configuration, jobs with how each reads what the one before left)."""
    rng = np.random.default_rng(17)
    config, jobs = load_config("eie", **overrides), []
    while len(jobs) < n_layers:
        case = _layer(rng, overrides, len(jobs))
        if not case.job.plan:
            continue
        jobs.append((case.job, None))
        if len(jobs) % 3 == 0:
            jobs.append(_following(config, case.job, rng, overrides))
    return config, [*jobs, *((job, None) for job in _convolutions(config, overrides))]


def _following(config, job, rng, overrides):
    """A layer that reads what this one leaves, shifted by any amount."""
    chained = Chained(relu=bool(rng.integers(2)), read_shift=int(rng.integers(0, 17)))
    left = run_job("functional", config, job).outputs
    read = read_activations(left, chained.relu, chained.read_shift, config.activation_bits)
    case = make_case(seed=int(rng.integers(1 << 32)), n_in=len(read), n_out=20, weights=0.2,
                     active=1.0, bias=False, values="any", shift=12, overrides=overrides)
    return replace(case.job, activations=read), chained


def _convolutions(config, overrides):
    words = {"n": 1, "density": 0.4, "active": 0.6, "bias": "accumulator", "calibrated": True,
             "machine": overrides}
    loops = [
        {"seed": 3, "size": (5, 6), "group": (5, 8), "kernel": (2, 3), "geometry":
            {"stride": (2, 1), "padding": ((1, 0), (2, 1)), "dilation": (1, 2), "groups": 1}},
        {"seed": 4, "size": (2, 30), "group": (1, 3), "kernel": (1, 20), "geometry":
            {"stride": (1, 3), "padding": ((0, 0), (3, 3)), "dilation": (1, 1), "groups": 1}},
        {"seed": 5, "size": (24, 2), "group": (2, 3), "kernel": (9, 2), "geometry":
            {"stride": (5, 1), "padding": ((4, 70), (1, 1)), "dilation": (2, 1), "groups": 1}},
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)
        for loop in loops:
            case = make_conv(**words | loop)
            yield make_job(config, case.packed, case.images)


def march(config, rng):
    """Host's lines that write the program and the loops twice, all bits the other way round the
    second time, read and write every memory of every PE, and leave what the layers overwrite."""
    words = 1 << 9
    for flip in (0, (1 << 32) - 1):
        for memory in (8, 10):
            yield from (f"w {memory:x} 0 {address:x} {address * 0x9E3779B1 % (1 << 32) ^ flip:x}"
                        for address in range(256 if memory == 8 else 64))
        for memory in (0, 1, 3, 4, 5):
            for pe in range(config.n_pe):
                for address in rng.integers(0, words, 12):
                    data = int(rng.integers(1 << 62)) ^ (flip << 32 | flip)
                    yield f"w {memory:x} {pe:x} {address:x} {data:x}"
                    yield f"r {memory:x} {pe:x} {address:x} 0"


def counted(overrides, path, n_layers=LAYERS):
    """Run the layers of one build, each compared with the model; their coverage goes to a file."""
    config, jobs = jobs_of(overrides, n_layers)
    parameters = EIE.parameters(config, jobs)
    program = verilator.build(EIE, verilator.bench(EIE), verilator.bench_values(parameters, False),
                              [RTL], BUILDS, coverage=True)
    before = list(march(config, np.random.default_rng(5)))
    with workspace(BUILDS) as work:
        lines = verilator.simulate(
            program, work, [*before, *EIE.script(config, jobs, True)], trace=False, limit=100_000)
        shutil.copyfile(work / COVERAGE, path)
    reader = Reader(lines[sum(line.startswith("r") for line in before):])
    for number, (job, _) in enumerate(jobs):
        cycles = int(reader.line().removeprefix("cycles "))
        outputs, counters = EIE.read_back(config, job, True, reader.take)
        rtl = RtlResult(outputs, cycles, counters, machine=machine_of(config))
        told = difference(config, job, rtl)
        assert told is None, f"layer {number}: {told}"


@cache
def measured():
    """(hits of every point, excused by a hole, missed)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "coverage.dat")
        counted(MACHINE, path)
        hits = read_coverage([path], set(UNITS) - ELSEWHERE)
    return hits, *split_holes(hits, holes(), UNITS)


def holes():
    """The list, in the order of the file."""
    return [
        Hole(module, what, reason) for reason, where in tomllib.loads(HOLES.read_text()).items()
        for module, listed in where.items() for what in listed
    ]


def table():
    """As Markdown, and the points without a hit or a reason."""
    hits, excused, missed = measured()
    told = {(row.module, row.kind): row for row in rows(hits, excused)}
    lines = ["| unit | blocks of lines | hit | holes | bits | toggled | holes | of the rest |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for module in dict.fromkeys(module for module, _ in told):
        line, bit = told.get((module, "line")), told[module, "toggle"]
        cells = [line.total, line.hit, line.holes] if line else ["", "", ""]
        lines.append(f"| {module} | {' | '.join(map(str, cells))} | {bit.total:,} | {bit.hit:,} "
                     f"| {bit.holes:,} | {bit.percent:.1f} % |")
    return "\n".join(lines), missed


def main():
    """Print the table and write the page."""
    from tests.rtl.coverage_run import measured as functional

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="renew rtl/README.md")
    arguments = parser.parse_args()
    text, missed = table()
    print(text)
    print("\n".join(map(str, missed)))
    hits, excused, _ = measured()
    PAGE.parent.mkdir(exist_ok=True)
    write_atomically(PAGE, html_page(hits, excused, UNITS, functional().hits).encode())
    if arguments.write:
        write("lines", text)


if __name__ == "__main__":
    main()
