"""Convolutions on the fast engine, for processes with kernels of another kind."""

import warnings

from accelsim import LossWarning
from accelsim.machines.eie.machine import MACHINE
from tests.convolution.cases import make_case

PLAIN = {
    "seed": 1, "n": 1, "size": (3, 4), "group": (3, 9), "kernel": (2, 2),
    "geometry": {"stride": 1, "padding": 1, "dilation": 1, "groups": 1}, "density": 0.5,
    "active": 0.5, "bias": "column", "calibrated": True, "machine": {"n_pe": 4},
}
SMALL = (
    {}, {"machine": {"n_pe": 16}}, {"active": 1.0}, {"bias": "accumulator"},
    {"machine": {"n_pe": 2, "regfile_depth": 3, "spmat_width_bits": 640, "spmat_kb": 1024.0}},
)


def convolutions():
    """Each of them equal to the reference."""
    warnings.simplefilter("ignore", LossWarning)  # drawn biases are coarse in a codebook
    for changed in SMALL:
        case = make_case(**PLAIN | changed)
        job = MACHINE.job(case.config, case.packed, case.images)
        fast, slow = (MACHINE.run(case.config, job, e) for e in ("fast", "reference"))
        told = slow.counters.difference(fast.counters)
        assert told is None, told
        assert fast.outputs.tolist() == slow.outputs.tolist()
        MACHINE.run(case.config, job, "fast", outputs=False)


if __name__ == "__main__":
    convolutions()
