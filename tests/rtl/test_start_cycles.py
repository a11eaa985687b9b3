"""Start phases of any length, and none (contract C1), on the Verilog array."""

import warnings

import numpy as np
import pytest

from accelsim import LossWarning
from accelsim.machines import load_config
from accelsim.rtl_bridge import cosim
from accelsim.rtl_bridge.run import run_layers
from tests.contracts.cases import make_case
from tests.rtl.bench import BUILDS, RTL, difference
from tests.rtl.conv_cases import FIRST, MACHINE, conv_case
from tests.rtl.large_bench import back_to_back_fault
from tests.rtl.lenet import lenet_chain
from tests.rtl.random_cases import random_layer, started_machine
from tests.rtl.replay import shown


def started_layers(seed, machines, layers):
    rng = np.random.default_rng(seed)
    for _ in range(machines):
        overrides = started_machine(rng, 9)
        yield [random_layer(rng, overrides, 30) for _ in range(layers)]


def test_every_cycle_of_random_layers_is_equal():
    lengths = set()
    for cases in started_layers(41, machines=8, layers=3):
        for case in cases:
            lengths.add(case.config.start_cycles)
            report = cosim(case.config, case.job, [RTL], BUILDS)
            assert report.equal, f"{report.told}; {shown(case.words)}"
    assert len(lengths) >= 4
    assert 0 in lengths


def test_the_second_simulator_agrees():
    for case, *others in started_layers(42, machines=1, layers=12):
        jobs = [(one.job, None) for one in (case, *others)]
        results = run_layers(case.config, jobs, [RTL], BUILDS, sim="verilator")
        for (job, _), rtl in zip(jobs, results, strict=True):
            assert difference(case.config, job, rtl) is None


@pytest.mark.parametrize("start", [0, 3])
def test_one_pe_alone(start):
    case = make_case(seed=8, n_in=40, n_out=30, weights=0.3, active=0.7, bias=True, values="any",
                     shift=14, overrides={"n_pe": 3, "regfile_depth": 5, "capacity": "check",
                                          "spmat_kb": 2.0, "pointer_kb": 2.0, "act_sram_kb": 0.25,
                                          "start_cycles": start})
    assert cosim(case.config, case.job, [RTL], BUILDS, pe=1).equal


@pytest.mark.parametrize("start", [0, 2])
def test_a_convolution(start):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)
        config, job = conv_case(FIRST | {"machine": MACHINE | {"start_cycles": start}})
    report = cosim(config, job, [RTL], BUILDS)
    assert report.equal, report.told


@pytest.mark.parametrize("start", [0, 2])
def test_layers_in_a_row_read_what_the_one_before_left(start):
    config = load_config("eie", n_pe=16, act_sram_kb=4.0, capacity="check", start_cycles=start)
    jobs = lenet_chain(config, 7)
    results = run_layers(config, jobs, [RTL], BUILDS)
    for (job, _), rtl in zip(jobs, results, strict=True):
        assert difference(config, job, rtl) is None


def test_a_start_in_the_cycle_of_done_begins_the_next_layer_at_once():
    assert back_to_back_fault([RTL], BUILDS, start_cycles=0) is None
