"""Files of arrays on the command line: what their types mean, and what is told of them."""

import json
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from accelsim.cli import main

W = np.array([[0.5, 0.25, 0, 1], [0, 0.5, 0.5, 0.25]], dtype=np.float32)
PIXELS = np.array([2, 4, 6, 8], dtype=np.uint8)


@pytest.fixture
def cli(capsys, monkeypatch):
    """Exit status, standard output and error of one command line."""
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, arguments)])
        with pytest.raises(SystemExit) as leave:
            main()
        return leave.value.code, *capsys.readouterr()
    return run


@pytest.fixture
def folder(tmp_path):
    np.savez(tmp_path / "net.npz", **{"fc.weight": W})
    for kind in ("uint8", "int32", "float32"):
        np.save(tmp_path / f"{kind}.npy", PIXELS.astype(kind))
    return tmp_path


def outputs(cli, *arguments):
    """What a command would compute: the digest-free part of its JSON."""
    status, out, err = cli(*arguments, "--json")
    assert (status, err) == (0, "")
    return [{k: v for k, v in layer.items() if k not in ("wall_s",)}
            for layer in json.loads(out)["layers"]]


@pytest.mark.parametrize("machine", ["eie", "ese", "bbs"])
def test_integers_of_a_file_are_numbers(cli, folder, machine):
    runs = [outputs(cli, "simulate", folder / "net.npz", "-m", machine, "--inputs",
                    folder / f"{kind}.npy") for kind in ("uint8", "int32", "float32")]
    assert runs[0] == runs[1] == runs[2]


def test_fixed_point_is_an_option(cli, folder):
    packed = folder / "packed.safetensors"
    common = ["--weight-bits", "4", "-o", packed]
    assert cli("compress", folder / "net.npz", "--inputs", folder / "float32.npy", *common)[0] == 0
    np.save(folder / "fixed.npy", (PIXELS.astype(np.int32) << 11))  # 8 << 11 is half of 2**15
    want = outputs(cli, "simulate", packed, "--inputs", folder / "float32.npy")
    got = outputs(cli, "simulate", packed, "--inputs", folder / "fixed.npy",
                  "--inputs-fixed-point")
    assert got == want
    traces = [cli("trace", packed, "-f", "text", "--to", "30", *options) for options in (
        ["--inputs", folder / "float32.npy"],
        ["--inputs", folder / "fixed.npy", "--inputs-fixed-point"])]
    assert traces[0][0] == 0
    assert traces[0] == traces[1]
    # As numbers they are far beyond what the calibrated layer holds, which is told.
    status, _, err = cli("simulate", packed, "--inputs", folder / "fixed.npy")
    assert status == 0
    first, *losses = err.splitlines()
    assert first.startswith("accelsim: warning: fc: integer inputs are numbers, from 4096 to 16384")
    assert all("clipped" in line for line in losses)


@pytest.mark.parametrize(("arguments", "text"), [
    (["net.npz", "--inputs", "float32.npy"], "are said to be fixed point; give integers"),
    (["net.npz", "--inputs", "uint8.npy"], "needs a layer that has its binary points"),
    (["net.npz", "--activation-density", "0.5"], "give it with --inputs"),
    (["net.npz", "--inputs", "uint8.npy", "-m", "ese"], "'ese' chooses them from the inputs"),
])
def test_fixed_point_that_makes_no_sense(cli, folder, arguments, text):
    if text.startswith("are said"):
        packed = folder / "net.npz"
        cli("compress", packed, "--inputs", folder / "float32.npy", "-o", folder / "p.safetensors")
        arguments = ["p.safetensors", *arguments[1:]]
    given = [folder / a if "." in a and a[0].isalpha() else a for a in arguments]
    status, out, err = cli("simulate", *given, "--inputs-fixed-point")
    assert (status, out) == (2, "")
    assert text in err
    assert err.count("\n") == 1


def test_the_order_is_told(cli, folder):
    path = folder / "two.safetensors"
    save_file({"fc2.weight": np.ones((3, 2), np.float32), "fc1.weight": W}, path)
    status, out, _ = cli("simulate", path, "--inputs", folder / "uint8.npy")
    assert status == 0
    assert "keeps no order of layers; taken in the only one that fits: fc1, fc2" in (
        " ".join(out.split()))
    save_file({"b.weight": np.ones((4, 4), np.float32), "a.weight": np.ones((4, 4), np.float32)},
              path)
    status, _, err = cli("simulate", path, "--inputs", folder / "uint8.npy")
    assert status == 2
    assert "more than one fits; name them in order (-l):" in err
    assert cli("simulate", path, "-l", "b", "-l", "a", "--inputs", folder / "uint8.npy")[0] == 0
