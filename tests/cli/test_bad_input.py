"""Every mistake gives one line on standard error, exit status 2, no traceback, nothing written."""

import json
import struct
import sys

import numpy as np
import pytest

from accelsim.cli import main

LENET = "traces/lenet-300-100/pruned.safetensors"


def run(capsys, monkeypatch, *arguments):
    """Exit status, standard output and error of one command line."""
    monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, arguments)])
    with pytest.raises(SystemExit) as leave:
        main()
    out, err = capsys.readouterr()
    return leave.value.code, out, err


@pytest.fixture
def files(tmp_path):
    """Hostile files by name."""
    (tmp_path / "empty.safetensors").write_bytes(b"")
    (tmp_path / "huge.safetensors").write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    with open(LENET, "rb") as whole:
        (tmp_path / "cut.safetensors").write_bytes(whole.read(5000))
    (tmp_path / "text.npz").write_text("not a zip")
    (tmp_path / "text.onnx").write_text("not a graph")
    (tmp_path / "weights.txt").write_text("1 2 3")
    (tmp_path / "bad.toml").write_text('machine = "eie"\nact_queue_dept = 4\n')
    (tmp_path / "broken.toml").write_text("n_pe = = 3")
    np.save(tmp_path / "short.npy", np.zeros(3))
    np.save(tmp_path / "nan.npy", np.full(784, np.nan))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "short.npy").read_bytes()[:90])
    np.savez(tmp_path / "nan.npz", weight=np.full((3, 3), np.nan))
    np.savez(tmp_path / "flat.npz", weight=np.zeros(3))
    (tmp_path / "folder").mkdir()
    return tmp_path


CASES = [
    (["simulte"], "simulte"),
    (["simulate"], "WORK"),
    (["simulate", "alex-9"], "alex-"),
    (["simulate", "alex-7", "--engine", "fats"], "did you mean 'fast'"),
    (["simulate", "alex-7", "--set", "n_pe=0"], "n_pe"),
    (["simulate", "alex-7", "--set", "n_pe"], "KEY=VALUE"),
    (["simulate", "alex-7", "--set", "act_queue_dept=4"], "act_queue_depth"),
    (["simulate", "alex-7", "--machine", "{}/none.toml"], "no such machine"),
    (["simulate", "alex-7", "--machine", "{}/bad.toml"], "act_queue_depth"),
    (["simulate", "alex-7", "--machine", "{}/broken.toml"], "not valid TOML"),
    (["simulate", "alex-7", "--weight-bits", "9"], "weight_bits"),
    (["simulate", "alex-7", "--weight-bits", "5"], "weight_bits=5"),
    (["simulate", "alex-7", "--density", "1.5"], "density"),
    (["simulate", "alex-7", "--density", "0.1", "--threshold", "0.1"], "not both"),
    (["simulate", "alex-7", "--init", "linar"], "linear"),
    (["simulate", "alex-7", "--count", "0"], "count"),
    (["simulate", "alex-7", "--layer", "fc1"], "alex-7"),
    (["simulate", "vgg-7", "--set", "spmat_kb=1"], "spmat_kb"),
    (["simulate", LENET], "--inputs"),
    (["simulate", LENET, "--layer", "fc9"], "fc"),
    (["simulate", LENET, "--layer", "fc1", "--layer", "fc3"], "outputs"),
    (["simulate", LENET, "--inputs", "{}/short.npy"], "784"),
    (["simulate", LENET, "--inputs", "{}/nan.npy"], "NaN"),
    (["simulate", LENET, "--inputs", "{}/objects.npy"], "objects.npy"),
    (["simulate", LENET, "--inputs", "{}/cut.npy"], "cut.npy"),
    (["simulate", LENET, "--inputs", "{}/none.npy"], "none.npy"),
    (["simulate", LENET, "--activation-density", "2"], "density"),
    (["simulate", "{}/none.npz"], "none.npz"),
    (["simulate", "{}/empty.safetensors"], "empty.safetensors"),
    (["simulate", "{}/huge.safetensors"], "huge.safetensors"),
    (["simulate", "{}/cut.safetensors"], "cut.safetensors"),
    (["simulate", "{}/text.npz"], "text.npz"),
    (["simulate", "{}/text.onnx"], "text.onnx"),
    (["simulate", "{}/weights.txt"], "weights.txt"),
    (["simulate", "{}/folder"], "folder"),
    (["compress", "{}/nan.npz"], "finite"),
    (["compress", "{}/flat.npz"], "flat.npz"),
    (["compress", LENET, "--layer-density", "fc3"], "LAYER=DENSITY"),
    (["compress", LENET, "--layer-density", "fc7=0.1"], "fc7"),
    (["compress", LENET, "--order", "diagonal"], "order"),
    (["compress", LENET, "-o", "{}/no/such/folder.safetensors"], "folder"),
    (["compress", LENET, "-o", "{}/folder"], "folder"),
    (["accuracy", LENET, "--digits", LENET], "images"),
    (["accuracy", LENET, "--bits", "1"], "activation_bits"),
    (["demo", "{}/folder"], "digits.safetensors"),
    (["layers", "{}/none.onnx"], "none.onnx"),
    (["config", "--machine", "esie"], "no such machine"),
]


@pytest.mark.parametrize(("arguments", "told"), CASES, ids=lambda v: " ".join(v)[:60])
def test_one_line_and_status_2(arguments, told, files, capsys, monkeypatch):
    before = sorted(files.rglob("*"))
    line = [a.replace("{}", str(files)) for a in arguments]
    status, out, err = run(capsys, monkeypatch, *line)
    assert status == 2
    assert err.startswith("accelsim: error: ")
    assert err.count("\n") == 1
    assert told in err
    assert "Traceback" not in out + err
    assert sorted(files.rglob("*")) == before


def test_json_is_one_object(capsys, monkeypatch):
    status, out, _ = run(
        capsys, monkeypatch, "simulate", LENET, "--inputs",
        "traces/lenet-300-100/digits.safetensors", "--engine", "reference", "--json",
    )
    found = json.loads(out)
    assert status == 0
    assert found["machine"] == "eie"
    assert found["config"]["n_pe"] == 64
    assert [layer["layer"] for layer in found["layers"]] == ["fc1", "fc2", "fc3"]
    for key in ("cycles", "time_us", "theoretical_us", "load_balance", "entries", "padding",
                "macs", "counters"):
        assert key in found["total"], key
        assert key in found["layers"][0], key
    assert found["total"]["cycles"] == sum(layer["cycles"] for layer in found["layers"])
    assert len(found["layers"][0]["outputs_sha256"]) == 64
    assert "provenance" in found["layers"][0]


def test_csv_is_one_line_a_layer(capsys, monkeypatch):
    status, out, _ = run(
        capsys, monkeypatch, "simulate", LENET, "--activation-density", "0.2",
        "--engine", "functional", "--csv",
    )
    assert status == 0
    assert [line.split(",")[0] for line in out.splitlines()] == ["layer", "fc1", "fc2", "fc3"]
