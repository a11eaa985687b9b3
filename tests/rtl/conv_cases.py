"""Convolutions for the Verilog array: everything that the loops of gather.v can do."""

from __future__ import annotations

import warnings
from functools import cache

from accelsim import LossWarning
from accelsim.fixedpoint import read_activations
from accelsim.machines import run_job
from accelsim.machines.eie.rtl.images import Chained
from accelsim.machines.eie.works import make_job
from accelsim.records import BinaryPoints
from tests.contracts import cases as layers
from tests.convolution.cases import make_case

# Two rows a pixel, three batches of inputs, two tiles of outputs; nothing is even.
MACHINE = {"n_pe": 3, "act_queue_depth": 2, "regfile_depth": 4, "capacity": "check",
           "act_sram_kb": 0.125, "pointer_kb": 1.0, "spmat_kb": 1.0}
FIRST = {
    "seed": 3, "n": 2, "size": (4, 4), "group": (5, 14), "kernel": (2, 3), "density": 0.4,
    "active": 0.6, "bias": "accumulator", "calibrated": True, "machine": MACHINE,
    "geometry": {"stride": (2, 1), "padding": ((1, 0), (2, 1)), "dilation": (1, 2), "groups": 1},
}
# Reads what the first one leaves: 14 channels of two images, 2 x 3 pixels each. Below the first one
# lies the second: a map with as many rows as columns would read that for the padding.
SECOND = FIRST | {
    "seed": 4, "size": (2, 3), "group": (7, 2), "kernel": (1, 2), "bias": "column",
    "geometry": {"stride": (1, 2), "padding": ((1, 1), (0, 1)), "dilation": (1, 1), "groups": 2},
}
# Addresses, positions, times, and steps back and forth, beyond 12 bits.
LONG = {
    "seed": 5, "n": 1, "size": (2, 4300), "group": (1, 3), "kernel": (2, 4250), "density": 0.003,
    "active": 0.1, "bias": "", "calibrated": True,
    "geometry": {"stride": (1, 50), "padding": ((0, 0), (0, 50)), "dilation": (1, 1), "groups": 1},
    "machine": MACHINE | {"n_pe": 1, "index_bits": 8, "regfile_depth": 1024, "pointer_kb": 32.0},
}


def conv_case(words):
    """(configuration, job) of a drawn convolution."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)
        case = make_case(**words)
        return case.config, make_job(case.config, case.packed, case.images)


@cache
def conv_chain():
    """A configuration, and jobs with how each reads what the one before left: two convolutions in
    a row, a layer, and the first convolution again."""
    config, first = conv_case(FIRST)
    chained = Chained(relu=True, read_shift=2)
    left = run_job("functional", config, first).outputs
    read = read_activations(left, chained.relu, chained.read_shift, config.activation_bits)
    images = read.reshape(2, *SECOND["size"], -1).transpose(0, 3, 1, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)
        packed = make_case(**SECOND).packed
    second = make_job(config, packed, images, BinaryPoints(12, 10, 10), fixed_point=True)
    layer = layers.make_case(seed=6, n_in=20, n_out=13, weights=0.4, active=0.6, bias=True,
                             values="any", shift=14, overrides=MACHINE).job
    return config, [(first, None), (second, chained), (layer, None), (first, None)]
