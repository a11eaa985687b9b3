"""A whole LSTM step on the bank-balanced machine (contract B6)."""

from __future__ import annotations

import numpy as np

from accelsim.errors import UnsupportedError
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.job import make_job
from accelsim.machines.bbs.machine import MACHINE
from accelsim.records.recurrent import RecurrentLayer


def lstm_step_cycles(config: BbsConfig, layer: RecurrentLayer, engine: str = "fast") -> int:
    """Cycles of one time step of one vector; values play no part in it.

    Raises
    ------
    UnsupportedError
        For layers other than LSTMs.
    """
    if layer.kind != "lstm":
        raise UnsupportedError(f"{layer.name}: the bank-balanced machine runs LSTM steps, "
                               f"not kind '{layer.kind}'")
    job = make_job(config, layer, np.zeros(layer.n_inputs))
    return int(MACHINE.run(config, job, engine).counters.cycles)
