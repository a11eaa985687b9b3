"""How fast the Verilog of 64 PEs runs: ``python -m tests.rtl.rates [--write]`` for rtl/README.md.

Both simulators in one run, one after the other. Seconds are CPU time of all processes, which other
work on the machine hardly changes; nothing here runs on two cores but a build.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from accelsim.api import choose_binary_points, make_job
from accelsim.compression import Recipe, compress
from accelsim.machines import load_config
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.machines.eie.rtl.images import START
from accelsim.rtl_bridge import icarus, run_layer, verilator
from accelsim.rtl_bridge.simulator import workspace
from accelsim.workload import synthetic_layer
from rtl.synth.synth import write
from tests.rtl.bench import BUILDS, ROOT, RTL, difference
from tests.rtl.test_published_layers import LAYERS, MACHINE, published_job

CONFIG = load_config("eie", capacity="check")


def nt_we() -> Any:
    """The job whose cycles are counted."""
    layer = synthetic_layer("nt-we")
    packed = compress(layer, Recipe())
    return make_job(CONFIG, packed, layer.activations, choose_binary_points(CONFIG, packed))


def program(sim: Any, job: Any, builds: Path) -> Path:
    """The array that runs nt-we with trace."""
    parameters = EIE.parameters(CONFIG, [(job, None)], trace=True)
    built: Path = sim.build(EIE, sim.bench(EIE), sim.bench_values(parameters, True), [RTL], builds)
    return built


def cycles_per_second(sim: Any, again: int, builds: Path = BUILDS) -> float:
    """Of nt-we with trace, ``again`` times in a run; loading is subtracted."""
    job = nt_we()
    script = EIE.script(CONFIG, [(job, None)], True, (0,))
    before = script[: script.index(START)]
    made = program(sim, job, builds)
    marks = []
    for times in (0, again):
        with workspace(builds) as work:
            for name, text in EIE.fill(CONFIG, job).items():
                (work / f"{name}_0.hex").write_text(text)
            started = cpu_seconds()
            lines = sim.simulate(made, work, [*before, *[START] * times], trace=True,
                                 images=work, limit=100_000)
            seconds = cpu_seconds() - started
            cycles = sum(int(line.split()[1]) for line in lines if line.startswith("cycles"))
            marks.append((cycles, seconds))
    return (marks[1][0] - marks[0][0]) / (marks[1][1] - marks[0][1])


def cpu_seconds() -> float:
    """Of this process and those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def seconds_of(work: Callable[[], object]) -> float:
    """CPU time of it."""
    started = cpu_seconds()
    work()
    return cpu_seconds() - started


def end_to_end(builds: Path) -> None:
    """The command line, from the layer to "equal"."""
    subprocess.run(
        [sys.executable, "-m", "accelsim", "cosim", "nt-we", "--sim", "verilator", "--build-dir",
         str(builds)], cwd=ROOT, check=True, capture_output=True,
    )


def layers(names: Sequence[str], builds: Path) -> None:
    """Outputs, cycles and counters of each against the model."""
    for name in names:
        job = published_job(name, MACHINE)
        told = difference(MACHINE, job, run_layer(MACHINE, job, [RTL], builds, sim="verilator"))
        if told is not None:
            raise AssertionError(f"{name}: {told}")


def table(builds: Path) -> str:
    """As Markdown, goals beside; ``builds`` is an empty folder."""
    job = nt_we()
    first = seconds_of(lambda: program(verilator, job, builds))
    fast, slow = (cycles_per_second(*each, builds) for each in ((verilator, 40), (icarus, 1)))
    command = seconds_of(lambda: end_to_end(builds))
    second = seconds_of(lambda: layers(["nt-lstm"], builds))
    nine = seconds_of(lambda: layers(LAYERS, builds))
    rows = [
        ("Verilator, cycles in a second", f"{fast:,.0f}", "25,000"),
        ("Icarus, cycles in a second", f"{slow:,.0f}", ""),
        ("Verilator beside Icarus", f"{fast / slow:,.0f} x", "100 x"),
        ("Verilator's build with trace; of the machine of the nine, with `nt-lstm` run; s",
         f"{first:.0f}; {second:.0f}", "at most 90"),
        ("`cosim nt-we --sim verilator`, built, s", f"{command:.1f}", "under 5"),
        ("the nine published layers, built, s", f"{nine:.1f}", "under 60"),
    ]
    lines = ["| 64 PEs | measured | goal |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def main() -> int:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(prog="python -m tests.rtl.rates", description=__doc__)
    parser.add_argument("--write", action="store_true", help="renew rtl/README.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = table(Path(folder))
    print(text)
    if arguments.write:
        write("rates", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
