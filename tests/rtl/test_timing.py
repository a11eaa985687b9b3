"""Library, longest paths and switching energy against hand-made netlists of a few cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.errors import InputError
from rtl.synth.liberty import read_library
from rtl.synth.netlist import Instance, Netlist
from rtl.synth.power import count_changes, unit_powers
from rtl.synth.timing import START_SLEW_NS, Timing, fo4_ns

# Delay 1 + 10 x load for a rising output, 2 + 10 x load for a falling one; slews do not change.
TABLE = 'index_1 ("0.1, 0.2"); index_2 ("0.06, 1"); values ("{0}, {0}", "{1}, {1}");'
ONE_SLEW = 'index_1 ("0.1, 0.2"); index_2 ("0.06, 1"); values ("0.06, 0.06", "0.06, 0.06");'


def arc(pin: str, kind: str) -> str:
    rise, fall = TABLE.format(2, 3), TABLE.format(3, 4)
    return (f'timing() {{ related_pin : "{pin}"; {kind} cell_rise(t) {{ {rise} }} '
            f'cell_fall(t) {{ {fall} }} rise_transition(t) {{ {ONE_SLEW} }} '
            f'fall_transition(t) {{ {ONE_SLEW} }} }}')


POWER = (f"internal_power() {{ rise_power(p) {{ {TABLE.format(0.5, 0.5)} }} "
         f"fall_power(p) {{ {TABLE.format(1.5, 1.5)} }} }}")
LIBRARY = f"""/* tiny */ library (tiny) {{ nom_voltage : 2.0;
cell (INV) {{ area : 1; pin(A) {{ direction : input; capacitance : 0.1; }}
  pin(Y) {{ direction : output; function : "!A"; {arc("A", "timing_sense : negative_unate;")}
    {POWER} }} }}
cell (DFF) {{ area : 4; ff (I, N) {{ next_state : "D"; clocked_on : "C"; }}
  pin(C) {{ direction : input; clock : true; capacitance : 0.2; }}
  pin(D) {{ direction : input; capacitance : 0.1; timing() {{ related_pin : "C";
    timing_type : setup_rising; rise_constraint(s) {{ {TABLE.format(5, 5)} }}
    fall_constraint(s) {{ {TABLE.format(7, 7)} }} }} }}
  pin(Q) {{ direction : output; function : "I"; {arc("C", "timing_type : rising_edge;")} }} }} }}
"""


@pytest.fixture
def library(tmp_path: Path):
    (tmp_path / "tiny.lib").write_text(LIBRARY)
    return read_library(tmp_path / "tiny.lib")


# q -> INV -> n -> INV -> d, and n drives two more inverters: loads 0.1, 0.3, 0.1.
def netlist() -> Netlist:
    def cell(name, kind, **nets):
        return Instance(name, kind, {pin: (net,) for pin, net in nets.items()})

    cells = (
        cell("u_a.ff", "DFF", C=2, D=5, Q=3), cell("u_a.i1", "INV", A=3, Y=4),
        cell("u_b.i2", "INV", A=4, Y=5), cell("u_b.i3", "INV", A=4, Y=6),
        cell("u_b.i4", "INV", A=4, Y=7),
    )
    return Netlist(cells, {"clk_i": ("input", (2,)), "x_o": ("output", (6,))},
                   {2: "clk_i", 3: "q", 4: "n", 5: "d", 6: "x", 7: "z"})


def test_the_longest_path_by_hand(library) -> None:
    """Q falls (3 at load 0.1), n rises (4 at 0.3, beyond the table), d falls (3), setup 7; the
    other way round Q rises (2), n falls (5), d rises (2), setup 5."""
    found = Timing(netlist(), library).longest()
    assert (found.ns, found.start, found.end, found.cells) == (17.0, "q", "q", 2)
    out = Timing(netlist(), library).longest(ends=lambda name: name == "x_o")
    # Nothing loads x: below the table's first load its first value counts.
    assert (out.ns, out.end) == (10.0, "x_o")


def test_fo4_by_hand(library) -> None:
    """Four inverters are 0.4, beyond the table, which ends at 0.2 with 3 and 4."""
    assert fo4_ns(library, "INV") == 3.5
    assert START_SLEW_NS == 0.06


def test_energy_by_hand(library) -> None:
    powers = unit_powers(netlist(), library, {"clk_i": 4, "q": 2, "n": 2, "d": 1})
    # clock pin: 4 x 0.5 x 0.2 x 4; q: 2 x 0.5 x 0.1 x 4; n: 2 x (0.5 x 0.3 x 4 + 1 inside)
    assert powers["a"].clock_pj == pytest.approx(1.6)
    assert powers["a"].pj == pytest.approx(1.6 + 0.4 + 2 * (0.6 + 1.0))
    assert powers["b"].pj == pytest.approx(0.5 * 0.1 * 4 + 1.0)
    assert (powers["a"].cells, powers["a"].changes, powers["b"].changes) == (2, 4, 1)


def test_changes_of_a_waveform(tmp_path: Path) -> None:
    vcd = tmp_path / "a.vcd"
    vcd.write_text("$scope module u_gates $end\n$var wire 1 ! a [3] $end\n$var wire 4 # b $end\n"
                   "$scope module cell $end\n$var wire 1 ! Y $end\n$upscope $end\n$upscope $end\n"
                   "$enddefinitions $end\n#0\n0!\nb0 #\n#5\n1!\n#9\n0!\n")
    assert count_changes(vcd) == {"a[3]": 2}
    vcd.write_text("$scope module tb $end\n$enddefinitions $end\n")
    with pytest.raises(InputError, match="holds no netlist"):
        count_changes(vcd)


def test_a_library_without_delays_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.lib").write_text("library (x) { nom_voltage : 1; }")
    with pytest.raises(InputError, match="no tables of delay"):
        read_library(tmp_path / "x.lib")
    with pytest.raises(InputError, match="No such file"):
        read_library(tmp_path / "none.lib")
