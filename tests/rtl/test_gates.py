"""The synthesised netlist in the place of the Verilog: outputs, cycles and every signal."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from accelsim.errors import InputError
from accelsim.machines import load_config
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.machines.eie.rtl.expected_vectors import expected
from accelsim.machines.eie.rtl.host import places
from accelsim.rtl_bridge import run_layer, run_layers
from accelsim.rtl_bridge.trace import first_difference as trace_difference
from accelsim.rtl_bridge.trace import unpack
from rtl.synth.netlist import OSU018, make_netlist
from tests.contracts.cases import make_case
from tests.rtl.bench import RTL, difference
from tests.rtl.cells import liberty
from tests.rtl.lenet import lenet_chain

# As small as a machine can be that still has batches, tiles, hazards and padding.
MACHINE = {
    "n_pe": 2, "act_queue_depth": 2, "weight_bits": 2, "index_bits": 2, "spmat_width_bits": 8,
    "spmat_kb": 0.03125, "pointer_kb": 0.03125, "pointer_bits": 8, "act_sram_kb": 0.0078125,
    "regfile_depth": 3, "activation_bits": 4, "weight_value_bits": 4, "accumulator_bits": 6,
    "capacity": "check",
}
LAYERS = [
    {"seed": 3, "n_in": 8, "n_out": 6, "weights": 0.5, "active": 0.8, "bias": True, "shift": 2},
    {"seed": 4, "n_in": 4, "n_out": 6, "weights": 1.0, "active": 1.0, "bias": "exact", "shift": 0},
]


def case_of(layer, **machine):
    return make_case(values="any", overrides=MACHINE | machine, **layer)


def folder_of(case, path: Path, library: Path, gated: bool = False) -> Path:
    """The netlist of the array that runs this layer, all its signals told."""
    parameters = EIE.parameters(case.config, [(case.job, None)], trace=True).verilog()
    make_netlist(parameters | {"Trace": 1, "Counters": 0}, library, path, gated=gated)
    return path


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gates")
    (folder / "tiny.lib").write_text(liberty())
    return folder_of(case_of(LAYERS[0]), folder / "netlist", folder / "tiny.lib")


@pytest.mark.slow
@pytest.mark.parametrize("gated", [False, True])
def test_random_layers_on_gates_of_a_real_library(gated: bool, tmp_path: Path) -> None:
    folder_of(case_of(LAYERS[0]), tmp_path / "gates", OSU018, gated)
    for seed in range(12):
        layer = LAYERS[seed % 2] | {"seed": seed, "n_in": 1 + seed % 8, "n_out": 6 - seed % 5}
        assert first_difference(case_of(layer), tmp_path / "gates", tmp_path) is None, layer


@pytest.mark.slow
def test_lenet_300_100_on_gates(tmp_path: Path) -> None:
    """Each layer reads what the one before left: a digit, on 2 PEs, counters in the netlist too."""
    config = load_config("eie", n_pe=2, act_sram_kb=4.0, spmat_kb=32.0, pointer_kb=8.0,
                         capacity="check")
    jobs = lenet_chain(config, 7)
    parameters = EIE.parameters(config, jobs, trace=True)
    make_netlist(parameters.verilog() | {"Trace": 1}, OSU018, tmp_path / "gates")
    results = run_layers(config, jobs, [tmp_path / "gates", RTL], tmp_path, trace=True,
                         sim="verilator")
    assert len(results) == 3
    for (job, _), place, rtl in zip(jobs, places(config, jobs), results, strict=True):
        assert difference(config, job, rtl) is None, job.name
        _, want = expected(config, job, parameters, place)
        assert trace_difference(want, unpack(parameters, rtl.trace)) is None, job.name


def first_difference(case, folder: Path, builds: Path) -> str | None:
    """What of outputs, cycles and signals is not the model's, in words."""
    rtl = run_layer(case.config, case.job, [folder, RTL], builds, counters=False, trace=True)
    parameters = EIE.parameters(case.config, [(case.job, None)], trace=True)
    model, want = EIE.expected(case.config, case.job, parameters)
    if rtl.cycles != model.counters.cycles:
        return f"cycles: {rtl.cycles} != {model.counters.cycles}"
    got = unpack(parameters, rtl.trace)
    unlike = [name for name, values in want.items() if not np.array_equal(values, got[name])]
    if unlike:
        return f"signals: {', '.join(unlike)}"
    return None if np.array_equal(rtl.outputs, model.outputs) else "outputs"


@pytest.mark.parametrize("layer", LAYERS)
def test_gates_are_the_model_in_every_cycle(gates: Path, layer, tmp_path: Path) -> None:
    """Registers start as X, which gates carry on."""
    assert first_difference(case_of(layer), gates, tmp_path) is None


def test_a_cell_of_another_kind_is_seen(gates: Path, tmp_path: Path) -> None:
    text = (gates / "eie_array_gates.v").read_text()
    cell = re.search(r"  NAND2 \\\$flatten\S+u_arith_unit\.\$abc\S+\s+\(", text)
    assert cell is not None
    mine = tmp_path / "mine"
    shutil.copytree(gates, mine)
    broken = text[: cell.start()] + cell[0].replace("NAND2", "NOR2") + text[cell.end():]
    (mine / "eie_array_gates.v").write_text(broken)
    assert first_difference(case_of(LAYERS[1]), mine, tmp_path) is not None


def test_a_library_without_a_latch_holds_no_clock_back(tmp_path: Path) -> None:
    (tmp_path / "tiny.lib").write_text(liberty())
    with pytest.raises(InputError, match=r"tiny\.lib: has no latch, which clock gates are made of"):
        folder_of(case_of(LAYERS[0]), tmp_path / "gates", tmp_path / "tiny.lib", gated=True)
    assert not (tmp_path / "gates").exists()
