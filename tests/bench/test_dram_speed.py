"""What DRAM costs a study, and a layer of a language model that is refilled: `make bench`."""

from pathlib import Path
from time import process_time

import pytest

from accelsim import compress, load_layer, load_machine, simulate
from accelsim.machines.eie.fast.run import run
from accelsim.machines.eie.job import make_job
from tests.bench.measure import process, side_by_side
from tests.bench.test_speed import scipy_product

pytestmark = pytest.mark.bench

PUBLISHED = Path(__file__).parents[2] / "traces" / "studies" / "published-space.toml"
DRAM = ("--set", "capacity=stream", "--set", "dram=ddr3-1600", "--set", "act_sram_kb=fit")


def test_a_study_with_dram(benchmark, reached, tmp_path):
    """3,645 points in a cold process, energy and limits with each: with memories that are refilled
    from DRAM beside memories without limits."""
    def cold(*more):
        store = tmp_path / "r.sqlite"
        store.unlink(missing_ok=True)
        code = "from accelsim.cli import main; main()"
        return process("-c", code, "sweep", str(PUBLISHED), "-o", str(store), "--jobs", "1", *more)

    for more in ((), DRAM):
        cold("--limit", "400", *more)  # fills Numba's cache
    best = {more: min(cold(*more)[1] for _ in range(2)) for more in ((), DRAM)}
    benchmark.pedantic(cold, args=DRAM, rounds=1)
    reached("study of 3,645 points with DRAM, processor time", best[DRAM], "s")
    ratio = best[DRAM] / best[()]
    reached("the same beside memories without limits", ratio, "x the time", "at most 1.3")
    assert ratio <= 1.3


def test_a_streamed_projection(benchmark, reached):
    """A 4096 x 14336 layer at 50 %, 64 PEs: refilled for every vector, from DDR3."""
    layer = load_layer("random:4096x14336:density=0.5:activations=0.3")
    packed = compress(layer)
    config = load_machine("eie", capacity="stream", dram="ddr3-1600")
    simulate(config, compress(load_layer("random:4096x14336:density=0.02")),
             layer.activations)  # compiled
    start = process_time()
    result = simulate(config, packed, layer.activations)
    took = process_time() - start
    assert result.timed.passes > 10
    assert result.timed.refill_bits > 1e8
    job = make_job(config, packed, layer.activations)
    best = side_by_side({
        "scipy": scipy_product(packed, layer.activations),
        "time": lambda: run(config, job, outputs=False)}, seconds=3.0)
    benchmark.pedantic(run, (config, job), {"outputs": False}, rounds=3)
    reached("4096 x 14336 at 50 %, streamed, its image and outputs made", took, "s", "under 1")
    reached("the same again, time and counters", best["time"] / best["scipy"], "x SciPy",
            "at most 0.1")
    assert took < 1
    assert best["time"] <= 0.1 * best["scipy"]
