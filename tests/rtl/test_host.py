"""The host reads back what it wrote, from every memory of every PE."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rtl.bench import BUILDS, RTL, UNITS
from tests.rtl.host_bench import host_fault


@pytest.mark.parametrize(("machine", "counters"),
                         [("three", True), ("three", False), ("least", True)])
def test_what_is_written_is_read_back(machine: str, counters: bool) -> None:
    assert host_fault([RTL], BUILDS, machine, counters) is None


@pytest.mark.parametrize(
    ("unit", "old", "new"),
    [
        ("act_rw", "assign io_source_rdata_o      = source_value;",
         "assign io_source_rdata_o      = destination_value;"),
        ("ptr_read", "assign io_rdata_o   = io_addr_i[0] ?", "assign io_rdata_o   = odd_q ?"),
        ("eie_array", "(io_pe_i == Index || io_mem_i == 4'd2)", "1'b1"),
    ],
)
def test_a_wrong_read_is_found(tmp_path: Path, unit: str, old: str, new: str) -> None:
    text = UNITS[unit].read_text()
    assert text.count(old) == 1
    (tmp_path / f"{unit}.v").write_text(text.replace(old, new))
    assert host_fault([tmp_path, RTL], tmp_path) is not None
