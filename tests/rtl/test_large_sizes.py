"""Widths and depths that only large or odd parameters reach, and a start in the cycle of done."""

from __future__ import annotations

import shutil

import pytest

from tests.rtl.bench import BUILDS, RTL, UNITS
from tests.rtl.large_bench import back_to_back_fault, large_fault
from tests.rtl.large_cases import LARGE
from tests.rtl.parameter_coverage import ranges

# Nine seconds of Icarus' elaboration.
SLOW = {"130 PEs"}


@pytest.mark.parametrize("name", [
    "long map",
    *(pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in LARGE),
])
def test_a_large_size_is_equal_in_every_cycle(name):
    assert large_fault(name, [RTL], BUILDS) is None


def test_a_layer_may_start_in_the_very_cycle_in_which_one_is_done():
    assert back_to_back_fault([RTL], BUILDS) is None


# What the small machines of tests/rtl do not see; where each is seen.
PLANTED = [
    ("lnzd_tree", "wire [IndexBits-1:0] root_index = g_level[Levels].index;",
     "wire [5:0] root_index = g_level[Levels].index;", "65 PEs"),
    ("scan", "reg  [PositionBits-1:0] position_q;", "reg  [5:0] position_q;", "65 PEs"),
    ("pe", "wire [IndexBits-1:0]       s1_run;", "wire [5:0]       s1_run;", "runs of 255"),
    ("arith_unit", "reg  [RowBits-1:0]         s3_row_q;", "reg  [6:0]         s3_row_q;",
     "runs of 255"),
    ("act_queue", "reg [SlotBits-1:0]  head_q;", "reg [3:0]  head_q;", "a queue of 21"),
    ("act_queue", "(tail_q == Last) ?", "(tail_q == Last || tail_q == 14) ?", "a queue of 100"),
    ("ptr_read", "wire [ColumnBits-1:0] next_word =", "wire [12:0] next_word =",
     "published memories"),
    ("spmat_read", "wire [LineBits-1:0]    line       =", "wire [12:0]    line       =",
     "published memories"),
    ("ccu", "reg  [ActAddrBits-1:0]  addr_q;", "reg  [11:0]  addr_q;", "published memories"),
    ("spmat_read", "reg  [PointerBits-1:0]   next_q;", "reg  [15:0]   next_q;",
     "pointers beyond 16 bits"),
    ("spmat_read", "reg  [SlotBits-1:0]      s1_slot_q;", "reg  [4:0]      s1_slot_q;",
     "a line of 64 entries"),
    ("gather", "reg  [ActAddrBits-1:0] addr_step [0:7];", "reg  [11:0] addr_step [0:7];",
     "long map"),
    ("gather", "reg  [LoopBits-1:0]    y_step    [0:7];", "reg  [11:0]    y_step    [0:7];",
     "long map"),
    ("ccu", "reg  [PassBits-1:0]     pass_q;", "reg  [7:0]     pass_q;", "600 passes"),
    ("ccu", "if (start_i) state_q <= next_pass;", "if (start_i && !done_q) state_q <= next_pass;",
     None),
]


@pytest.mark.slow
@pytest.mark.parametrize(("unit", "right", "wrong", "where"), PLANTED)
def test_a_fault_that_small_sizes_hide_is_seen(tmp_path, unit, right, wrong, where):
    broken = tmp_path / "rtl"
    shutil.copytree(RTL, broken, ignore=shutil.ignore_patterns("formal", "synth"))
    file = broken / UNITS[unit].relative_to(RTL)
    text = file.read_text()
    assert text.count(right) == 1
    file.write_text(text.replace(right, wrong))
    told = (back_to_back_fault([broken], tmp_path) if where is None
            else large_fault(where, [broken], tmp_path))
    assert told is not None


def test_no_parameter_of_the_published_machine_is_beyond_what_is_run():
    for name, found in ranges().items():
        most = max(found["random"][1], found["large"][1])
        assert most >= found["published"][1], name
