"""``accelsim demo lenet-5``: what it prints is what files and papers say; a fault stops it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import accelsim
import accelsim.workload
from accelsim.machines import network_run
from tests.networks.test_run import LENET, TRACES, command, digits


@pytest.fixture
def few(monkeypatch, tmp_path):
    """A dozen digits in place of a thousand."""
    whole = accelsim.workload.load_digits
    monkeypatch.setattr(accelsim.workload, "load_digits",
                        lambda path: tuple(part[:12] for part in whole(path)))
    monkeypatch.chdir(tmp_path)


def test_the_demo_of_convolutions(capsys, monkeypatch, few):
    status, out, err = command(capsys, monkeypatch, "demo", "lenet-5", "--count", 3,
                               "--set", "n_pe=16")
    assert (status, err) == (0, "")
    # Sizes as the training program counted them, and the published row.
    recorded = json.loads((TRACES / "lenet-5" / "results.json").read_text())
    assert re.search(rf"this network +1,724 +{recorded['size']['huffman_bytes'] / 1000:.1f} +"
                     rf"{recorded['size']['huffman_rate']:.1f}x +0.81 +0.79", out)
    assert re.search(r"Deep Compression +1,720 +44 +39x", out)
    images, labels = digits(12)
    packed = accelsim.compress(
        accelsim.load_network(LENET, network="lenet-5"), calibration=images)
    ran = accelsim.simulate(accelsim.load_machine("eie", n_pe=16), packed, images[:3])
    for name, layer in ran.layers.items():
        assert re.search(rf"{name} .*{layer.cycles / 3:,.1f} ", out)
    right = int((ran.outputs_float.argmax(axis=1) == labels[:3]).sum())
    assert f"accuracy: {right} of 3 digits cycle by cycle" in out
    assert "3 digits, engine fast, equal the functional model, bit for bit" in out
    assert Path("accelsim-demo.svg").stat().st_size > 10_000


def test_a_fault_stops_the_demo(capsys, monkeypatch, few):
    def wrong(machine, config, network, images, engine, run=network_run.run_network):
        result = run(machine, config, network, images, engine)
        layer = result.layers["conv2"]
        if engine == "functional":
            return result
        outputs = np.array(layer.outputs)
        outputs.flat[-1] += 1
        return replace(result, layers={**result.layers, "conv2": replace(layer, outputs=outputs)})

    monkeypatch.setattr(network_run, "run_network", wrong)
    status, _, err = command(capsys, monkeypatch, "demo", TRACES / "lenet-5", "--count", 2)
    assert status == 2
    assert "conv2: fast and functional outputs differ" in err
    assert not Path("accelsim-demo.svg").exists()
