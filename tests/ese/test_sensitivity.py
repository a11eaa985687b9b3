"""What the values that the paper does not print do to its rows."""

import re
from importlib import resources

import pytest

from accelsim.machines import load_machine
from accelsim.papers import ese_sensitivity
from accelsim.papers.ese_sensitivity import _others, _row, marked_values


def test_every_value_that_is_marked_is_changed():
    text = (resources.files("accelsim.machines.ese") / "ese.toml").read_text("utf-8")
    lines = [line for line in text.splitlines() if re.match(r"\w+ *=", line)]
    marked = {line.split()[0] for line in lines if re.search(r"\[(calibrated|recalled)", line)}
    assert set(marked_values()) == marked
    assert len(marked) == 11


@pytest.mark.parametrize(("key", "others"), [
    ("weights_ready", ["matrix"]), ("ddr_burst_gap_cycles", [6, 12]), ("n_channels", [16, 64]),
    ("activation_bits", [8]), ("ddr_latency_cycles", [24, 94]), ("tanh_input_max", [64.0, 256.0]),
])
def test_other_values_are_ones_that_a_machine_can_have(key, others):
    assert list(_others(key, getattr(load_machine("ese"), key))) == others


def test_rows_are_those_of_the_main_table():
    own = _row(load_machine("ese"), "", "", "", "", 1)
    assert (own.within, own.judged) == (20, 20), "as accelsim published ese"
    waiting = _row(load_machine("ese", weights_ready="matrix"), "", "", "", "", 1)
    assert waiting.within < 20
    assert waiting.recurrent > 1.2
    assert waiting.error == own.error, "time is no value"
    coarse = _row(load_machine("ese", table_samples=512), "", "", "", "", 1)
    assert coarse.error > 2 * own.error
    assert (coarse.step, coarse.within) == (own.step, 20)


def test_the_table_has_a_row_for_each(monkeypatch):
    monkeypatch.setattr(ese_sensitivity, "marked_values", lambda: {"weights_ready": "calibrated"})
    head, rows = ese_sensitivity.sensitivity_table()
    assert [row[:4] for row in rows] == [
        ("as it is", "", "", ""), ("`weights_ready`", "calibrated", "column", "matrix")]
    assert len(head) == len(rows[0])
