"""Arrays with a shifter, and with add and subtract, beside the model: cycle by cycle."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from accelsim import Layer, Recipe, compress, load_machine
from accelsim.api import make_job
from accelsim.machines.eie.datapath_prices import gates
from accelsim.rtl_bridge import cosim
from tests.rtl.bench import RTL

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


def test_the_gates_of_the_energy_model_are_those_of_the_readme() -> None:
    text = (RTL / "README.md").read_text().partition("### Datapaths")[2].partition("### FPGA")[0]
    rows = re.findall(r"^\| (\w+) \|[^|]*\| ([\d,.]+) \| ([\d,.]+) \|$", text, re.MULTILINE)
    read = {name: tuple(float(n.replace(",", "")) for n in numbers) for name, *numbers in rows}
    counted = gates()
    assert read == {name: (product, counted["arith_unit_nand2"][name])
                    for name, product in counted["product_nand2"].items()}
