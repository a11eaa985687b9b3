"""`accelsim recurrent` and `accelsim patterns`, and `config` of every machine."""

import csv
import io
import json
import sys

import numpy as np
import pytest

from accelsim import load_machine
from accelsim.cli import main
from accelsim.papers.tradeoff import PATTERNS
from tests.ese.network_folder import network_folder

FOLDER = "traces/silero-lstm"


def run(capsys, monkeypatch, *arguments):
    """Exit status, standard output and error of one command line."""
    monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, arguments)])
    with pytest.raises(SystemExit) as leave:
        main()
    out, err = capsys.readouterr()
    return leave.value.code or 0, out, err


@pytest.mark.parametrize("machine", ["eie", "ese", "bbs"])
def test_config_shows_every_machine(capsys, monkeypatch, machine):
    code, out, _ = run(capsys, monkeypatch, "config", "-m", machine, "--set", "n_pe=16", "--json")
    assert code == 0
    assert json.loads(out) == load_machine(machine, n_pe=16).model_dump()
    monkeypatch.setenv("COLUMNS", "160")
    code, out, _ = run(capsys, monkeypatch, "config", "-m", machine, "--set", "n_pe=16")
    assert code == 0
    assert "yours (published: " in out


def test_a_real_network_on_both_engines(capsys, monkeypatch):
    told = {}
    for engine in ("fast", "reference"):
        code, out, _ = run(
            capsys, monkeypatch, "recurrent", FOLDER, "--pattern", "load_balanced", "--density",
            "0.08", "--steps", "3", "--channels", "1", "--engine", engine, "--json")
        assert code == 0
        told[engine] = json.loads(out)
        told[engine].pop("engine")
    assert told["fast"] == told["reference"]
    assert told["fast"]["weights"] == "retrained, 8 %"
    assert sum(slot["cycles"] for slot in told["fast"]["slots"]) == told["fast"]["cycles"]


def test_the_published_layer_as_a_table(capsys, monkeypatch):
    code, out, _ = run(capsys, monkeypatch, "recurrent", "ese", "--steps", "3", "--channels", "1")
    assert code == 0
    assert "STATE_2.1   Wir" in out
    assert "energy of events" in out
    assert "5.36" in out, "the published time of the Wx rows"
    assert "fraction bits of each signal, of 16: x 1" in out


def test_energy_by_module(capsys, monkeypatch):
    arguments = ["recurrent", FOLDER, "--steps", "4", "--density", "0.112", "--pattern",
                 "unstructured"]
    code, out, _ = run(capsys, monkeypatch, *arguments, "--energy")
    assert code == 0
    assert "without leakage and clock; " in " ".join(out.split())
    rows = [line.split() for line in out.splitlines() if line.rstrip().endswith("%")]
    shown = {row[0]: row for row in rows}
    code, out, _ = run(capsys, monkeypatch, *arguments, "--json")
    told = json.loads(out)["energy_pj"]
    for module, picojoules in told.items():
        nanojoules = picojoules / 1000 / 4
        assert float(shown[module][1].replace(",", "")) == pytest.approx(nanojoules, rel=1e-3)
    total = float(shown["total"][1].replace(",", ""))
    assert total == pytest.approx(sum(told.values()) / 4000, rel=1e-3)


def test_functional_runs_have_no_time(capsys, monkeypatch):
    code, out, _ = run(capsys, monkeypatch, "recurrent", FOLDER, "--steps", "4", "--engine",
                       "functional", "--codebook-bits", "4")
    assert code == 0
    assert "cycles" not in out
    assert "4-bit codebooks" in out


def test_queue_depths_as_csv(capsys, monkeypatch):
    code, out, _ = run(capsys, monkeypatch, "patterns", "ese", "--depth", "1", "--depth", "8",
                       "--csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    steps = {(row["pattern"], row["act_queue_depth"]): float(row["step_us"]) for row in rows}
    assert len(steps) == 6
    for depth in "18":
        for label in ("load_balanced", "load_balanced, entries"):
            assert steps[label, depth] < steps["unstructured", depth]
    worst = {row["pattern"]: row for row in rows}
    assert float(worst["load_balanced, entries"]["entries_max_over_mean"]) < 1.01
    assert float(worst["load_balanced"]["weights_max_over_mean"]) < 1.01
    for label in ("load_balanced", "unstructured"):
        assert float(worst[label]["kept"]) == pytest.approx(0.112, rel=0.003)


def test_the_trade_off_of_a_network(capsys, monkeypatch, tmp_path):
    folder = network_folder(tmp_path / "net")
    code, out, _ = run(capsys, monkeypatch, "patterns", folder, "--density", "0.5", "--json")
    assert code == 0
    rows = json.loads(out)["rows"]
    assert [(row["pattern"], row["weights"]) for row in rows[:2]] == [
        ("dense", "as trained"), ("unstructured", "retrained")]
    assert {row["pattern"] for row in rows[2:]} == set(PATTERNS)
    assert all(np.isfinite(value) for row in rows for value in row.values()
               if not isinstance(value, str))
    code, out, _ = run(capsys, monkeypatch, "patterns", folder, "--density", "0.5")
    assert code == 0
    words = " ".join(out.split())
    assert "on ESE" in words
    assert "on EIE and the bank-balanced machine" in words


def test_a_layer_of_a_file_on_three_machines(capsys, monkeypatch):
    code, out, _ = run(capsys, monkeypatch, "patterns", "traces/lenet-300-100/dense.safetensors",
                       "-l", "fc1", "--density", "0.125", "--json")
    assert code == 0
    rows = {row["pattern"]: row for row in json.loads(out)["rows"]}
    assert len(rows) == 7
    assert all(0.12 < row["kept"] < 0.13 for row in rows.values())
    free, balanced, banked = (rows[p] for p in ("unstructured", "load_balanced", "bank_balanced"))
    assert balanced["eie_balance"] > free["eie_balance"]
    assert balanced["ese_cycles"] <= free["ese_cycles"]
    # 32 banks of 25 columns keep 3 each: 10 rows of the busiest of 32 PEs, pipeline of 9 stages.
    assert banked["bbs_cycles"] == 1 + 10 * 3 + 8
    assert banked["csb_bits"] == 300 * 32 * 3 * (16 + 5)


@pytest.mark.parametrize(("arguments", "says"), [
    (["patterns", "traces/lenet-300-100/dense.safetensors"], "fc1"),
    (["patterns", "traces/lenet-300-100/dense.safetensors", "-l", "fc9"], "did you mean"),
    (["recurrent", "nowhere"], "dense.safetensors"),
    (["recurrent", "ese", "--pattern", "n_m"], "load_balanced or unstructured"),
    (["recurrent", FOLDER, "--pattern", "blok"], "did you mean 'block'"),
    (["recurrent", FOLDER, "--steps", "1000"], "holds 160"),
    (["recurrent", FOLDER, "--engine", "fats"], "did you mean 'fast'"),
    (["recurrent", FOLDER, "-m", "eie"], "machine = 'ese'"),
    (["patterns", FOLDER, "--depth", "4"], "--set act_queue_depth"),
    (["patterns", FOLDER, "--density", "2"], "need 0 to 1"),
    (["config", "-m", "ees"], "did you mean"),
])
def test_mistakes_are_one_line(capsys, monkeypatch, arguments, says):
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert code == 2
    assert out == ""
    assert says in err
    assert len(err.strip().splitlines()) == 1
