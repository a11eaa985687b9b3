"""Every command that takes work takes any work: files whose layers are branches, stores, folders,
shapes; and says the same of it."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from typer.main import get_command

from accelsim import load_machine
from accelsim.cli import main
from accelsim.cli.app import app
from accelsim.cli.works import prepared
from accelsim.compression import Recipe, compress, load_compressed
from accelsim.workload import load_layer, random_layer, save_eie_simulator
from tests.workload import onnx_models

SILERO = "traces/silero-lstm"
ESE = ("-m", "ese", "--set", "n_channels=4")
EIE = ("--set", "n_pe=4")
DRAW = ("--activation-density", "0.5")
# Where the work is, what else is typed, the layer that is run.
WORKS = {
    "a branch": ("{}/branches.safetensors", ("-l", "v", *DRAW, *EIE), "v"),
    "of a store": ("{}/store.safetensors", ("-l", "out", *DRAW, *EIE), "out"),
    "behind a colon": ("{}/branches.safetensors:block:0/q", (*DRAW, *EIE), "block:0/q"),
    "one matrix": ("{}/branches.safetensors", ("-l", "v", *DRAW, "-m", "bbs"), "v"),
    "a data folder": ("{}/eiesim", EIE, "eiesim"),
    "a shape": ("random:24x16:density=0.5:activations=0.5", EIE, "random:24x16"),
    "a recurrent shape": ("random:lstm:32x8:density=0.5:steps=2:channels=2", ESE, "random:lstm"),
    "of a folder": (SILERO, ("-l", "load_balanced/8", "-m", "bbs"), "load_balanced-8"),
    "of a folder, colon": (f"{SILERO}:load_balanced/8", ("-m", "bbs"), "load_balanced-8"),
}
# What each command needs beside its work; a new command is asked for its line here.
COMMANDS = {
    "simulate": (),
    "explain": ("-o", "{}/why.svg"),
    "trace": ("-f", "text", "--to", "20", "--pe", "0"),
    "report": ("-o", "{}/run.html"),
    "cosim": ("--export", "{}/bench"),
}
# Pictures take their time: each kind of work once.
DRAWN_PICTURES = {"explain": ("a branch", "of a folder"), "report": ("of a store", "a shape")}
PAIRS = [(command, work) for command in COMMANDS for work in DRAWN_PICTURES.get(command, WORKS)]
OTHERS = {"layers", "compress"}  # below
# Each says what it takes.
NOT_WORK = {"recurrent", "patterns", "accuracy", "demo", "published", "tables", "codesign"}


def run(capsys, monkeypatch, *arguments):
    """Exit status, standard output and error of one command line."""
    monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, arguments)])
    with pytest.raises(SystemExit) as leave:
        main()
    return leave.value.code, *capsys.readouterr()


def weights(rng, *shape):
    return (rng.normal(size=shape) * (rng.random(shape) < 0.4)).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Layers side by side, a chain, a store, a data folder, input vectors."""
    made = tmp_path_factory.mktemp("any")
    rng = np.random.default_rng(5)
    save_file({"block:0/q.weight": weights(rng, 16, 16), "k.weight": weights(rng, 16, 16),
               "v.weight": weights(rng, 24, 16), "out.weight": weights(rng, 8, 40)},
              made / "branches.safetensors")
    np.savez(made / "chain.npz", **{"fc1.weight": weights(rng, 20, 16),
                                    "fc1.bias": rng.normal(size=20).astype(np.float32),
                                    "fc2.weight": weights(rng, 12, 20)})
    np.savez(made / "square.npz", **{"a.weight": weights(rng, 16, 16),
                                     "b.weight": weights(rng, 16, 16)})
    np.savez(made / "flat.npz", weight=np.ones(3))
    for width in (16, 20, 9):
        np.save(made / f"x{width}.npy", np.abs(weights(rng, 1, width)) + np.eye(1, width))
    (made / "notes.txt").write_text("1 2 3")
    (made / "empty").mkdir()
    layer = random_layer((20, 16), 0.3, 0.5)
    save_eie_simulator(made / "eiesim", compress(layer), layer.activations, 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["accelsim", "compress", f"{made}/branches.safetensors",
                                    "-o", f"{made}/store.safetensors"])
        with pytest.raises(SystemExit) as leave:
            main()
    assert leave.value.code == 0
    return made


