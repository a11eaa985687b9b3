"""Nine layers on every array of a grid: what an architect asks first."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from itertools import product

from accelsim.formats import build_image
from accelsim.machines.eie.fast.run import run
from tests.bench.layers import NAMES, job_of, published

N_PE = QUEUE = tuple(2**n for n in range(9))
LINE = tuple(2**n for n in range(5, 10))


@cache
def _first_job(name):
    """Integer activations and codebook, which no point of the grid changes."""
    return job_of(*published(name))


def _points_of(name, n_pe):
    """Cycles of all queues and lines for one layer and array, from the compressed layer."""
    packed, _ = published(name)
    config, job = _first_job(name)
    config = config.model_copy(update={"n_pe": n_pe})
    job = replace(job, image=build_image(packed, n_pe))
    points = []
    for depth, width in product(QUEUE, LINE):
        machine = config.model_copy(update={"act_queue_depth": depth, "spmat_width_bits": width})
        counters = run(machine, job, outputs=False).counters
        counters.check()
        points.append(((name, n_pe, depth, width), counters.cycles))
    return points


def sweep(names=NAMES, threads=2):
    """(layer, PEs, queue, line bits) to cycles."""
    tasks = list(product(names, N_PE))
    with ThreadPoolExecutor(threads) as pool:
        parts = pool.map(lambda task: _points_of(*task), tasks)
        return dict(point for part in parts for point in part)
