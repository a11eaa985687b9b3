"""What tools print and where they run: the error rather than a warning before it, any folder."""

import os
import subprocess

import pytest

from accelsim.errors import InputError
from accelsim.rtl_bridge import cosim
from accelsim.rtl_bridge.icarus import complaint
from tests.contracts.cases import make_case
from tests.rtl.bench import RTL, UNITS

WARNING = "tb.v:9: warning: Port 3 (x) of queue expects 1 bits, got 4."
CASES = {
    (WARNING, "pe.v:240: error: Unknown module type: nosuch", "1 error(s)"): 1,
    (WARNING, "pe.v:187: syntax error", "I give up."): 1,
    ("WARNING: a.v:1: $fopen: no", "FATAL: a.v:2: stopped"): 1,
    (WARNING, "Killed"): 1,
    (WARNING,): 0,
}


@pytest.mark.parametrize("lines", CASES, ids=range(len(CASES)))
def test_the_error_is_told(lines):
    for streams in (("\n".join(lines), ""), ("", "\n".join(lines))):
        assert complaint(subprocess.CompletedProcess([], 1, *streams)) == lines[CASES[lines]]


def test_a_tool_without_a_word():
    done = subprocess.CompletedProcess([], 137, "", "")
    assert complaint(done) == "exit status 137, no message"


@pytest.fixture
def case():
    return make_case(
        seed=8, n_in=8, n_out=6, weights=0.4, active=0.7, bias=True, values="any", shift=14,
        overrides={"n_pe": 2, "capacity": "check", "spmat_kb": 2.0, "pointer_kb": 2.0,
                   "act_sram_kb": 0.25})


def wrong_pe(folder, text):
    folder.mkdir()
    (folder / "pe.v").write_text(text)
    return folder


def test_any_folder_can_hold_builds_and_waveforms(case, tmp_path):
    """Icarus opens no file whose path is not ASCII."""
    right = "assign busy_o = queue_valid ||"
    mine = wrong_pe(tmp_path / "é mine", UNITS["pe"].read_text().replace(
        right, right.replace("queue_valid", "!queue_valid")))
    builds, waves = tmp_path / "é 😀'b", tmp_path / "wé.vcd"
    assert cosim(case.config, case.job, [RTL], builds).equal
    report = cosim(case.config, case.job, [mine, RTL], builds, waves)
    assert not report.equal
    assert report.waveform == waves
    assert waves.read_text().startswith("$date")
    assert all(name.endswith(".vvp") for name in os.listdir(builds))


def test_what_does_not_compile_leaves_no_folder(case, tmp_path):
    mine = wrong_pe(tmp_path / "mine", UNITS["pe"].read_text().replace(
        "endmodule", "  nosuch u (.a(clk_i));\nendmodule"))
    with pytest.raises(InputError, match="Unknown module type: nosuch"):
        cosim(case.config, case.job, [mine, RTL], tmp_path / "builds")
    assert os.listdir(tmp_path) == ["mine"]
