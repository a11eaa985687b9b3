"""Co-simulation of a PE of one's own, and what happens when something is wrong."""

from functools import partial

import numpy as np
import pytest

from accelsim.errors import InputError
from accelsim.rtl_bridge import cosim, run_layer
from tests.contracts.cases import make_case
from tests.rtl.bench import BUILDS, RTL, UNITS

WORDS = {"seed": 8, "n_in": 40, "n_out": 30, "weights": 0.3, "active": 0.7, "bias": True,
         "values": "any", "shift": 14}
MACHINE = {"n_pe": 3, "spmat_kb": 2.0, "pointer_kb": 2.0, "act_sram_kb": 0.25,
           "capacity": "check"}


@pytest.fixture
def case():
    return make_case(**WORDS, overrides=MACHINE)


@pytest.fixture
def own_pe(tmp_path):
    """A PE with the ports of the project's and nothing of its trace."""
    text = UNITS["pe"].read_text()
    assert text.count("assign trace_o = ") == 2
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "pe.v").write_text(text.replace("assign trace_o = ", "wire [999:0] untold = "))
    return folder


def test_a_pe_without_a_trace_is_compared_by_all_the_rest(case, own_pe):
    report = cosim(case.config, case.job, [own_pe, RTL], BUILDS)
    assert report.equal, report
    assert "arith_unit.write_value" in report.not_compared
    assert "broadcast_column" not in report.not_compared
    alone = cosim(case.config, case.job, [own_pe, RTL], BUILDS, pe=1)
    assert alone.equal, alone
    assert "pe.busy" not in alone.not_compared


@pytest.mark.parametrize("pe", [None, 2])
def test_a_wrong_pe_without_a_trace_is_seen(case, own_pe, pe):
    text = (own_pe / "pe.v").read_text()
    right = ".activation_i(s1_activation), .wait_o"
    wrong = text.replace(right, right.replace("(s1", "(-s1"))
    assert wrong != text
    (own_pe / "pe.v").write_text(wrong)
    report = cosim(case.config, case.job, [own_pe, RTL], BUILDS, pe=pe)
    assert not report.equal
    assert not report.outputs_equal


def test_a_unit_of_ones_own_replaces_the_projects(case, tmp_path):
    """The SRAM wrapper, as for a macro: another memory inside, the same ports."""
    text = UNITS["sram_1rw"].read_text()
    (tmp_path / "sram_1rw.v").write_text(text.replace("mem ", "array ").replace("mem[", "array["))
    assert cosim(case.config, case.job, [tmp_path, RTL], BUILDS).equal


@pytest.mark.parametrize(
    ("unit", "is_open"), [("arith_unit", True), ("ccu", True), ("sram_1rw", False), ("pe", False)]
)
def test_only_modules_on_its_way_close_the_back_door(case, tmp_path, unit, is_open):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / f"{unit}.v").write_text(UNITS[unit].read_text())
    run = partial(run_layer, case.config, case.job, [mine, RTL], tmp_path)
    assert run().outputs is not None
    if is_open:
        assert np.array_equal(run(backdoor=True).outputs, run(backdoor=False).outputs)
    else:
        with pytest.raises(InputError, match=r"backdoor: modules of your own replace .*sram_1rw"):
            run(backdoor=True)


def test_sources_that_do_not_compile_give_one_line(case, tmp_path):
    (tmp_path / "pe.v").write_text("module pe (;\n")
    with pytest.raises(InputError, match=r"does not compile: .*pe\.v:1: syntax error") as problem:
        cosim(case.config, case.job, [tmp_path, RTL], BUILDS)
    assert "\n" not in str(problem.value)


def test_a_missing_folder_is_named(case, tmp_path):
    with pytest.raises(InputError, match="nowhere: no such folder"):
        cosim(case.config, case.job, [tmp_path / "nowhere"], BUILDS)
    with pytest.raises(InputError, match=r"holds no pe\.v"):
        cosim(case.config, case.job, [tmp_path], BUILDS)


def test_a_missing_simulator_is_named(case, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="install Icarus"):
        cosim(case.config, case.job, [RTL], BUILDS)


def test_a_pe_that_is_not_there_is_refused(case):
    with pytest.raises(InputError, match="PEs 0 to 2"):
        cosim(case.config, case.job, [RTL], BUILDS, pe=3)
