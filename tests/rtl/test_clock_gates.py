"""Clocks that are held back change nothing: outputs, cycles, counters and every signal."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from accelsim.machines import run_job
from accelsim.rtl_bridge import cosim, run_layer, run_layers
from accelsim.rtl_bridge.simulator import Window
from tests.contracts.cases import Case, make_case
from tests.rtl.bench import BUILDS, GATED, RTL, UNITS, difference
from tests.rtl.host_bench import MACHINES, host_fault
from tests.rtl.random_cases import random_cases
from tests.rtl.test_lint import run as lint

# Batches and tiles: files that are loaded, cleared, swapped and stored.
WORDS = {"seed": 5, "n_in": 30, "n_out": 22, "weights": 0.4, "active": 0.7, "bias": True,
         "values": "any", "shift": 13}
MACHINE = {"n_pe": 3, "act_queue_depth": 2, "regfile_depth": 4, "spmat_kb": 1.0,
           "pointer_kb": 0.5, "act_sram_kb": 0.25, "capacity": "check"}
# The host's own gate: the array's clock stands while nothing is asked of it and nothing runs.
STANDS = """  wire array_clk;
  clock_gate u_host_gate (
    .clk_i(clk), .en_i(!rst_n || !idle || done || start || io_req), .clk_o(array_clk)
  );
"""


def case_of(**machine: object) -> Case:
    return make_case(**WORDS, overrides=MACHINE | machine)


def first_fault(rtl_dirs: Sequence[Path], builds: Path, sim: str = "icarus") -> str | None:
    case = case_of()
    report = cosim(case.config, case.job, rtl_dirs, builds, sim=sim)
    return None if report.equal else report.told


@pytest.mark.parametrize("tool", ["iverilog", "verilator", "yosys"])
def test_every_tool_takes_the_gate(tool: str) -> None:
    commands = {
        "iverilog": ["-g2005", "-Wall", "-t", "null", "gated/clock_gate.v"],
        "verilator": ["--lint-only", "-Wall", "gated/clock_gate.v"],
        "yosys": ["-q", "-p", "read_verilog gated/clock_gate.v; hierarchy -check; synth"],
    }
    assert lint(tool, *commands[tool]) == (0, "")


@pytest.mark.parametrize("sim", [
    "icarus", pytest.param("verilator", marks=pytest.mark.slow),  # a build
])
def test_every_cycle_is_the_models(sim: str, tmp_path: Path) -> None:
    assert first_fault([GATED, RTL], BUILDS, sim) is None


def test_the_host_reads_what_it_wrote() -> None:
    for machine in MACHINES:
        assert host_fault([GATED, RTL], BUILDS, machine, accesses=400) is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300, 305))
def test_random_machines_are_equal_in_every_cycle(seed: int) -> None:
    for machine, layer, case in random_cases(seed, machines=10, layers=3):
        report = cosim(case.config, case.job, [GATED, RTL], BUILDS)
        assert report.equal, f"{report.told} (seed {seed}, machine {machine}, layer {layer})"


@pytest.mark.parametrize(("unit", "old", "new"), [
    ("regfile", "clear_i || write_i", "write_i"), ("regfile", "clear_i || write_i", "clear_i"),
    ("weight_decoder", ".en_i(write_i)", ".en_i(write_i && write_code_i[0])"),
    ("ccu_program", ".en_i(write_i)", ".en_i(write_i && !addr_i[0])"),
])
def test_an_edge_that_is_held_back_wrongly_is_seen(
    unit: str, old: str, new: str, tmp_path: Path
) -> None:
    text = UNITS[unit].read_text()
    assert text.count(old) == 1
    (tmp_path / f"{unit}.v").write_text(text.replace(old, new))
    assert first_fault([tmp_path, RTL], tmp_path) is None  # nothing is held back
    assert first_fault([GATED, tmp_path, RTL], tmp_path) is not None


def edges(vcd: Path) -> dict[str, int]:
    """Gate's place to how often its clock rises in a waveform."""
    scopes: list[str] = []
    ids: dict[str, list[str]] = {}
    rises: dict[str, int] = {}
    for line in vcd.read_text().splitlines():
        words = line.split()
        if line.startswith("$scope"):
            scopes.append(words[2])
        elif line.startswith("$upscope"):
            scopes.pop()
        elif line.startswith("$var") and scopes[-1] == "u_clock_gate" and words[4] == "clk_o":
            ids.setdefault(words[3], []).append(".".join(scopes[2:-1]))
            rises[".".join(scopes[2:-1])] = 0
        elif line[:1] == "1":
            for name in ids.get(line[1:], []):
                rises[name] += 1
    return rises


def test_what_rests_gets_no_clock(tmp_path: Path) -> None:
    """Of a layer: codebook and program none, a register file an edge for each of its writes."""
    case = case_of(regfile_depth=64)  # one pass
    window = Window(tmp_path / "all.vcd", 1, 100_000)
    told = run_layer(case.config, case.job, [GATED, RTL], tmp_path, window=window)
    counted = told.counters
    assert counted is not None
    found = edges(window.path)
    assert found.pop("u_ccu.u_program") == 0
    for pe in range(3):
        unit = f"g_pe[{pe}].u_pe"
        assert found.pop(f"{unit}.u_weight_decoder") == 0
        files = sum(found.pop(f"{unit}.u_act_rw.u_file_{file}") for file in (0, 1))
        writes = counted["src_reg_writes"][pe] + counted["dst_reg_writes"][pe]
        # The first cycles of a layer are before the window; a clear is one edge.
        assert writes <= files <= writes + 1 < told.cycles
    assert found == {}


def test_the_arrays_clock_may_stand_while_nothing_is_asked(tmp_path: Path) -> None:
    shutil.copytree(RTL, tmp_path / "rtl", ignore=shutil.ignore_patterns("formal", "synth"))
    bench = tmp_path / "rtl" / "eie" / "tb" / "eie_array_tb.v"
    text = bench.read_text()
    assert text.count(".clk_i(clk)") == text.count("  eie_array #(\n") == 1
    gated = text.replace(".clk_i(clk)", ".clk_i(array_clk)")
    # Ten cycles without a request behind each access, so that it stands.
    quiet = "io_req = 1'b0; io_we = 1'b0;\n"
    gated = gated.replace(f"{quiet}    end", f"{quiet}      repeat (10) @(negedge clk);\n    end")
    assert gated.count("repeat (10)") == 1
    bench.write_text(gated.replace("  eie_array #(\n", f"{STANDS}\n  eie_array #(\n"))
    case = case_of()
    jobs = [(case.job, None), (case.job, None)]
    folders = [GATED, tmp_path / "rtl"]
    for told in run_layers(case.config, jobs, folders, tmp_path, backdoor=False):
        assert difference(case.config, case.job, told) is None
    assert np.any(run_job("fast", case.config, case.job).outputs)
