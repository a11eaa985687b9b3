"""Lines, branches and toggles of the Verilog: every point is hit, or named with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.errors import InputError, UnsupportedError
from accelsim.rtl_bridge import icarus
from accelsim.rtl_bridge.coverage import Hole, Point, html_page, read_coverage, rows, split_holes
from accelsim.rtl_bridge.run import run_layer
from tests.rtl.bench import BUILDS, RTL, UNITS
from tests.rtl.code_coverage import LEAST_PERCENT, measured, not_unreachable, table
from tests.rtl.test_gates import LAYERS, case_of
from tests.rtl.test_rtl_readme import generated
from tests.rtl.unreachable import Folded

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
    text = "# SystemC::Coverage-3\n" + record("unit", "line", 2, "block", 7)
    text += record("unit", "branch", 3, "if", 7) + record("unit", "branch", 4, "else", 0)
    text += record("other", "line", 1, "block", 0)
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
    assert [(r.kind, r.hit, r.unreachable, r.holes, r.missed, r.percent)
            for r in rows(hits, excused)[:3]] == [
        ("line", 1, 0, 0, 0, 100.0), ("branch", 1, 0, 0, 1, 50.0), ("toggle", 2, 0, 1, 1, 50.0)]
    page = html_page(hits, excused, sources, {"a bin": 3})
    assert "why &lt;so&gt;" in page
    assert 'class="miss" title="else">    4         0      else b = 0;' in page
    assert 'class="hit" title="">    3         7' in page
    assert "<td>3<td>a bin" in page


def test_what_is_unreachable_does_not_count_and_a_hole_does(counted) -> None:
    path, sources = counted
    hits = read_coverage([path], sources)
    named = [Hole("unit", "c[3]", "wired", unreachable=True), Hole("unit", "c[0]", "rare")]
    excused, _ = split_holes(hits, named, sources)
    row = rows(hits, excused)[2]
    assert (row.total, row.unreachable, row.holes, round(row.percent)) == (4, 1, 1, 67)
    page = html_page(hits, excused, sources, {})
    assert page.index("rare") < page.index("Unreachable, not counted") < page.index("wired")


def test_a_hole_that_is_closed_is_an_error(counted) -> None:
    path, sources = counted
    hits = read_coverage([path], sources)
    with pytest.raises(InputError, match=r"hole unit c\[2:1\]: everything there is hit"):
        split_holes(hits, [Hole("unit", "c[2:1]", "why")], sources)
    excused, _ = split_holes(hits, [Hole("unit", "else", "why")], sources)
    assert list(excused) == [Point("unit", "branch", 4, "else")]


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


CHANGES = """
module leaf #(parameter integer Bits = 4) (
  input wire clk_i, rst_ni, go_i, output wire [Bits:0] d_o
);
  reg [1:0] one_q;  // one of two
  reg [Bits-1:0] count_q;
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) one_q <= 2'd1;
    else if (go_i) one_q <= {one_q[0], one_q[1]};
  end
  always @(posedge clk_i) if (go_i) count_q <= count_q + 1'b1;
  wire both = one_q[0] && one_q[1];
  wire some = one_q[0] || one_q[1];
  assign d_o = {1'b0, count_q};
endmodule
module top (input wire clk_i, rst_ni, go_i, output wire [4:0] d_o, output wire [2:0] e_o);
  leaf u_leaf (.clk_i(clk_i), .rst_ni(rst_ni), .go_i(go_i), .d_o(d_o));
  leaf #(.Bits(2)) u_two (.clk_i(clk_i), .rst_ni(rst_ni), .go_i(1'b0), .d_o(e_o));
endmodule
"""


def test_only_what_no_input_changes_is_proved_unreachable(tmp_path: Path) -> None:
    """Folding finds a wired bit, induction what two registers never hold at once."""
    source = tmp_path / "top.v"
    source.write_text(CHANGES)
    folded = Folded("top", {}, {"top": source})

    def point(what: str) -> Point:
        return Point("leaf", "toggle", 1, what)

    assert [folded.constant(point(what)) for what in ("d_o[4]", "d_o[2]", "d_o[3]", "d_o[9]")] == [
        True, False, False, False]
    assert not folded.has(point("d_o[9]"))
    ones = [("leaf", "some")]
    assert folded.not_proved([point("d_o[4]"), point("both"), point("some")], ones) == []
    assert folded.not_proved([point("both"), point("d_o[3]")], ones) == ["u_leaf.d_o[3]"]
    assert folded.not_proved([point("both"), point("some")], []) == ["u_leaf.some[0]"]


def test_every_line_and_every_bit_is_hit_or_named_with_its_reason() -> None:
    """Three builds, all layers of which are compared with the model."""
    text, missed = table()
    assert [str(point) for point in missed] == []
    assert not_unreachable() == []
    hits, excused, _ = measured()
    sums = [row for row in rows(hits, excused) if row.module == "all"]
    assert [row.kind for row in sums] == ["line", "branch", "toggle"]
    assert [row for row in sums if row.percent < LEAST_PERCENT] == []
    assert text.splitlines() == generated("lines"), (
        "run: python -m tests.rtl.code_coverage --write")
