"""ESE as one record."""

from __future__ import annotations

from importlib import resources

from accelsim.machines.base import Machine
from accelsim.machines.ese.config import EseConfig
from accelsim.records.recurrent import RecurrentLayer

_HERE = "accelsim.machines.ese"

MACHINE = Machine(
    config=EseConfig,
    config_file=resources.files(_HERE) / "ese.toml",
    takes=(RecurrentLayer,),
    make_job=f"{_HERE}.job:make_job",
    tellings={
        "functional": f"{_HERE}.functional:run",
        "reference": f"{_HERE}.reference.array:run",
        "fast": f"{_HERE}.fast:run",
    },
    counters=f"{_HERE}.counters:EseCounters",
    price=f"{_HERE}.energy:price",
    limits=f"{_HERE}.limits:limits",
    fit=f"{_HERE}.fit:fit",
    explain=f"{_HERE}.explain:details",
    remedies=f"{_HERE}.remedies:changes",
    tracks=f"{_HERE}.tracks:view",
    metrics=f"{_HERE}.metrics:METRICS",
    rebuilds=(("n_pe", "capacity"),),
    cases=f"{_HERE}.cases:case",
    rtl=f"{_HERE}.rtl:RTL",
    recipe={"values": "linear"},
)
