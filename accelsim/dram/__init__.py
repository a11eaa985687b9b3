"""DRAM: parts with their sources, how long they take to read a list of bursts, what that costs.

Rules in README.md, told twice: `controller` clock by clock, `rows` as a recurrence over rows.
"""

from accelsim.dram.part import DramPart, load_part, part_names
from accelsim.dram.requests import Reading, Requests

__all__ = ["DramPart", "Reading", "Requests", "load_part", "part_names"]
