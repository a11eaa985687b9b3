"""The nine published layers whole on 64 PEs under Verilator; two of them in every cycle."""

from __future__ import annotations

import pytest

from accelsim.api import choose_binary_points, make_job
from accelsim.compression import Recipe, compress
from accelsim.machines import load_config
from accelsim.rtl_bridge import cosim, run_layer, run_layers
from accelsim.workload import synthetic_layer
from tests.rtl.bench import BUILDS, RTL, difference
from tests.rtl.lenet import lenet_chain

pytestmark = pytest.mark.slow

LAYERS = ["alex-6", "alex-7", "alex-8", "vgg-6", "vgg-7", "vgg-8", "nt-we", "nt-wd", "nt-lstm"]
# Memories that hold all of them, so that one build serves them: vgg-6 has 25,088 columns
# and 101,068 entries in a PE.
MACHINE = load_config("eie", capacity="check", pointer_kb=128.0, pointer_bits=18, spmat_kb=256.0,
                      act_sram_kb=4.0)


def published_job(name, config):
    layer = synthetic_layer(name)
    packed = compress(layer, Recipe())
    return make_job(config, packed, layer.activations, choose_binary_points(config, packed))


@pytest.mark.parametrize("name", LAYERS)
def test_outputs_cycles_and_counters_are_the_models(name):
    job = published_job(name, MACHINE)
    rtl = run_layer(MACHINE, job, [RTL], BUILDS, sim="verilator")
    assert difference(MACHINE, job, rtl) is None


@pytest.mark.parametrize("name", ["nt-we", "nt-lstm"])
def test_every_cycle_is_the_models(name):
    """The others take the reference more memory than a test may."""
    config = load_config("eie", capacity="check")
    report = cosim(config, published_job(name, config), [RTL], BUILDS, sim="verilator")
    assert report.equal, report.told


def test_lenet_whole():
    """Each layer reads what the one before left in the array."""
    config = load_config("eie", act_sram_kb=4.0, capacity="check")
    jobs = lenet_chain(config, 7)
    for (job, _), rtl in zip(
        jobs, run_layers(config, jobs, [RTL], BUILDS, sim="verilator"), strict=True
    ):
        assert difference(config, job, rtl) is None, job.image.name
