"""The page of networks names the operators that are read, all and no other."""

from __future__ import annotations

import re
from pathlib import Path

from accelsim.workload.onnx_network import _OPERATORS

PAGE = Path(__file__).parents[2] / "accelsim/workload/graphs/README.md"


def test_every_operator_is_told() -> None:
    section = PAGE.read_text().split("## ONNX models")[1].split("\n## ")[0]
    rows = [line.split("|")[2] for line in section.splitlines() if line.startswith("| ")][2:]
    told = {word for row in rows for word in re.findall(r"\b[A-Z]\w+", row)}
    assert told == {*_OPERATORS}
