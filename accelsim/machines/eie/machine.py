"""EIE as one record."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources

from accelsim.errors import InputError
from accelsim.machines.base import Machine, Part
from accelsim.machines.eie.config import EieConfig
from accelsim.records import CompressedConv, CompressedLayer
from accelsim.records.result import JobResult

_HERE = "accelsim.machines.eie"

TELLINGS: dict[str, Part] = {
    "functional": f"{_HERE}.functional:run",
    "reference": f"{_HERE}.reference.array:run",
    "fast": f"{_HERE}.fast.run:run",
}

MACHINE = Machine(
    config=EieConfig,
    config_file=resources.files(_HERE) / "eie.toml",
    takes=(CompressedLayer, CompressedConv),
    make_job=f"{_HERE}.works:make_job",
    tellings=TELLINGS,
    counters=f"{_HERE}.counters:Counters",
    lanes=lambda config: int(config.n_pe * config.issue_width),
    price=f"{_HERE}.energy:price",
    limits=f"{_HERE}.limits:limits",
    fit=f"{_HERE}.fit:fit",
    explain=f"{_HERE}.explain:details",
    remedies=f"{_HERE}.remedies:changes",
    chain=f"{_HERE}.chain:LayerChain",
    watch=f"{_HERE}.replay:replay",
    tracks=f"{_HERE}.tracks:view",
    requests=f"{_HERE}.requests:requests",
    metrics=f"{_HERE}.metrics:METRICS",
    rebuilds=(("n_pe", "rows", "index", "capacity", "regfile_depth"), ("spmat_width_bits",)),
    rtl=f"{_HERE}.rtl:RTL",
    cases=f"{_HERE}.cases:case",
)


def register_engine(name: str, run: Callable[..., JobResult]) -> None:
    """Offer another run of EIE under the name of an engine, as versions up to 0.1 did.

    An engine is a telling that agrees with the others; a machine that differs is a plug-in.

    Raises
    ------
    InputError
        If the name is taken.
    """
    if name in TELLINGS:
        raise InputError(f"there is an engine '{name}' already; choose another name")
    TELLINGS[name] = run
