"""Stop watches, and the machine they ran on."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from time import perf_counter, thread_time

ROOT = Path(__file__).parents[2]


def side_by_side(works, seconds=3.0, least=3):
    """Best warm time of each work in processor seconds, taking turns for about ``seconds``.

    For works of one thread. What else the machine does then disturbs all of them alike, the best
    the least, and waiting for the processor does not count.
    A turn is a tenth of a second of one work, so that each finds its caches warm.
    """
    best = dict.fromkeys(works, float("inf"))
    end = perf_counter() + seconds
    rounds = 0
    while rounds < least or perf_counter() < end:
        for name, work in works.items():
            turn = perf_counter() + 0.1
            while True:
                start = thread_time()
                work()
                best[name] = min(best[name], thread_time() - start)
                if perf_counter() > turn:
                    break
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
    """(seconds, processor seconds, highest resident bytes) of a Python process of its own."""
    code = (
        "import resource, subprocess, sys, time\n"
        "start = time.perf_counter()\n"
        "done = subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)\n"
        "sys.exit(done.returncode)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )
    wall, processor, most = (float(word) for word in done.stdout.split())
    return wall, processor, most


def best_wall(works, rounds=5):
    """Best time of each work on the wall, taking turns: for works of several threads."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            start = perf_counter()
            work()
            best[name] = min(best[name], perf_counter() - start)
    return best
