"""A whole LSTM step on the bank-balanced machine (contract B6)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.errors import UnsupportedError
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.job import make_job
from accelsim.machines.bbs.machine import MACHINE
from accelsim.records.recurrent import RecurrentLayer


def lstm_step_cycles(config: BbsConfig, layer: RecurrentLayer, engine: str = "fast") -> int:
    """Cycles of one time step at batch 1; values play no part in it.

    Raises
    ------
    UnsupportedError
        For layers other than LSTMs.
    """
    if layer.kind != "lstm":
        raise UnsupportedError(f"{layer.name}: the bank-balanced machine runs LSTM steps, "
                               f"not kind '{layer.kind}'")
    gates = [
        _cycles(config, np.hstack([layer.floats(f"W{g}x"), layer.floats(f"W{g}r")]), engine)
        for g in "ifco"
    ]
    one = config.elementwise_latency_cycles + -(-layer.n_cells // config.elementwise_width)
    peepholes = bool(layer.peepholes)
    # With peepholes a gate's sum follows its product; o needs c_t, so its product comes late.
    gate_work, late = (2 * one, 4 * one) if peepholes else (one, 3 * one)
    cycles = gates[0] + max(gates[1], gate_work) + max(gates[2], gate_work)
    cycles += max(gates[3], 2 * one) + late
    if "Wym" in layer.matrices:
        cycles += _cycles(config, layer.floats("Wym"), engine)
    return cycles


def _cycles(config: BbsConfig, weights: npt.NDArray[np.float64], engine: str) -> int:
    job = make_job(config, weights, np.ones(weights.shape[1]))
    return int(MACHINE.run(config, job, engine).counters.cycles)