def test_no_command_is_missed():
    takers = {name for name, command in get_command(app).commands.items()
              if any(p.name in ("source", "sources") for p in command.params)}
    assert takers - NOT_WORK == set(COMMANDS) | OTHERS


@pytest.mark.parametrize(("command", "work"), PAIRS)
def test_a_command_takes_it(command, work, files, tmp_path, capsys, monkeypatch):
    source, options, name = WORKS[work]
    words = [word.replace("{}", str(tmp_path)) for word in COMMANDS[command]]
    status, out, err = run(
        capsys, monkeypatch, command, source.replace("{}", str(files)), *options, *words)
    if command == "cosim" and "bbs" in options:
        assert status == 2
        assert "rtl" in err
        return
    assert (status, err) == (0, "")
    if command != "report":
        assert name in out
    for word in words:
        if word.startswith(str(tmp_path)):
            assert (tmp_path / word).exists()


@pytest.mark.parametrize("work", ["behind a colon", "of a folder, colon", "a recurrent shape"])
def test_the_commands_agree(work, files, tmp_path, capsys, monkeypatch):
    """`simulate -l LAYER` and the look at one layer are of the same run."""
    source, options, _ = WORKS[work]
    place = source.replace("{}", str(files))
    told = json.loads(run(capsys, monkeypatch, "simulate", place, *options, "--json")[1])
    seen = json.loads(run(capsys, monkeypatch, "explain", place, *options, "--json",
                          "-o", tmp_path / "x.svg")[1])
    assert seen["cycles"] == told["total"]["cycles"] > 0
    assert seen["run_before"] == []


def sent(text):
    """Columns that a trace shows as sent to the PEs."""
    lines = [line.split() for line in text.splitlines()]
    return [int(words[2].partition("=")[0]) for words in lines
            if len(words) > 2 and words[1] == "send"]


@pytest.mark.parametrize(("file", "layer", "options", "before"), [
    ("chain.npz", "fc2", ("--inputs", "{}/x16.npy"), ["fc1"]),
    ("chain.npz", "fc2", ("--inputs", "{}/x20.npy"), []),
    ("chain.npz", "fc2", DRAW, ["fc1"]),
    ("chain.npz", "fc2", (*DRAW, "--alone"), []),
    ("chain.npz", "fc2.weight", ("--inputs", "{}/x20.npy"), []),
    ("square.npz", "b", ("--inputs", "{}/x16.npy"), ["a"]),
    ("square.npz", "b", ("--inputs", "{}/x16.npy", "--alone"), []),
    ("branches.safetensors", "v", ("--inputs", "{}/x16.npy"), []),
])
def test_the_inputs_width_decides(file, layer, options, before, files, capsys, monkeypatch):
    """Alone, the non-zeros of the file's vector are what is sent."""
    words = [word.replace("{}", str(files)) for word in options]
    ready = prepared(
        load_machine("eie", n_pe=4), str(files / file), layer,
        Path(words[1]) if words[0] == "--inputs" else None,
        0.5 if words[0] == DRAW[0] else None, None, 1, alone="--alone" in words)
    assert (ready.before, ready.work.name) == (before, layer.removesuffix(".weight"))
    if not before and words[0] == "--inputs":
        status, text, _ = run(capsys, monkeypatch, "trace", files / file, "-l", layer, *words,
                              *EIE, "-f", "text", "--to", "9999", "--pe", "0")
        assert (status, sent(text)) == (0, np.flatnonzero(np.load(words[1])[0]).tolist())


