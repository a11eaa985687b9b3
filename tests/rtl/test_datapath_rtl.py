"""Arrays with a shifter, and with add and subtract, beside the model: cycle by cycle."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accelsim import Layer, Recipe, compress, load_machine
from accelsim.api import make_job
from accelsim.compression.decoded import decoded_network
from accelsim.machines import machine_of
from accelsim.machines.eie.datapath_prices import gates
from accelsim.machines.eie.fast.run import run
from accelsim.machines.network_run import run_network
from accelsim.rtl_bridge import cosim
from accelsim.sources import open_network
from accelsim.workload import load_digits
from tests.rtl.bench import ROOT, RTL
from tests.rtl.random_cases import random_layer, random_machine

TRACES = ROOT / "traces"
SMALL = {"n_pe": 3, "spmat_kb": 1.0, "pointer_kb": 0.5, "act_sram_kb": 0.25}


def report(tmp_path: Path, table: str, rtl: list[Path], **machine: object) -> object:
    rng = np.random.default_rng(7)
    layer = Layer(rng.normal(size=(21, 26)), np.maximum(rng.normal(size=26), 0),
                  bias=rng.normal(size=21), name="fc")
    packed = compress(layer, Recipe(table=table, density=0.6, bias="accumulator"))
    config = load_machine("eie", **SMALL, **machine)
    return cosim(config, make_job(config, packed, layer.activations), rtl, tmp_path)


@pytest.mark.parametrize(("table", "machine"), [
    ("log", {"multiplier": "shift"}),
    ("ternary:scale=power_of_two", {"multiplier": "sign", "weight_value_bits": 2}),
])
def test_the_array_is_the_model(table: str, machine: dict[str, object], tmp_path: Path) -> None:
    assert report(tmp_path, table, [RTL], **machine).equal  # type: ignore[attr-defined]


def test_a_planted_fault_is_told(tmp_path: Path) -> None:
    """A shifter that forgets the sign."""
    mine = tmp_path / "mine"
    mine.mkdir()
    text = (RTL / "common" / "arith_unit_shift.v").read_text()
    wrong = text.replace("(moved ^ sign) + carry", "moved")
    assert wrong != text
    (mine / "arith_unit_shift.v").write_text(wrong)
    told = report(tmp_path, "power_of_two", [mine, RTL], multiplier="shift")
    assert not told.equal  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["shift", "sign"])
def test_random_layers_on_random_arrays(kind: str, tmp_path: Path) -> None:
    """The Verilog is the model, and the model with a multiplier gives the same sums."""
    rng = np.random.default_rng(15)
    for number in range(10):
        machine = random_machine(rng, 5) | {"multiplier": kind}
        if kind == "sign":
            machine["weight_value_bits"] = 2
        case = random_layer(rng, machine, 40)
        told = cosim(case.config, case.job, [RTL], tmp_path)
        assert told.equal, (number, machine, told)
        multiplied = case.config.model_copy(update={"multiplier": "full"})
        mine, theirs = (run(config, case.job) for config in (case.config, multiplied))
        assert np.array_equal(mine.outputs, theirs.outputs)
        assert mine.counters.difference(theirs.counters) is None


@pytest.mark.slow
@pytest.mark.parametrize(("name", "table", "machine"), [
    ("lenet-300-100", "power_of_two", {"multiplier": "shift"}),
    ("lenet-300-100", "ternary:scale=power_of_two",
     {"multiplier": "sign", "weight_value_bits": 2}),
    ("lenet-5", "log", {"multiplier": "shift"}),
    ("lenet-5", "ternary:scale=power_of_two", {"multiplier": "sign", "weight_value_bits": 2}),
])
def test_a_whole_lenet_without_a_multiplier_is_one_with(
    name: str, table: str, machine: dict[str, Any], tmp_path: Path
) -> None:
    """Every layer on a digit: the Verilog of both datapaths leaves the same outputs."""
    network = decoded_network(open_network(str(TRACES / name / "pruned.safetensors"),
                                           name if name == "lenet-5" else None))
    digits = load_digits(TRACES / "lenet-300-100" / "digits.safetensors")[0][:3]
    images = digits.reshape(3, *network.shapes()["input"])
    packed = compress(network, Recipe(table=table), calibration=images)
    values = {}
    for kind in ({}, machine):
        config = load_machine("eie", n_pe=8, spmat_kb=32.0, pointer_kb=8.0, act_sram_kb=8.0, **(
            kind or {"weight_value_bits": machine.get("weight_value_bits", 16)}))
        jobs: list[Any] = []
        result = run_network(machine_of(config), config, packed, images[:1], "fast",
                             on_layer=lambda node, made, result, jobs=jobs: jobs.extend(made))
        values[str(kind)] = result.values
        if kind:
            for job in jobs:
                told = cosim(config, job, [RTL], tmp_path)
                assert told.equal, told
                print(f"{name} {job.name}, {table}, {kind['multiplier']}: {told.cycles_rtl:,} / "
                      f"{told.cycles_model:,} cycles, equal")
    assert len({tuple(own.ravel()) for own in values.values()}) == 1
    assert len(jobs) == len(network.layers)


def test_the_gates_of_the_energy_model_are_those_of_the_readme() -> None:
    text = (RTL / "README.md").read_text().partition("### Datapaths")[2].partition("### FPGA")[0]
    rows = re.findall(r"^\| (\w+) \|[^|]*\| ([\d,.]+) \| ([\d,.]+) \|$", text, re.MULTILINE)
    read = {name: tuple(float(n.replace(",", "")) for n in numbers) for name, *numbers in rows}
    counted = gates()
    assert read == {name: (product, counted["arith_unit_nand2"][name])
                    for name, product in counted["product_nand2"].items()}
