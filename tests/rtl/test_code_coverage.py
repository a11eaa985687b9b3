"""Lines and toggles of the Verilog: every point is hit, or is a hole with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.errors import InputError, UnsupportedError
from accelsim.rtl_bridge import icarus
from accelsim.rtl_bridge.coverage import Hole, Point, html_page, read_coverage, rows, split_holes
from accelsim.rtl_bridge.run import run_layer
from tests.rtl.bench import BUILDS, RTL, UNITS
from tests.rtl.code_coverage import LEAST_PERCENT, measured, table
from tests.rtl.test_gates import LAYERS, case_of
from tests.rtl.test_rtl_readme import generated

SOURCE = """module unit;
  always @* begin
    if (a) b = 1;
    else b = 0;
  end
  wire [3:0] c;
"""


def record(module: str, kind: str, line: int, what: str, count: int, instance: str = "u") -> str:
    fields = {"f": f"/x/{module}.v", "l": line, "page": f"v_{kind}/{module}__P", "o": what,
              "h": f"TOP.{instance}"}
    return f"C '{''.join(f'{chr(1)}{k}{chr(2)}{v}' for k, v in fields.items())}' {count}\n"


@pytest.fixture
def counted(tmp_path: Path) -> tuple[Path, dict[str, Path]]:
    """A file of coverage of two instances, and the source."""
    (tmp_path / "unit.v").write_text(SOURCE)
    text = "# SystemC::Coverage-3\n" + record("unit", "line", 3, "if", 7)
    text += record("unit", "line", 4, "else", 0) + record("other", "line", 1, "block", 0)
    for bit, (one, two) in enumerate([(0, 0), (0, 4), (2, 1), (0, 0)]):
        text += record("unit", "toggle", 6, f"c[{bit}]", one)
        text += record("unit", "toggle", 6, f"c[{bit}]", two, "v")
    (tmp_path / "coverage.dat").write_text(text)
    return tmp_path / "coverage.dat", {"unit": tmp_path / "unit.v"}


def test_instances_are_one_and_holes_have_reasons(counted) -> None:
    path, sources = counted
    hits = read_coverage([path], sources)
    assert hits[Point("unit", "toggle", 6, "c[2]")] == 3
    excused, missed = split_holes(hits, [Hole("unit", "c[3]", "why <so>")], sources)
    assert [str(point) for point in missed] == ["unit.v:4 else", "unit.v:6 c[0]"]
    assert [(r.kind, r.hit, r.holes, r.missed) for r in rows(hits, excused)[:2]] == [
        ("line", 1, 0, 1), ("toggle", 2, 1, 1)]
    page = html_page(hits, excused, sources, {"a bin": 3})
    assert "why &lt;so&gt;" in page
    assert 'class="miss" title="else">    4         0      else b = 0;' in page
    assert 'class="hit" title="">    3         7' in page
    assert "<td>3<td>a bin" in page


def test_a_hole_that_is_closed_is_an_error(counted) -> None:
    path, sources = counted
    hits = read_coverage([path], sources)
    with pytest.raises(InputError, match=r"hole unit c\[2:1\]: everything there is hit"):
        split_holes(hits, [Hole("unit", "c[2:1]", "why")], sources)
    excused, _ = split_holes(hits, [Hole("unit", "else", "why")], sources)
    assert list(excused) == [Point("unit", "line", 4, "else")]


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.dat").write_text("nothing")
    with pytest.raises(InputError, match="no coverage of these modules"):
        read_coverage([tmp_path / "empty.dat"], UNITS)
    with pytest.raises(InputError, match=r"none\.dat: No such file"):
        read_coverage([tmp_path / "none.dat"], UNITS)
    case = case_of(LAYERS[0])
    with pytest.raises(UnsupportedError, match="icarus counts no coverage"):
        icarus.build(None, "", {}, [RTL], tmp_path, coverage=True)
    assert run_layer(case.config, case.job, [RTL], BUILDS).outputs is not None


def test_every_line_and_every_bit_is_hit_or_a_named_hole() -> None:
    """One build, all layers of which are compared with the model."""
    text, missed = table()
    assert missed == []
    hits, excused, _ = measured()
    for row in rows(hits, excused):
        assert row.percent >= LEAST_PERCENT, row
    assert text.splitlines() == generated("lines"), (
        "run: python -m tests.rtl.code_coverage --write")
