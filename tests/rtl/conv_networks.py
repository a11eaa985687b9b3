"""Real convolutions for the Verilog array: LeNet-5 on digits, and a fire module of SqueezeNet."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

import accelsim
from accelsim import Conv2d, LossWarning, Recipe, compress
from accelsim.fixedpoint import read_activations
from accelsim.lowering.im2col import gather
from accelsim.machines import machine_of, run_job
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.machines.eie.rtl.expected_vectors import spans
from accelsim.machines.eie.rtl.host import places
from accelsim.machines.eie.rtl.images import Chained
from accelsim.machines.eie.works import make_job
from accelsim.machines.network_run import run_network
from accelsim.records import BinaryPoints
from accelsim.rtl_bridge import run_layers
from accelsim.rtl_bridge.cosim import counter_difference
from accelsim.rtl_bridge.spans import compare
from accelsim.rtl_bridge.trace import unpack
from accelsim.workload import load_digits
from tests.rtl.bench import BUILDS, ROOT, RTL

TRACES = ROOT / "traces"
_POINTS = BinaryPoints(weight_frac_bits=12, input_frac_bits=8, output_frac_bits=10)


def lenet5_jobs(config, digit, conv1=28, conv2=12):
    """The four layers on one digit, each with the values that it has in the network, and how it
    reads them: the pools between are the host's, fc2 reads what fc1 left.

    Parameters
    ----------
    conv1, conv2 : rows and columns, in the middle, of the map that a convolution runs on
    """
    images, _ = load_digits(TRACES / "lenet-300-100" / "digits.safetensors")
    image = images[digit : digit + 1].reshape(1, 1, 28, 28)
    jobs, points = {}, {}

    def keep(node, made, result):
        (jobs[node.name],) = made
        points[node.name] = result.binary_points

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)
        network = accelsim.load_network(TRACES / "lenet-5" / "pruned.safetensors",
                                        network="lenet-5")
        packed = compress(network, calibration=image)
        run_network(machine_of(config), config, packed, image, on_layer=keep)
    chained = Chained(True, points["fc1"].output_frac_bits - points["fc2"].input_frac_bits)
    return [(middle(jobs["conv1"], conv1), None), (middle(jobs["conv2"], conv2), None),
            (jobs["fc1"], None), (jobs["fc2"], chained)]


def middle(job, size):
    """A convolution on the middle of its map."""
    rows, columns = job.pixels.input_size
    images = job.pixels.maps[:-1].reshape(1, rows, columns, -1).transpose(0, 3, 1, 2)
    top, left = (rows - size) // 2, (columns - size) // 2
    return replace(job, pixels=gather(job.geometry, images[..., top : top + size,
                                                           left : left + size]))


def fire_chain(config, channels, size, seed=1):
    """A fire module and the convolution behind it: squeeze, expand 1 x 1, expand 3 x 3, and the
    next squeeze, which reads the concatenation; only the first one's map is written by a host.

    Parameters
    ----------
    channels : of the input, of the squeezed map, of each expanded one
    size : rows, columns
    """
    rng = np.random.default_rng(seed)
    first, narrow, wide = channels
    kinds = [("squeeze1x1", first, narrow, 1, None), ("expand1x1", narrow, wide, 1, (1,)),
             ("expand3x3", narrow, wide, 3, (2,)), ("next/squeeze1x1", 2 * wide, narrow, 1, (2, 1))]
    jobs, left = [], []
    for name, n_in, n_out, kernel, reads in kinds:
        weights = rng.standard_normal((n_out, n_in, kernel, kernel)) / np.sqrt(0.3 * n_in) / kernel
        conv = Conv2d(weights.astype(np.float32), rng.standard_normal(n_out) / 8, name=name,
                      padding=kernel // 2)
        chained = None
        maps = rng.random((n_in, *size)) * (rng.random((n_in, *size)) < 0.6) * 256
        if reads is not None:
            chained = Chained(True, _POINTS.output_frac_bits - _POINTS.input_frac_bits, reads)
            read = [read_activations(left[-back], True, chained.read_shift, config.activation_bits)
                    for back in reads]
            maps = np.concatenate(read, axis=1).T.reshape(n_in, *size)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LossWarning)
            packed = compress(conv, Recipe(density=0.3, weight_bits=config.weight_bits))
        job = make_job(config, packed, maps.astype(np.int64), _POINTS, fixed_point=True)
        left.append(run_job("functional", config, job).outputs)
        jobs.append((job, chained))
    return jobs


def chain_fault(config, jobs, rtl_dirs=(RTL,), builds=BUILDS, **options):
    """The first difference of jobs in a row to the reference: every field of every cycle, outputs,
    cycles, counters; in words, or None."""
    parameters = EIE.parameters(config, jobs, trace=True)
    results = run_layers(config, jobs, list(rtl_dirs), builds, trace=True, **options)
    for (job, _), place, rtl in zip(jobs, places(config, jobs), results, strict=True):
        held = compare(spans(config, job, parameters, place),
                       lambda first, end, trace=rtl.trace: unpack(parameters, trace[first:end]),
                       len(rtl.trace), ())
        told = held.difference or counter_difference(rtl, held.model.counters)
        if told is not None:
            return f"{job.name}: {told}"
        if rtl.cycles != held.model.counters.cycles:
            return f"{job.name}: {rtl.cycles} cycles, {held.model.counters.cycles} in the model"
        if rtl.outputs is None or not np.array_equal(rtl.outputs, held.model.outputs):
            return f"{job.name}: outputs"
    return None
