"""Random machines and layers that ESE's Verilog takes."""

from __future__ import annotations

import math
from contextlib import suppress

import numpy as np

from accelsim.errors import InputError
from accelsim.machines import get_machine, load_machine
from accelsim.machines.ese import cases
from accelsim.machines.ese.sizes import stored
from accelsim.workload.random_recurrent import random_recurrent

KINDS = ("lstm", "lstm", "gru", "linear")


def random_case(seed, **overrides):
    """(config, job) of a small machine; what the Verilog refuses is not drawn."""
    rng = np.random.default_rng(seed)
    drawn, layer, inputs = cases.case(rng)
    config = load_machine("ese", **{**drawn, "dram": "none", **overrides})
    return config, get_machine("ese").job(config, layer, inputs[:, :config.n_channels])


def random_group(seed, jobs, channels=8, pes=32, sides=None, **overrides):
    """(config, jobs) of a machine of up to so many channels and PEs, whose buffers the largest of
    its matrices fill to the last entry and pointer; ``sides`` are the most inputs and cells."""
    rng = np.random.default_rng(seed)
    drawn, _, _ = cases.case(rng)
    n_pe, n_channels = int(rng.integers(1, pes + 1)), int(rng.integers(1, channels + 1))
    drawn |= {
        "n_pe": n_pe, "n_channels": n_channels, "capacity": "ignore", "dram": "none",
        "elementwise_width": int(rng.integers(1, min(n_pe, 6) + 1)),
        "weight_bits": int(rng.integers(4, 17)), "activation_bits": int(rng.choice([8, 16, 16])),
        "pointer_bits": int(rng.choice([16, 32])), "act_queue_depth": int(rng.integers(1, 18)),
        "ddr_word_bits": int(rng.choice([32, 64, 128, 512, 1024])),
        "ddr_latency_cycles": int(rng.integers(1, 80)),
        "elementwise_latency_cycles": int(rng.integers(1, 30)),
        "column_align_bits": int(rng.choice([1, 16, 64, 512])),
        "table_samples": 2 ** int(rng.integers(1, 12)),
        "sigmoid_input_max": 2.0 ** int(rng.integers(-1, 8)),
        "tanh_input_max": 2.0 ** int(rng.integers(-1, 8)),
    }
    drawn |= overrides
    n_pe, n_channels = drawn["n_pe"], drawn["n_channels"]
    config, machine = load_machine("ese", **drawn), get_machine("ese")
    found = []
    while len(found) < jobs:
        layer = random_recurrent(rng, str(rng.choice(KINDS)), sides or (12 if n_pe < 8 else 40))
        used = int(rng.integers(1, n_channels + 1))
        steps = int(rng.integers(1, 3 if sides else 5))
        walk = np.cumsum(rng.normal(0, 0.5, (steps, used, layer.n_inputs)), axis=0)
        # Binary points of smaller inputs than those that are run: values that saturate.
        share = float(rng.choice([1.0, 0.2]))
        with suppress(InputError):  # binary points that no shift joins: refused, drawn again
            found.append(machine.job(config, layer, walk, calibration=walk * share))
    return full(config, found), found


def full(config, jobs):
    """The machine whose buffers the largest matrices of the jobs fill exactly."""
    sizes = [stored(stream) for job in jobs for stream in job.streams.values()]
    entries, pointers = (max(1, most) for most in np.max(sizes, axis=0).tolist())
    return config.model_copy(update={
        "capacity": "check", "weight_buffer_kb": entries * config.entry_bits / 8192,
        "pointer_buffer_kb": pointers * config.pointer_bits / 8192,
    })


def smaller(config, what):
    """The same machine with a buffer, "weight" or "pointer", that holds one less."""
    bits = config.entry_bits if what == "weight" else config.pointer_bits
    name = f"{what}_buffer_kb"
    held = math.floor(getattr(config, name) * 8192) // bits
    return config.model_copy(update={name: (held - 1) * bits / 8192})
