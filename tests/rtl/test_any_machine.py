"""The bridge runs whatever machine has the part ``rtl``: it asks the record and knows no name."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Literal

import pytest

from accelsim import contracts
from accelsim.errors import InputError, UnsupportedError
from accelsim.machines import EieConfig, get_machine, load_machine
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.machines.registry import forget, register
from accelsim.rtl_bridge import cosim, export, run_layer
from tests.contracts.cases import make_case
from tests.rtl.bench import BUILDS, RTL, UNITS

WORDS = {"seed": 8, "n_in": 40, "n_out": 30, "weights": 0.3, "active": 0.7, "bias": True,
         "values": "any", "shift": 14}
MACHINE = {"n_pe": 3, "spmat_kb": 2.0, "pointer_kb": 2.0, "act_sram_kb": 0.25,
           "capacity": "check"}


class TwinConfig(EieConfig):
    """EIE under another name."""

    machine: Literal["twin"]


@dataclass(frozen=True, eq=False)
class TwinCounters(Counters):
    """A class of its own."""


@pytest.fixture
def twin(tmp_path):
    """Registers a machine with a given part ``rtl``; gives its configuration and a job."""
    def made(rtl):
        file = tmp_path / "twin.toml"
        text = get_machine("eie").config_file.read_text("utf-8")
        assert 'machine = "eie"' in text
        file.write_text(text.replace('machine = "eie"', 'machine = "twin"'))
        register(replace(
            get_machine("eie"), config=TwinConfig, config_file=file, counters=TwinCounters, rtl=rtl,
        ))
        return load_machine("twin", **MACHINE), make_case(**WORDS, overrides=MACHINE).job

    yield made
    forget("twin")


def test_another_machine_is_run_by_its_record(twin):
    config, job = twin(EIE)
    report = cosim(config, job, [RTL], BUILDS)
    assert report.equal, report
    assert report.energy_uj > 0
    assert cosim(config, job, [RTL], BUILDS, pe=1).equal
    measured = run_layer(config, job, [RTL], BUILDS).measured
    assert type(measured) is TwinCounters
    assert measured.cycles == report.cycles_model
    with pytest.raises(AttributeError, match="not counted"):
        _ = measured.queue_occupancy_histogram


def test_its_modules_come_from_its_own_folder(twin, tmp_path):
    config, job = twin(replace(EIE, folder="twin"))
    with pytest.raises(InputError, match=r"holds no pe\.v"):
        cosim(config, job, [RTL], BUILDS)
    mine = tmp_path / "rtl"
    shutil.copytree(RTL / "eie", mine / "twin")
    shutil.copytree(RTL / "common", mine / "common")
    assert cosim(config, job, [mine], BUILDS).equal


def test_a_model_that_differs_is_seen(twin):
    """What the record expects is what the RTL is held against."""
    def expected(config, job, parameters):
        result, fields = EIE.expected(config, job, parameters)
        return result, fields | {"ptr_read.pop": 1 - fields["ptr_read.pop"]}

    config, job = twin(replace(EIE, expected=expected, spans=None))
    report = cosim(config, job, [RTL], BUILDS)
    assert report.outputs_equal
    assert str(report.trace_difference).startswith("cycle 0, PE 0 ptr_read.pop: expected 0x1")


@pytest.mark.parametrize("use", [cosim, run_layer])
def test_a_machine_without_verilog_is_refused(twin, use, tmp_path):
    config, job = twin(None)
    with pytest.raises(UnsupportedError, match="twin: this machine has no 'rtl'"):
        use(config, job, [RTL], tmp_path)
    with pytest.raises(UnsupportedError, match="twin: this machine has no 'rtl'"):
        export(config, job, tmp_path / "bench")
    assert not (tmp_path / "bench").exists()


def test_a_machine_without_a_bench_of_one_pe_says_so(twin):
    config, job = twin(replace(EIE, pe=None))
    assert cosim(config, job, [RTL], BUILDS).equal
    with pytest.raises(UnsupportedError, match="no bench of one PE"):
        cosim(config, job, [RTL], BUILDS, pe=0)


def test_a_flat_folder_of_version_0_1_still_runs(tmp_path):
    shutil.copytree(RTL / "eie" / "tb", tmp_path / "tb")
    for path in UNITS.values():
        shutil.copy(path, tmp_path)
    case = make_case(**WORDS, overrides=MACHINE)
    assert cosim(case.config, case.job, [tmp_path], BUILDS).equal


@pytest.mark.parametrize("module", ["params", "images", "expected"])
def test_modules_of_version_0_1_are_found(module):
    old = import_module(f"accelsim.rtl_bridge.{module}")
    assert old is import_module(f"accelsim.machines.eie.rtl.{module}")


@pytest.mark.parametrize("name", ["eie", "ese"])
def test_the_contract_holds_the_verilog_too(name, tmp_path):
    """The body that holds every machine's tellings to one another, with the Verilog as one; it
    would say little if it refused them all."""
    verilog = contracts.Verilog(RTL, tmp_path)
    ran, faults = contracts.check_machine(get_machine(name), 12, 40, [verilog])
    assert (ran, faults) == (12, [])
    assert verilog.taken >= 3


def test_the_contract_finds_a_fault_in_the_verilog(tmp_path):
    for part in ("common", "eie"):
        shutil.copytree(RTL / part, tmp_path / "rtl" / part)
    queue = tmp_path / "rtl" / "common" / "act_queue.v"
    text = queue.read_text()
    queue.write_text(text.replace("count_q == Full;", "count_q + 1 >= Full;"))
    assert queue.read_text() != text
    verilog = contracts.Verilog(tmp_path / "rtl", tmp_path / "builds")
    _, faults = contracts.check_machine(get_machine("eie"), 30, 40, [verilog])
    assert faults[0].check.startswith("The Verilog agrees")
    assert "full" in faults[0].what or "cycle" in faults[0].what