@pytest.mark.parametrize(("arguments", "told"), [
    (["explain", "{}/chain.npz", "-l", "fc2", "--inputs", "{}/x9.npy"], "takes 16 or, alone, 20"),
    (["explain", "{}/branches.safetensors", *DRAW], "choose one with -l: block:0/q, k, out, v"),
    (["explain", "{}/branches.safetensors:v", "-l", "k", *DRAW], "no layer 'k'"),
    (["simulate", "{}/branches.safetensors:v", "-l", "k", *DRAW], "leave one out"),
    (["trace", SILERO, "-l", "dens", "-m", "ese", "-f", "text"], "did you mean 'dense'"),
    (["simulate", "random:24by16"], "OUTPUTSxINPUTS"),
    (["explain", "random:24x16:density=0.5"], "--activation-density"),
    (["simulate", "random:24x16:density=2"], "need 0 to 1"),
    (["simulate", "random:24x16:sed=1"], "did you mean 'seed'"),
    (["simulate", "random:24x16:seed=1:seed=2"], "given twice"),
    (["simulate", "random:24x16:seed=-1"], "0 or more"),
    (["simulate", "random:24x16:bias=1"], "yes or no"),
    (["simulate", "random:24x0"], "at least 1 x 1"),
    (["simulate", "random:999999x999999"], "cut the layer into parts"),
    (["simulate", "random:lstm:24", "-m", "ese"], "CELLSxINPUTS"),
    (["simulate", "random:lstm:24x16:bias=yes", "-m", "ese"], "unknown 'bias'"),
    (["simulate", "random:lstm:24x16:steps=0", "-m", "ese"], "1 or more"),
    (["simulate", "random:lstm:24x16"], "does not take"),
    (["simulate", "random:lstm:24x16:channels=99", "-m", "ese"], "the machine has 32"),
    (["compress", "{}/store.safetensors"], "compressed already"),
    (["compress", "{}/eiesim"], "compressed already"),
    (["compress", SILERO], "recurrent"),
    (["compress", "{}/branches.safetensors", "--inputs", "{}/x16.npy"], "outputs"),
    (["layers", "{}/notes.txt"], ".safetensors"),
    (["layers", "{}/empty"], "a folder without layers"),
    (["layers", "{}"], "branches.safetensors"),
    (["layers", "{}/x16.npy"], "numpy.savez"),
    (["layers", "{}/eiesim:fc9"], "no layer 'fc9'"),
    (["layers", "{}/branches.safetensors:z"], "layers: block:0/q"),
    (["layers", "x" * 5000], "too long"),
])
def test_one_line_and_status_2(arguments, told, files, capsys, monkeypatch):
    line = [word.replace("{}", str(files)) for word in arguments]
    status, _, err = run(capsys, monkeypatch, *line)
    assert status == 2
    assert err.startswith("accelsim: error: ")
    assert err.count("\n") == 1
    assert told in err


def test_compress_takes_branches(files, tmp_path, capsys, monkeypatch):
    """Each layer as if it had been alone; the order is the file's."""
    status, out, err = run(capsys, monkeypatch, "compress", files / "branches.safetensors",
                           "-o", tmp_path / "all.safetensors", "--json")
    assert (status, err) == (0, "")
    names = ["block:0/q", "k", "out", "v"]
    assert [row["name"] for row in json.loads(out)["layers"]] == names
    for packed in load_compressed(tmp_path / "all.safetensors"):
        own = compress(load_layer(files / "branches.safetensors", packed.name),
                       Recipe(weight_bits=4, index_bits=4))
        assert packed.digest() == own.digest()


def test_a_layer_behind_another_operation_is_run_alone(tmp_path, capsys, monkeypatch):
    """The widths fit, but a Softmax stands between: the one before is no way to the inputs."""
    node = onnx_models.node
    path = onnx_models.save(tmp_path / "net.onnx", [
        node("MatMul", "x a", "h", "first"), node("Softmax", "h", "s"),
        node("MatMul", "s b", "y", "second")],
        {"a": onnx_models.floats(8, 8), "b": onnx_models.floats(8, 8)}, [1, 8])
    status, out, err = run(capsys, monkeypatch, "explain", path, "-l", "second", *DRAW, *EIE,
                           "-o", tmp_path / "why.svg")
    assert status == 0, err
    assert out.startswith("second: where ")
