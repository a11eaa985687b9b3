"""Counters to joules, watts and square millimetres; every number with node, voltage and source."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from accelsim.energy.report import EnergyReport
from accelsim.energy.sram import SramTable, load_sram_table

__all__ = ["EnergyReport", "SramTable", "load_sram_table", "price"]


def price(config: Any, counters: Any, *rules: Any, **options: Any) -> EnergyReport:
    """As `accelsim.price`, by the name that it had before: every machine has a price of its own."""
    report: EnergyReport = import_module("accelsim.api").price(config, counters, *rules, **options)
    return report
