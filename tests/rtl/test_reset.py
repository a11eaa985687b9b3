"""Reset in every cycle of a layer leaves the array at rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.rtl.bench import RTL, UNITS
from tests.rtl.reset_bench import reset_faults


@pytest.mark.parametrize("bypass", [True, False])
def test_reset_in_every_cycle(tmp_path: Path, bypass: bool) -> None:
    printed = reset_faults([RTL], tmp_path, bypass)
    match = re.fullmatch(r"faults 0 in (\d+) cycles", printed[-1])
    assert match, printed
    assert int(match[1]) > 20  # load, compute, drain and store are all in it


@pytest.mark.parametrize(
    ("unit", "register"),
    [("arith_unit", "s3_valid_q"), ("ccu", "done_q"), ("spmat_read", "busy_q"),
     ("regfile", "written_q"), ("pe_counters", "act_sram_writes")],
)
def test_a_register_that_reset_forgets_is_found(
    tmp_path: Path, unit: str, register: str
) -> None:
    text = UNITS[unit].read_text()
    head, reset, rest = text.partition("if (!rst_ni) begin")
    branch, end, tail = rest.partition("end")
    assert re.search(rf"\b{register}\b", branch)
    changed = re.sub(rf"\b{register} *<=[^;]*;|, {register}\b(?=.*\}} <=)", "", branch)
    changed = changed.replace("{2{Zero}}", "{1{Zero}}") if unit == "pe_counters" else changed
    (tmp_path / f"{unit}.v").write_text(head + reset + changed + end + tail)
    printed = reset_faults([tmp_path, RTL], tmp_path)
    assert not printed[-1].startswith("faults 0 "), printed
