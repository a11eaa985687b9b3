"""The Verilog array equals the model on random machines: outputs, cycles, every counter."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from accelsim.rtl_bridge import cosim
from accelsim.rtl_bridge.run import run_layer, run_layers
from tests.rtl.bench import BUILDS, ROOT, RTL, UNITS, difference
from tests.rtl.random_cases import random_cases, random_layer, random_machine
from tests.rtl.replay import shown


def differences(seed, machines, layers, rtl_dirs=(RTL,), builds=BUILDS, **sizes):
    """(number of layers, every difference: what, where, and what makes its case again)."""
    number, found = 0, []
    for machine, layer, case in random_cases(seed, machines, layers, **sizes):
        number += 1
        # Every other machine is loaded as a host loads it.
        rtl = run_layer(case.config, case.job, rtl_dirs, builds, backdoor=bool(machine % 2))
        if difference(case.config, case.job, rtl) is not None:
            found.append(f"seed {seed}, machine {machine}, layer {layer}, "
                         f"sizes {sizes or 'default'}: {shown(case.words, rtl_dirs[:-1], builds)}")
    return number, found


@pytest.mark.parametrize("seed", range(3))
def test_a_hundred_layers_are_equal(seed):
    number, found = differences(seed, machines=20, layers=5)
    assert number == 100
    assert not found, found[0]


def by_one_build(seed, layers, **sizes):
    """(number, every difference) of many layers on one machine, built once by Verilator."""
    rng = np.random.default_rng(seed)
    overrides = random_machine(rng, sizes["max_pe"])
    cases = [random_layer(rng, overrides, sizes["max_side"]) for _ in range(layers)]
    config = cases[0].config
    results = run_layers(config, [(case.job, None) for case in cases], [RTL], BUILDS,
                         sim="verilator")
    told = [difference(config, case.job, rtl) for case, rtl in zip(cases, results, strict=True)]
    return len(told), [f"seed {seed}, layer {number}: {one}; {shown(cases[number].words)}"
                       for number, one in enumerate(told) if one is not None]


def test_a_hundred_layers_by_one_build_are_equal():
    number, found = by_one_build(210, 100, max_pe=4, max_side=30)
    assert number == 100
    assert not found, found[0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200, 210))
def test_five_thousand_layers_by_ten_builds_are_equal(seed):
    number, found = by_one_build(seed, 500, max_pe=9, max_side=40)
    assert number == 500
    assert not found, found[0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 125))
def test_two_hundred_layers_are_equal(seed):
    number, found = differences(seed, machines=40, layers=5, max_pe=20, max_side=70)
    assert number == 200
    assert not found, found[0]


@pytest.mark.parametrize("seed", [31, 32])
def test_every_cycle_of_forty_layers_is_equal(seed):
    for machine, layer, case in random_cases(seed, machines=10, layers=4):
        report = cosim(case.config, case.job, [RTL], BUILDS)
        assert report.equal, f"machine {machine}, layer {layer}: {shown(case.words)}"


def test_a_difference_is_told_by_cycle_unit_and_seed(tmp_path):
    """Nothing else: no arrays of the case."""
    text = UNITS["saturate"].read_text()
    (tmp_path / "saturate.v").write_text(text.replace("assign saturated_o = ",
                                                      "assign saturated_o = !"))
    _, found = differences(7, 2, 1, rtl_dirs=[tmp_path, RTL], builds=tmp_path)
    assert found
    pattern = (r"seed 7, machine \d, layer 0, sizes default: "
               r"cycle \d+, PE \d+ \w+\.\w+: expected 0x\w+, got 0x\w+; waveform (.*\.vcd); "
               r"replay: python -m tests.rtl.replay (.*)")
    match = re.fullmatch(pattern, found[0])
    assert match, found[0]
    assert Path(match[1]).stat().st_size
    again = subprocess.run([sys.executable, "-m", "tests.rtl.replay", *shlex.split(match[2])],
                           cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 1, again.stderr
    assert again.stdout.startswith(re.search(r"cycle .*?;", found[0])[0])
