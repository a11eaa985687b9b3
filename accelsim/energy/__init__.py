"""Counters to joules, watts and square millimetres; every number with node, voltage and source."""

from accelsim.energy.model import EnergyReport, price
from accelsim.energy.sram import SramTable, load_sram_table

__all__ = ["EnergyReport", "SramTable", "load_sram_table", "price"]
