"""The bank-balanced machine as one record."""

from __future__ import annotations

from importlib import resources

import numpy as np

from accelsim.machines.base import Machine
from accelsim.machines.bbs.config import BbsConfig
from accelsim.records import CscMatrix
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import RecurrentLayer

_HERE = "accelsim.machines.bbs"

MACHINE = Machine(
    config=BbsConfig,
    config_file=resources.files(_HERE) / "bbs.toml",
    takes=(RecurrentLayer, LinearWeights, CscMatrix, np.ndarray),
    make_job=f"{_HERE}.job:make_job",
    tellings={
        "functional": f"{_HERE}.functional:run",
        "reference": f"{_HERE}.reference.array:run",
        "fast": f"{_HERE}.fast:run",
    },
    counters=f"{_HERE}.counters:BbsCounters",
    lanes=lambda config: config.n_pe * config.n_banks,
    price=f"{_HERE}.energy:price",
    limits=f"{_HERE}.limits:limits",
    explain=f"{_HERE}.explain:details",
    remedies=f"{_HERE}.remedies:changes",
    tracks=f"{_HERE}.tracks:view",
    metrics=f"{_HERE}.metrics:METRICS",
    cases=f"{_HERE}.cases:case",
    recipe={"values": "linear"},
)
