"""Random machines and layers that ESE's Verilog takes."""

from __future__ import annotations

import numpy as np

from accelsim.machines import get_machine, load_machine
from accelsim.machines.ese import cases


def random_case(seed, **overrides):
    """(config, job) of a small machine; what the Verilog refuses is not drawn."""
    rng = np.random.default_rng(seed)
    drawn, layer, inputs = cases.case(rng)
    config = load_machine("ese", **{**drawn, **overrides})
    return config, get_machine("ese").job(config, layer, inputs[:, :config.n_channels])
