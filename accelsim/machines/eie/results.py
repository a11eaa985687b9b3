"""Counters and results by the names that they had in one module before."""

from accelsim.machines.eie.counters import Counters, add_counters
from accelsim.records.result import RunResult

__all__ = ["Counters", "RunResult", "add_counters"]
