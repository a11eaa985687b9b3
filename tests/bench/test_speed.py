"""How fast the fast engine is, beside SciPy and the reference in the same process: `make bench`."""

from time import process_time

import numpy as np
import pytest
import scipy.sparse

from accelsim.formats import build_image
from accelsim.machines.eie.fast.run import run
from accelsim.machines.eie.reference.array import run as run_reference
from accelsim.network import simulate_network
from tests.bench.layers import NAMES, job_of, published, square
from tests.bench.measure import best_wall, process, side_by_side
from tests.bench.sweep import sweep

pytestmark = pytest.mark.bench

took = {}  # what tests have measured before


def scipy_product(packed, activations):
    """The same weights times the same vector, as compressed sparse columns of float32."""
    weights = packed.decoded()
    matrix = scipy.sparse.csc_array(
        (weights.values, weights.rows, weights.column_starts.astype(np.int32)),
        shape=weights.shape,
    )
    vector = activations.astype(np.float32)
    return lambda: matrix @ vector


def test_alex_6_beside_scipy(benchmark, reached):
    config, job = job_of(*published("alex-6"))
    best = side_by_side(
        {
            "scipy": scipy_product(*published("alex-6")),
            "full": lambda: run(config, job),
            "time": lambda: run(config, job, outputs=False),
        },
        seconds=10.0,
    )
    counters = benchmark.pedantic(run, (config, job), rounds=20, warmup_rounds=2).counters
    reached("alex-6, SciPy CSC (float32) times a dense vector", best["scipy"] * 1e3, "ms")
    full, time = best["full"] / best["scipy"], best["time"] / best["scipy"]
    reached("alex-6, 64 PEs, outputs and all counters, warm", full, "x SciPy", "at most 0.6")
    reached("alex-6, 64 PEs, time and counters only", time, "x SciPy", "at most 0.09")
    rate = counters.cycles * config.n_pe / best["full"]
    reached("alex-6, outputs and all counters", rate / 1e9, "G PE-cycles a second")
    assert full <= 0.6
    assert time <= 0.09


def test_nine_layers(benchmark, reached):
    jobs = [job_of(*published(name)) for name in NAMES]

    def all_nine():
        return [run(config, job) for config, job in jobs]

    best = side_by_side({"nine": all_nine}, seconds=3.0)["nine"]
    benchmark.pedantic(all_nine, rounds=10, warmup_rounds=1)
    reached("nine published layers, outputs and counters, images ready", best, "s", "under 0.05")
    assert best < 0.05


def test_encode_for_another_number_of_pes(benchmark, reached):
    packed, _ = published("alex-6")

    def encode():
        image = build_image(packed, 64)
        return image.pointers, image.codes, image.runs

    best = side_by_side(
        {"all": encode, "counts": lambda: build_image(packed, 64)}, seconds=4.0
    )
    benchmark.pedantic(encode, rounds=5, warmup_rounds=1)
    reached("encode alex-6 for a new PE count", best["all"], "s", "under 0.15")
    reached("count alex-6 for a new PE count (time only)", best["counts"], "s")
    assert best["all"] < 0.15


def test_sweep(benchmark, reached):
    for name in NAMES:
        published(name)
    sweep(names=("nt-we",))  # compiled, for narrow and wide integers
    start = process_time()
    points = benchmark.pedantic(sweep, rounds=1)
    processor = process_time() - start
    assert len(points) == 3645
    seconds = benchmark.stats.stats.min
    reached("nine layers x PEs x queues x lines = 3,645 points, 2 cores", seconds, "s", "under 15")
    reached("the same, processor time of both cores", processor, "s")
    assert seconds < 15


def test_beside_the_reference(benchmark, reached):
    config, job = job_of(*published("alex-7"))
    fast = side_by_side({"fast": lambda: run(config, job)}, seconds=1.0)["fast"]
    result = benchmark.pedantic(run_reference, (config, job), rounds=1)
    mine = run(config, job)
    assert mine.counters.difference(result.counters) is None
    assert np.array_equal(mine.outputs, result.outputs)
    ratio = benchmark.stats.stats.min / fast
    reached("alex-7, against the reference engine", ratio, "x faster", "at least 1,000")
    assert ratio >= 1000


def test_cold_process(benchmark, reached):
    command = ("-m", "accelsim", "simulate", "alex-7")
    process(*command)  # fills the cache
    runs = [process(*command) for _ in range(3)]
    benchmark.pedantic(process, command, rounds=1)
    wall, processor, _ = map(min, zip(*runs, strict=True))
    reached("cold process: accelsim simulate alex-7, warm cache", wall, "s", "under 2.5")
    reached("the same, processor time", processor, "s")
    assert wall < 2.5


def test_memory(benchmark, reached):
    command = ("-m", "accelsim", "simulate", "vgg-6", "--set", "n_pe=256", "--set",
               "capacity=ignore")
    *_, most = benchmark.pedantic(process, command, rounds=1)
    reached("memory, VGG-6 on 256 PEs", most / 1e9, "GB", "under 1.5")
    assert most < 1.5e9


def test_two_cores(benchmark, reached):
    packed, vector = published("alex-6")
    config, _ = job_of(packed, vector)
    vectors = np.stack([vector] * 40)

    def network(threads):
        return lambda: simulate_network(config, [packed], vectors, threads=threads)

    best = best_wall({n: network(n) for n in (1, 2)}, rounds=20)
    benchmark.pedantic(network(2), rounds=3)
    reached("40 inputs of alex-6: two threads beside one", best[1] / best[2], "x faster")
    assert best[2] < best[1]


@pytest.mark.parametrize("n_pe", [16, 32, 64, 128, 256, 512, 1024])
def test_growth_with_pes(benchmark, reached, n_pe):
    config, job = job_of(*published("alex-6"), n_pe=n_pe)
    best = side_by_side({"full": lambda: run(config, job)}, seconds=1.0)["full"]
    cycles = benchmark.pedantic(run, (config, job), rounds=5).counters.cycles
    reached(f"alex-6 on {n_pe} PEs ({cycles:,} cycles)", best * 1e3, "ms")
    # Flat at first; then the tables' size is added, which grows with the number of PEs.
    fewest = took.setdefault("fewest PEs", best)
    assert best < fewest * max(1.0, n_pe / 64) * 2


@pytest.mark.parametrize("millions", [1, 3, 10, 30, 100])
def test_growth_with_weights(benchmark, reached, millions):
    config, job = job_of(*square(millions * 1_000_000))
    best = side_by_side({"full": lambda: run(config, job)}, seconds=1.0)["full"]
    benchmark.pedantic(run, (config, job), rounds=5)
    reached(f"{millions} M weights at 9 %, 64 PEs", best / millions * 1e3, "ms a million")
    took["a million"] = min(best / millions, took.get("a million", best / millions))
    assert best / millions < 2 * took["a million"]  # never steeper than a straight line
