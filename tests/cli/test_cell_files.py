"""Files of LSTMs and GRUs on the command line: every view, and mistakes in one line."""

import csv
import io
import json

import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy.io import wavfile

from tests.cli.test_recurrent import run

N_IN, N, STEPS = 6, 8, 5


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A stack of two bidirectional LSTMs with a head, two modules, sequences."""
    folder = tmp_path_factory.mktemp("cells")
    rng = np.random.default_rng(2)

    def cell(end, width, base="lstm."):
        return {f"{base}weight_ih{end}": rng.normal(0, 0.4, (4 * N, width)).astype(np.float32),
                f"{base}weight_hh{end}": rng.normal(0, 0.4, (4 * N, N)).astype(np.float32),
                f"{base}bias_ih{end}": rng.normal(0, 0.4, 4 * N).astype(np.float32)}

    arrays = {}
    for layer, width in ((0, N_IN), (1, 2 * N)):
        for end in ("", "_reverse"):
            arrays |= cell(f"_l{layer}{end}", width)
    save_file(arrays | {"fc.weight": np.ones((3, 2 * N), np.float32)}, folder / "m.safetensors")
    save_file(cell("", N_IN, "enc.") | cell("", N_IN, "dec."), folder / "two.safetensors")
    np.save(folder / "x.npy", rng.normal(size=(STEPS, N_IN)))
    np.savez(folder / "batch.npz", inputs=rng.normal(size=(STEPS, 5, N_IN)),
             lengths=[5, 1, 2, 5, 3])
    np.savez(folder / "bad.npz", inputs=rng.normal(size=(STEPS, 2, N_IN)), lengths=[9, 1])
    wavfile.write(folder / "v.wav", 16_000, (rng.normal(size=40) * 9000).astype(np.int16))
    (folder / "no.wav").write_bytes(b"RIFF....")
    return folder


SMALL = ["-m", "ese", "--set", "n_pe=4"]


def told(capsys, monkeypatch, *words):
    code, out, err = run(capsys, monkeypatch, *words)
    assert code == 0, err
    return out


def test_layers_lists_them(capsys, monkeypatch, files):
    out = json.loads(told(capsys, monkeypatch, "layers", f"{files}/m.safetensors", "--json"))
    assert [(c["name"], c["kind"], c["n_inputs"], c["n_cells"]) for c in out["recurrent"]] == [
        ("lstm.l0.forward", "lstm", N_IN, N), ("lstm.l0.reverse", "lstm, reverse", N_IN, N),
        ("lstm.l1.forward", "lstm", 2 * N, N), ("lstm.l1.reverse", "lstm, reverse", 2 * N, N)]
    assert not out["skipped"], "biases belong to the cells"
    text = told(capsys, monkeypatch, "layers", f"{files}/two.safetensors")
    assert "sequence of" in text


def test_a_stack_runs_with_its_error(capsys, monkeypatch, files):
    line = ["simulate", f"{files}/m.safetensors", *SMALL, "--inputs", f"{files}/x.npy"]
    out = json.loads(told(capsys, monkeypatch, *line, "--json"))
    assert [row["layer"] for row in out["layers"]] == [
        f"lstm.l{k}.{way}" for k in (0, 1) for way in ("forward", "reverse")]
    assert 0 < out["float_error"]["relative_to_file"] < 0.05
    text = told(capsys, monkeypatch, *line)
    assert "timed one after the other" in text
    assert "not run here, as they are no recurrent layers: fc" in text
    pruned = json.loads(told(capsys, monkeypatch, *line, "--json", "--density", "0.25",
                             "--pattern", "load_balanced"))
    assert pruned["float_error"]["relative_to_file"] > 10 * (
        pruned["float_error"]["relative_to_own_weights"])
    assert pruned["layers"][0]["entries"] < out["layers"][0]["entries"] / 2


def test_a_batch_runs_as_many_channels_at_a_time_as_there_are(capsys, monkeypatch, files):
    out = told(capsys, monkeypatch, "simulate", f"{files}/m.safetensors", *SMALL, "-l", "lstm.l0",
               "--set", "n_channels=2", "--inputs", f"{files}/batch.npz", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["layer"] for row in rows] == ["lstm.l0.forward", "lstm.l0.reverse"] * 3
    assert len({row["cycles"] for row in rows[::2]}) == 1, "a channel without input idles"


def test_without_a_sequence_one_is_drawn_and_said(capsys, monkeypatch, files):
    text = told(capsys, monkeypatch, "simulate", f"{files}/two.safetensors", *SMALL, "-l", "dec")
    assert "no sequence is given: 10 steps of 32 channels drawn" in text


def test_samples_of_a_wav_are_steps(capsys, monkeypatch, files):
    text = told(capsys, monkeypatch, "simulate", f"{files}/two.safetensors:enc", *SMALL,
                "--inputs", f"{files}/v.wav")
    assert "16,000 Hz, 6 steps of 6 samples, the last 4 samples left out" in text


def test_the_other_views(capsys, monkeypatch, files, tmp_path):
    line = [f"{files}/m.safetensors", *SMALL, "--inputs", f"{files}/x.npy"]
    found = json.loads(told(
        capsys, monkeypatch, "explain", *line, "-l", "lstm.l1.forward", "--json", "-o",
        tmp_path / "e.svg"))
    assert found["run_before"] == ["lstm.l0.forward", "lstm.l0.reverse"]
    own = next(row for row in found["channels"] if row["n_channels"] == 32)
    assert own["cycles"] == found["cycles"] == sum(row["cycles"] for row in found["bounds"])
    words = {(row["module"], row["what"]): row["words"] for row in found["memory"]}
    assert words["DDR_1", "all"] == words["DDR_1", "weights"] + words["DDR_1", "results"]
    assert {row["function"] for row in found["tables_error"]} == {"sigmoid", "tanh"}
    told(capsys, monkeypatch, "trace", *line, "-l", "lstm.l0.reverse", "--to", "20", "-o",
         tmp_path / "t.vcd")
    told(capsys, monkeypatch, "report", f"{files}/two.safetensors:enc", *SMALL, "-o",
         tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text().count("enc") > 1
    out = json.loads(told(capsys, monkeypatch, "recurrent", f"{files}/m.safetensors", "--set",
                          "n_pe=4", "--inputs", f"{files}/x.npy", "--json"))
    assert len(out["layers"]) == 4
    assert out["layers"][3]["errors"][0]["relative"] < 0.05


def test_patterns_on_three_machines(capsys, monkeypatch, files):
    line = ["patterns", f"{files}/m.safetensors", "-l", "lstm.l1.reverse", "--set", "n_pe=4",
            "--inputs", f"{files}/x.npy", "--density", "0.5", "--json"]
    out = json.loads(told(capsys, monkeypatch, *line))
    assert [row["pattern"] for row in out["rows"]] == [
        "dense", "unstructured", "load_balanced", "bank_balanced", "block", "n_m", "row", "channel"]
    for row in out["rows"]:
        assert row["agree"] is None, "no decisions of an unknown network"
        assert min(row["step_us"], row["eie_us"], row["bbs_step_us"], row["energy_nj"]) > 0
    assert out["rows"][0]["error_float"] == 0
    assert "lstm.l1.reverse runs on what the float network gives it" in out["notes"]


@pytest.mark.parametrize(("words", "said"), [
    (["patterns", "{}/m.safetensors"], "4 recurrent layers; name one"),
    (["patterns", "traces/silero-lstm", "--inputs", "{}/x.npy"], "a folder has its own"),
    (["simulate", "{}/two.safetensors", *SMALL], "2 recurrent modules"),
    (["simulate", "{}/m.safetensors", *SMALL, "-l", "lstm.l9"], "no layer 'lstm.l9'"),
    (["simulate", "{}/m.safetensors", "-l", "lstm"], "take -m bbs or ese"),
    (["simulate", "{}/m.safetensors", *SMALL, "-l", "lstm.l1", "--inputs", "{}/x.npy"],
     "the layer takes (steps, 16)"),
    (["simulate", "{}/m.safetensors", *SMALL, "--inputs", "{}/bad.npz"],
     "need an integer from 0 to 5"),
    (["simulate", "{}/m.safetensors", *SMALL, "--inputs", "{}/no.wav"], "not a WAV file"),
    (["simulate", "{}/m.safetensors", *SMALL, "--pattern", "block"], "give --density"),
    (["simulate", "{}/m.safetensors", *SMALL, "--pattern", "bloc", "--density", "0.5"],
     "did you mean 'block'"),
    (["explain", "{}/m.safetensors", *SMALL, "-l", "lstm.l0"], "are 2 layers; name one"),
    (["recurrent", "{}/none.onnx"], "no such file"),
    (["recurrent", "traces/lenet-300-100/dense.safetensors"], "no LSTM or GRU"),
])
def test_mistakes_are_one_line(capsys, monkeypatch, files, words, said):
    code, _, err = run(capsys, monkeypatch, *(w.replace("{}", str(files)) for w in words))
    assert code == 2
    lines = [line for line in err.splitlines() if line.startswith("accelsim: error: ")]
    assert len(lines) == 1
    assert said in lines[0]
