"""``accelsim cosim``: equal, different, and every mistake in one line."""

import json
import re
import shutil
import sys

import pytest

from accelsim.cli import main
from tests.rtl.bench import BUILDS, UNITS

pytestmark = pytest.mark.rtl

LENET = "traces/lenet-300-100/pruned.safetensors"
DIGITS = "traces/lenet-300-100/digits.safetensors"
SMALL = ["cosim", LENET, "--layer", "fc3", "--inputs", DIGITS, "--set", "n_pe=4",
         "--set", "regfile_depth=256"]


def run(capsys, monkeypatch, *arguments):
    """Exit status, standard output and error of one command line."""
    monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, arguments)])
    with pytest.raises(SystemExit) as leave:
        main()
    return leave.value.code, *capsys.readouterr()


@pytest.mark.parametrize("top", [["--top", "eie_array"], ["--top", "pe", "--pe", "3"]])
def test_a_layer_is_equal(top, capsys, monkeypatch):
    status, out, _ = run(capsys, monkeypatch, *SMALL, *top, "--build-dir", BUILDS, "--json")
    found = json.loads(out)
    assert status == 0
    assert found["equal"] is True
    assert found["cycles_rtl"] == found["cycles_model"] > 0
    assert found["trace_difference"] is None
    assert (found["energy_uj"] is None) == ("pe" in top)


def test_layers_in_sequence_run_under_one_program(capsys, monkeypatch):
    status, out, _ = run(capsys, monkeypatch, *SMALL, "--sequence", "--set", "decoder_tables=3",
                         "--build-dir", BUILDS, "--json")
    found = json.loads(out)
    assert status == 0
    assert (found["name"], found["run_before"]) == ("fc1 to fc3", [])
    assert found["equal"] is True
    _, out, _ = run(capsys, monkeypatch, "simulate", LENET, "--inputs", DIGITS, "--count", "1",
                    "--set", "n_pe=4", "--set", "regfile_depth=256", "--json")
    layers = json.loads(out)["layers"]
    assert found["cycles_rtl"] == sum(layer["cycles"] for layer in layers)


def test_the_table_tells_speed_and_energy(capsys, monkeypatch):
    status, out, _ = run(capsys, monkeypatch, *SMALL, "--build-dir", BUILDS)
    assert status == 0
    assert re.search(r"first difference +│? *none", out)
    assert re.search(r"RTL cycles a second +│? *[\d,]+", out)
    assert re.search(r"fast engine +│? *[\d,]+ times as fast", out)
    assert re.search(r"energy, from the RTL's counters +│? *[\d,.]+ uJ", out)


def test_a_bench_is_exported_without_a_simulator(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    status, out, _ = run(capsys, monkeypatch, *SMALL, "--export", tmp_path / "bench")
    assert status == 0
    assert "README.txt" in out
    assert {path.name for path in (tmp_path / "bench").iterdir()} == {
        "README.txt", "top.v", "script.txt", "out_expected.txt", "trace_expected.txt",
        "trace_fields.csv", "pointers.hex", "spmat.hex",
    }


@pytest.mark.parametrize(
    ("option", "file"), [([], "builds/difference.vcd"), (["--waveform", "{}/w.vcd"], "w.vcd")]
)
def test_a_difference_is_told_with_cycle_unit_and_signal(
    option, file, tmp_path, capsys, monkeypatch
):
    mine = tmp_path / "mine"
    mine.mkdir()
    shutil.copy(UNITS["arith_unit"], mine)
    text = (mine / "arith_unit.v").read_text()
    (mine / "arith_unit.v").write_text(text.replace("after_q <= row + One", "after_q <= row"))
    status, out, _ = run(
        capsys, monkeypatch, *SMALL, "--rtl-dir", mine, "--build-dir", tmp_path / "builds",
        *(word.replace("{}", str(tmp_path)) for word in option),
    )
    assert status == 1
    assert "arith_unit.read_row: expected" in out
    assert "cycle " in out
    assert "$enddefinitions" in (tmp_path / file).read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--top", "pes"], "--top pes"),
        (["--sim", "vcs"], "--sim vcs"),
        (["--top", "pe", "--pe", "4"], "PEs 0 to 3"),
        (["--rtl", "{}/none"], "no such folder"),
        (["--rtl-dir", "{}/none"], "no such folder"),
        (["--set", "empty_column_cycles=0"], "empty_column_cycles=0"),
        (["--set", "row_change_cycles=0"], "row_change_cycles=0"),
        (["--sequence"], "3 codebooks, with room for 1; set decoder_tables=3"),
        (["--sequence", "--alone"], "--sequence runs fully connected layers"),
        (["--set", "overlap=true"], "the RTL has no overlap=true"),
    ],
)
def test_one_line_and_status_2(arguments, told, tmp_path, capsys, monkeypatch):
    line = [a.replace("{}", str(tmp_path)) for a in arguments]
    status, out, err = run(capsys, monkeypatch, *SMALL, *line, "--build-dir", tmp_path / "builds")
    assert status == 2
    assert err.startswith("accelsim: error: ")
    assert err.count("\n") == 1
    assert told in err
    assert "Traceback" not in out + err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_simulator_is_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("accelsim.rtl_bridge.verilator.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    builds = tmp_path / "builds"
    for sim, remedy in (("verilator", "--sim icarus"), ("icarus", "install Icarus")):
        status, _, err = run(capsys, monkeypatch, *SMALL, "--sim", sim, "--build-dir", builds)
        assert status == 2
        assert err.startswith(f"accelsim: error: {'i' if sim == 'icarus' else ''}veri")
        assert err.count("\n") == 1
        assert remedy in err
        assert not builds.exists()


def test_builds_stay_in_the_users_cache(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for _ in range(2):
        status, _, _ = run(capsys, monkeypatch, *SMALL, "--json")
        assert status == 0
        assert len(list((tmp_path / "accelsim" / "verilog").iterdir())) == 1


def test_a_machine_without_verilog_is_refused(tmp_path, capsys, monkeypatch):
    status, out, err = run(capsys, monkeypatch, "cosim", "nt-we", "-m", "bbs",
                           "--build-dir", tmp_path / "builds")
    assert status == 2
    assert err.startswith("accelsim: error: bbs: this machine has no 'rtl'")
    assert err.count("\n") == 1
    assert out == ""
    assert list(tmp_path.iterdir()) == []
