"""Engines of EIE by the names that they had before machines were records."""

from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.machine import TELLINGS as ENGINES
from accelsim.machines.eie.machine import register_engine
from accelsim.machines.registry import run_job

__path__: list[str] = []  # modules of the old package are found by `accelsim.moved`

__all__ = ["ENGINES", "LayerJob", "register_engine", "run_job"]
