"""X-propagation: memories and registers start unknown, and nothing unknown steers anything.

Icarus has four states: what was never written is X. The host loads what a layer reads, no more. In
every cycle of the layer every signal of one bit must be known, but for bits of data that mean
nothing yet; and so must all that the array tells.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.rtl_bridge import run_layer
from accelsim.rtl_bridge.simulator import Window
from tests.rtl.bench import RTL, UNITS
from tests.rtl.test_gates import LAYERS, case_of

# One bit, and data: beside each stands the bit that says whether it means something.
DATA = {
    "padding_i": "with valid_i of arith_unit", "first_i": "with valid_i of arith_unit",
    "first_o": "with valid_o of spmat_read", "s1_first": "with s1_valid",
    "s1_first_q": "with s1_valid_q", "carry_o": "of a value", "carry": "of a value",
    "negative": "of a value", "far": "of a value", "saturated_o": "with s3_valid_q",
    "saturated": "with s3_valid_q",
    "unused_saturated": "read by nothing", "unused_top": "read by nothing",
    "unused_wide": "read by nothing", "unused_io": "read by nothing",
    "s1_slot_q": "with s1_valid_q", "addr_i": "with en_i of the SRAM",
    "batch_addr_i": "with load, bias and store",
}


def unknown_bits(path: Path) -> dict[str, int]:
    """Signal of one bit to the first time of a VCD at which it is x, the data aside."""
    scopes: list[str] = []
    names: dict[str, list[str]] = {}
    found: dict[str, int] = {}
    now = 0
    for line in path.read_text().splitlines():
        words = line.split()
        if line.startswith("$scope"):
            scopes.append(words[2])
        elif line.startswith("$upscope"):
            scopes.pop()
        elif line.startswith("$var") and words[1] != "integer" and words[2] == "1":
            names.setdefault(words[3], []).append(".".join([*scopes, words[4]]))
        elif line.startswith("#"):
            now = int(line[1:])
        elif line[:1] == "x":
            for name in names.get(line[1:], []):
                if name.rpartition(".")[2] not in DATA:
                    found.setdefault(name, now)
    assert len(names) > 100
    return found


def run(case, rtl_dirs, folder: Path):
    """(what the array told, unknown bits) of one layer."""
    window = Window(folder / "all.vcd", 0, 100_000)
    told = run_layer(case.config, case.job, rtl_dirs, folder, trace=True, window=window)
    return told, unknown_bits(window.path)


@pytest.mark.parametrize("bypass", [True, False])
@pytest.mark.parametrize("layer", LAYERS)
def test_nothing_unknown_steers_and_nothing_unknown_comes_out(layer, bypass, tmp_path):
    case = case_of(layer, bypass=bypass)
    told, unknown = run(case, [RTL], tmp_path)
    assert unknown == {}
    assert told.outputs is not None
    assert told.counters is not None
    assert set(map(chr, set(told.trace.ravel().tolist()))) <= {"0", "1"}
    assert told.trace.shape == (told.cycles, EIE.parameters(
        case.config, [(case.job, None)], trace=True).trace_bits)


@pytest.mark.parametrize(("unit", "old", "new", "signal"), [
    ("spmat_read", "      busy_q       <= 1'b0;\n", "", "busy_q"),
    ("act_rw", "      select_q <= 1'b0;\n", "", "select_q"),
    ("regfile", "written_q[read_row_i] ? mem[read_row_i] : {Width{1'b0}}", "mem[read_row_i]", ""),
])
def test_what_reset_or_a_clear_forgets_is_seen(unit, old, new, signal, tmp_path):
    """By name; of data, by what the array tells."""
    text = UNITS[unit].read_text()
    assert text.count(old) == 1
    (tmp_path / f"{unit}.v").write_text(text.replace(old, new))
    told, unknown = run(case_of(LAYERS[0]), [tmp_path, RTL], tmp_path)
    if signal:
        assert any(name.endswith(signal) for name in unknown)
    else:
        assert ord("x") in told.trace
