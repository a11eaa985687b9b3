"""JSON without the constants that it does not have, and reading text of less strict programs."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim import strict_json
from accelsim.files import read_utf8
from accelsim.machines import load_machine
from accelsim.study import load_study

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
VALUES = LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(
    st.text(max_size=3), st.lists(LEAVES, max_size=3) | LEAVES, max_size=3)


def refuse(constant):
    raise AssertionError(constant)


@given(VALUES)
def test_any_value_is_json(value):
    back = json.loads(strict_json.dumps(value), parse_constant=refuse)
    assert back == strict_json.plain(value)


def test_finite_values_are_themselves():
    value = {"a": [1, 2.5, None, True, "x"], "b": {"c": -0.0}}
    assert strict_json.loads(strict_json.dumps(value)) == value


def test_numpy_and_what_json_does_not_know():
    value = {"n": np.float32("inf"), "i": np.int64(3), "a": np.array([1.0, np.nan]),
             "t": (1, Path("p"))}
    assert json.loads(strict_json.dumps(value)) == {
        "n": None, "i": 3, "a": [1.0, None], "t": [1, "p"]}


def test_constants_of_others_are_read_as_none():
    assert strict_json.loads('{"a": NaN, "b": -Infinity, "c": 1}') == {"a": None, "b": None, "c": 1}
    assert math.isinf(json.loads("Infinity"))  # what the standard library does


@pytest.mark.parametrize("name", ["m.toml", "s.toml"])
def test_a_byte_order_mark_is_no_text(name, tmp_path):
    """Editors on Windows write one; TOML's standard leaves it out."""
    path = tmp_path / name
    text = 'machine = "eie"\nn_pe = 32\n' if name == "m.toml" else 'workloads = ["alex-7"]\n'
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_utf8(path) == text
    if name == "m.toml":
        assert load_machine(path).n_pe == 32
    else:
        assert load_study(path).workloads == ("alex-7",)
