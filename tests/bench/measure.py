"""Stop watches, and the machine they ran on."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[2]


def side_by_side(works, seconds=3.0, least=5):
    """Best time of each work in seconds, all of them taking turns for about ``seconds``.

    The machine's other loads then fall on all of them alike; the best is the least disturbed.
    """
    best = {}
    for name, work in works.items():
        work()
        best[name] = float("inf")
    end = perf_counter() + seconds
    rounds = 0
    while rounds < least or perf_counter() < end:
        for name, work in works.items():
            start = perf_counter()
            work()
            best[name] = min(best[name], perf_counter() - start)
        rounds += 1
    return best


def machine():
    """The processor's name, its cores and the Python in use."""
    cpuinfo = Path("/proc/cpuinfo")
    name = platform.processor() or platform.machine()
    if cpuinfo.exists():
        lines = cpuinfo.read_text("utf-8").splitlines()
        name = next((n.split(":", 1)[1].strip() for n in lines if n.startswith("model name")), name)
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def process(*arguments):
    """(seconds, highest resident bytes) of a Python process of its own."""
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)\n"
        "sys.exit(done.returncode)\n"
    )
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )
    return perf_counter() - start, int(done.stdout)
