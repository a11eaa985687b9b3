"""How fast convolutions are on the fast engine, beside SciPy in the same process: `make bench`."""

from dataclasses import replace
from time import thread_time

import numpy as np
import pytest
import scipy.sparse

from accelsim import Conv2d, Recipe, compress, load_machine, load_network, simulate
from accelsim.machines.eie.fast.run import run as run_vector
from accelsim.machines.eie.fast.vectors import run
from accelsim.machines.eie.machine import MACHINE
from tests.bench.measure import best_wall, process, side_by_side

pytestmark = pytest.mark.bench

# (channels in, out, kernel, pixels a side, weights kept, activations that are not zero): layers of
# SqueezeNet 1.0 as its authors compressed it, on one photo (published; densities measured).
LAYERS = {
    "conv1": (3, 96, 7, 111, 0.98, 1.0),
    "fire3 squeeze": (128, 16, 1, 55, 0.99, 0.54),
    "fire4 expand 3x3": (32, 128, 3, 55, 0.33, 0.80),
    "fire8 expand 3x3": (64, 256, 3, 27, 0.30, 0.71),
}
BOUNDS = {  # x SciPy in full, and time and counters only: half as much again as measured
    "conv1": (0.63, 0.31), "fire3 squeeze": (1.6, 0.62), "fire4 expand 3x3": (3.2, 2.1),
    "fire8 expand 3x3": (1.7, 0.89),
}
CONFIG = load_machine("eie", weight_bits=8, capacity="ignore")
FOUR_BITS = load_machine("eie", capacity="ignore")


def drawn(inside, outside, kernel, side, kept, active):
    """A convolution without padding whose output has ``side`` pixels a side, and its image."""
    rng = np.random.default_rng(1)
    shape = inside, side + kernel - 1, side + kernel - 1
    image = np.abs(rng.standard_normal(shape)) * (rng.random(shape) < active)
    weights = rng.standard_normal((outside, inside, kernel, kernel)).astype(np.float32)
    return compress(Conv2d(weights), Recipe(density=kept, weight_bits=CONFIG.weight_bits)), image


def scipy_product(packed, job):
    """The same weights times all vectors at once, as compressed sparse rows of float32."""
    matrix = scipy.sparse.csr_array(packed.layer.decoded().to_dense())
    vectors = job.pixels.vectors(0, job.n_vectors).T.astype(np.float32, order="C")
    return lambda: matrix @ vectors


@pytest.mark.parametrize("name", LAYERS)
def test_one_thread_beside_scipy(name, benchmark, reached):
    packed, image = drawn(*LAYERS[name])
    job = MACHINE.job(CONFIG, packed, image)
    best = side_by_side({
        "scipy": scipy_product(packed, job),
        "full": lambda: run(CONFIG, job, True, run_vector, threads=1, narrow=True),
        "time": lambda: run(CONFIG, job, False, run_vector, threads=1),
    })
    benchmark.pedantic(run, (CONFIG, job, True, run_vector), rounds=3)
    for what, bound in zip(("full", "time"), BOUNDS[name], strict=True):
        took = best[what] / best["scipy"]
        reached(f"{name}, all vectors, {what}", took, "x SciPy", f"at most {bound}")
        assert took <= bound


def test_vgg_16_beside_scipy(benchmark, reached):
    """Its 13 convolutions, numbers drawn at the published densities, each once by each."""
    for outputs in (True, False):  # kernels
        packed, image = drawn(3, 5, 3, 8, 0.5, 0.5)
        run(CONFIG, MACHINE.job(CONFIG, packed, image), outputs, run_vector, threads=1)
    took = dict.fromkeys(("scipy", "full", "time"), 0.0)
    products = 0
    for conv in load_network("vgg-16").layers:
        if not isinstance(conv, Conv2d):
            continue
        # Without activations nothing is calibrated; the job chooses its binary points.
        packed = compress(replace(conv, activations=None), Recipe(bias="accumulator"))
        job = MACHINE.job(FOUR_BITS, packed, conv.activations)
        works = {
            "scipy": scipy_product(packed, job),
            "full": lambda job=job: run(FOUR_BITS, job, True, run_vector, threads=1),
            "time": lambda job=job: run(FOUR_BITS, job, False, run_vector, threads=1),
        }
        for what, work in works.items():
            start = thread_time()
            result = work()
            took[what] += thread_time() - start
        products += int(result.counters.macs.sum())
    benchmark.pedantic(works["time"], rounds=1)
    assert products == pytest.approx(3.2e9, rel=0.05)  # effectual ones, as published
    for what in ("full", "time"):
        reached(f"VGG-16, 13 convolutions, all vectors, {what}", took[what] / took["scipy"],
                "x SciPy")


def test_memory_of_vgg_16(benchmark, reached):
    """All of its layers on inputs of their own, 64 PEs, a process of its own."""
    code = (
        "import accelsim\n"
        "from accelsim.machines import machine_of\n"
        "from accelsim.machines.network_alone import run_alone\n"
        "config = accelsim.load_machine('eie', capacity='ignore')\n"
        "network = accelsim.load_network('vgg-16')\n"
        "print(run_alone(machine_of(config), config, network).cycles)\n")
    _, processor, most = benchmark.pedantic(process, ("-c", code), rounds=1)
    reached("VGG-16, 16 layers, one image, cold process", processor, "s of processor")
    reached("VGG-16, 16 layers, one image, memory", most / 1e9, "GB", "under 2")
    assert most < 2e9


def test_a_layer_of_50_000_small_vectors(benchmark, reached):
    packed, image = drawn(16, 64, 1, 224, 0.3, 0.5)

    def layer():
        return simulate(CONFIG, packed, image)

    assert benchmark.pedantic(layer, rounds=2).n_vectors == 50_176
    took = best_wall({"layer": layer})["layer"] / 50_176 * 1e6
    reached("50,176 vectors of 16 activations, outputs and all counters", took, "us a vector",
            "under 10")
    assert took < 10
