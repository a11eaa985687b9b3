"""trace, explain and report on the command line: what they write, and every mistake in one line."""

import sys

import numpy as np
import pytest

from accelsim.cli import main
from accelsim.cli.trace import pe_numbers
from accelsim.errors import InputError

LENET = "traces/lenet-300-100/pruned.safetensors"
DIGITS = "traces/lenet-300-100/digits.safetensors"


def run(capsys, monkeypatch, *arguments):
    """Exit status, standard output and error of one command line."""
    monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, arguments)])
    with pytest.raises(SystemExit) as leave:
        main()
    return leave.value.code, *capsys.readouterr()


CASES = [
    (["trace", "alex-9", "-o", "{}/x.vcd"], "alex-"),
    (["trace", "alex-7"], "-o"),
    (["trace", "alex-7", "-f", "vcdd", "-o", "{}/x"], "perfetto"),
    (["trace", "alex-7", "--pe", "64", "-o", "{}/x.vcd"], "0 to 63"),
    (["trace", "alex-7", "--pe", "a-b", "-o", "{}/x.vcd"], "0-7,12"),
    (["trace", "alex-7", "--from", "9", "--to", "8", "-o", "{}/x.vcd"], "9 to 8"),
    (["trace", "alex-7", "--from", "99999999", "-o", "{}/x.vcd"], "takes"),
    (["trace", "alex-7", "--from", "-1", "-o", "{}/x.vcd"], "from"),
    (["trace", "alex-7", "--to", "9", "-o", "{}/none/x.vcd"], "cannot be written"),
    (["trace", "alex-7", "--to", "9", "-o", "{}"], "cannot be written"),
    (["trace", LENET, "-o", "{}/x.vcd"], "--inputs"),
    (["trace", LENET, "--layer", "fc9", "--inputs", DIGITS, "-o", "{}/x.vcd"], "fc"),
    (["trace", "vgg-6", "--set", "n_pe=2", "-o", "{}/x.vcd"], "capacity"),
    (["explain", "alex-7", "--set", "n_pe=0", "-o", "{}/x.svg"], "n_pe"),
    (["explain", "nt-we", "--set", "n_pe=8", "--set", "capacity=ignore", "-o", "{}/x.bmp"], ".svg"),
    (["explain", LENET, "--activation-density", "7", "-o", "{}/x.svg"], "density"),
    (["report", "{}/none.json", "-o", "{}/x.html"], "none.json"),
    (["report", "alex-7", "alex-8", "-o", "{}/x.html"], "simulate --json"),
    (["report", "-o", "{}/x.html"], "SOURCES"),
    (["compress", "nt-we", "--permute-rows", "--n-pe", "0", "-o", "{}/x.safetensors"], "1 to 4096"),
]


@pytest.mark.parametrize(("arguments", "told"), CASES, ids=lambda v: " ".join(v)[:60])
def test_one_line_and_status_2(arguments, told, tmp_path, capsys, monkeypatch):
    status, out, err = run(capsys, monkeypatch, *(a.replace("{}", str(tmp_path))
                                                  for a in arguments))
    assert status == 2
    assert err.startswith("accelsim: error: ")
    assert err.count("\n") == 1
    assert told in err
    assert "Traceback" not in out + err
    assert list(tmp_path.iterdir()) == []


def test_an_old_trace_stays_if_the_new_one_fails(tmp_path, capsys, monkeypatch):
    path = tmp_path / "run.vcd"
    path.write_text("before")
    assert run(capsys, monkeypatch, "trace", "nt-we", "--set", "n_pe=8", "--set",
               "capacity=ignore", "--from", 10**7, "-o", path)[0] == 2
    assert path.read_text() == "before"


def test_a_later_layer_is_traced_with_what_it_is_given(tmp_path, capsys, monkeypatch):
    """fc2's broadcasts in the trace are fc1's non-zero outputs, shifted to fc2's binary point."""
    from accelsim.machines import load_config
    from accelsim.network import calibrated, job_of_layer, simulate_network
    from accelsim.sources import load_inputs, open_source

    status, out, _ = run(capsys, monkeypatch, "trace", LENET, "--layer", "fc2", "--inputs", DIGITS,
                         "-f", "text", "--pe", "0", "--to", 10**6)
    assert status == 0
    sent = {}
    for line in out.splitlines():
        words = line.split()
        if len(words) > 2 and words[1] == "send":
            column, _, activation = words[2].partition("=")
            sent[int(column)] = int(activation)
    config = load_config("eie")
    vector = load_inputs(tmp_path.cwd() / DIGITS, 784)[:1]
    layers = calibrated(open_source(LENET).layers[:2], vector)
    job, _ = job_of_layer(config, layers, vector[0], 1)
    first = simulate_network(config, layers, vector)[0][0]
    assert np.array_equal(np.flatnonzero(job.activations), np.flatnonzero(first.outputs > 0))
    wanted = {int(j): int(job.activations[j]) for j in np.flatnonzero(job.activations)}
    assert {j: v for j, v in sent.items() if j < 300} == wanted
    assert len(sent) - len(wanted) in (0, 1)  # the bias


@pytest.mark.parametrize(("text", "n_pe", "numbers"), [
    ("0", 1, [0]), ("0-7", 4, [0, 1, 2, 3]), ("3,1,1-2", 8, [1, 2, 3]), (" 5 ", 8, [5]),
])
def test_pe_numbers(text, n_pe, numbers):
    assert pe_numbers(text, n_pe) == numbers


@pytest.mark.parametrize("text", ["", ",", "-", "1-", "-1", "3-2", "8", "8-9", "1.5", "²"])
def test_wrong_pe_numbers(text):
    with pytest.raises(InputError, match="--pe"):
        pe_numbers(text, 8)
