"""LeNet-300-100 on real digits, as jobs."""

from __future__ import annotations

from accelsim.api import make_job
from accelsim.compression import Recipe, compress_network
from accelsim.fixedpoint import read_activations
from accelsim.machines import run_job
from accelsim.machines.eie.rtl.images import Chained
from accelsim.network import calibrated, network_binary_points
from accelsim.workload import load_digits, load_network
from tests.rtl.bench import ROOT

FOLDER = ROOT / "traces" / "lenet-300-100"


def lenet_chain(config, digit):
    """Jobs of the three layers on one digit, and how each reads what the one before left."""
    images, _ = load_digits(FOLDER / "digits.safetensors")
    network = load_network(FOLDER / "pruned.safetensors")
    layers = calibrated(compress_network(network.layers, Recipe()), images)
    points = network_binary_points(config, layers, images[digit : digit + 1])
    jobs, current, chained = [], images[digit], None
    for index, (packed, point) in enumerate(zip(layers, points, strict=True)):
        job = make_job(config, packed, current, point, fixed_point=index > 0)
        jobs.append((job, chained))
        if index + 1 < len(layers):
            raw = run_job("functional", config, job).outputs
            shift = point.output_frac_bits - points[index + 1].input_frac_bits
            chained = Chained(packed.relu, shift)
            current = read_activations(raw, packed.relu, shift, config.activation_bits)
    return jobs
