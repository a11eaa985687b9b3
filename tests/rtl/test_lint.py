"""Icarus, Verilator and Yosys accept every module and the shell, without warning or waiver.

The test benches are Icarus' alone: they mix edges and delays, which Verilator warns of.
"""

import re
import shutil
import subprocess

import pytest

from accelsim.machines import load_config
from accelsim.machines.eie.rtl.params import rtl_parameters
from tests.rtl.bench import RTL, UNITS

MODULES = sorted(UNITS)
FOLDERS = ("-y", "eie", "-y", "common")
READ = "read_verilog eie/*.v common/*.v;"
# Odd sizes: nothing is a power of two, or everything is as small as it gets.
ARRAYS = [
    {"NPe": 1, "Counters": 0},
    {"NPe": 3, "Bypass": 0, "Gather": 1, "Trace": 1, "StartCycles": 0},
    {"NPe": 4, "SpmatWidthBits": 130, "AccumulatorBits": 24, "RegfileDepth": 5, "PointerBits": 9,
     "SpmatLines": 37, "PointerWords": 301, "ActSramWords": 77, "ActQueueDepth": 1,
     "ProgramDepth": 1, "Gather": 1, "StartCycles": 3},
    {"NPe": 5, "SpmatWidthBits": 8, "RegfileDepth": 1, "SpmatLines": 1, "PointerWords": 2,
     "ActSramWords": 1, "ActivationBits": 24, "ActQueueDepth": 3, "AccumulatorBits": 48,
     "Gather": 1,
     "PointerBits": 32, "IndexBits": 5, "WeightBits": 3},
]


def run(*command):
    """What a tool prints; a missing tool is a failure by its name."""
    if not shutil.which(command[0]):
        pytest.fail(f"{command[0]} is not installed", pytrace=False)
    done = subprocess.run(command, capture_output=True, text=True, cwd=RTL)
    return done.returncode, (done.stdout + done.stderr).strip()


@pytest.mark.parametrize("module", MODULES)
def test_icarus(module):
    assert run("iverilog", "-g2005", "-Wall", "-t", "null", "-s", module, *FOLDERS,
               UNITS[module]) == (0, "")


@pytest.mark.parametrize("array", ARRAYS)
def test_icarus_of_odd_sizes(array):
    options = [f"-Peie_array.{name}={value}" for name, value in array.items()]
    assert run("iverilog", "-g2005", "-Wall", "-t", "null", "-s", "eie_array", *FOLDERS,
               *options, UNITS["eie_array"]) == (0, "")


@pytest.mark.parametrize("module", MODULES)
def test_verilator(module):
    assert run("verilator", "--lint-only", "-Wall", "--top-module", module, *FOLDERS,
               UNITS[module]) == (0, "")


@pytest.mark.parametrize("array", ARRAYS)
def test_verilator_of_odd_sizes(array):
    options = [f"-G{name}={value}" for name, value in array.items()]
    assert run("verilator", "--lint-only", "-Wall", "--top-module", "eie_array", *FOLDERS,
               *options, UNITS["eie_array"]) == (0, "")


def test_verilator_of_the_shell():
    """As for a host in C++, with the assertions of the contract."""
    width = rtl_parameters(load_config("eie", n_pe=3), trace=True).trace_bits
    assert run("verilator", "--lint-only", "-Wall", "-DASSERT_CONTRACT", "--top-module",
               "eie_array_shell", *FOLDERS, "-GNPe=3", "-GTrace=1", f"-GTraceBits={width}",
               "eie/tb/eie_array_shell.v") == (0, "")


@pytest.mark.parametrize("harness", ["pe_harness", "array_harness"])
def test_verilator_of_the_harnesses(harness):
    assert run("verilator", "--lint-only", "-Wall", "--top-module", harness, *FOLDERS,
               f"synth/{harness}.v") == (0, "")


def test_a_latch_is_seen(tmp_path):
    """Only lint does: the benches never look between two edges."""
    text = UNITS["ccu_program"].read_text()
    latch = "  reg held;\n  always @* if (write_i) held = data_i[0];\n  wire unused_held = held;\n"
    path = tmp_path / "ccu_program.v"
    path.write_text(text.replace("\nendmodule", f"\n{latch}\nendmodule"))
    status, told = run("verilator", "--lint-only", "-Wall", "--top-module", "ccu_program",
                       *FOLDERS, str(path))
    assert status != 0
    assert "LATCH" in told, told


@pytest.mark.slow
@pytest.mark.parametrize("array", ARRAYS)
def test_yosys(array):
    values = " ".join(f"-set {name} {value}" for name, value in array.items())
    script = f"{READ} chparam {values} eie_array; prep -top eie_array; check -assert"
    status, told = run("yosys", "-p", script)
    assert status == 0, told[-300:]
    assert "Warning" not in told, told


@pytest.mark.slow
def test_yosys_maps_a_small_array_to_gates():
    sizes = {"NPe": 2, "SpmatLines": 4, "PointerWords": 16, "ActSramWords": 4, "RegfileDepth": 4}
    values = " ".join(f"-set {name} {value}" for name, value in sizes.items())
    script = f"{READ} chparam {values} eie_array; synth -top eie_array; check -assert"
    status, told = run("yosys", "-p", script)
    assert status == 0, told[-300:]
    assert not re.findall(r"\$_DLATCH\w*", told), "a latch was inferred"


def test_no_file_waives_a_warning():
    for path in (*UNITS.values(), *RTL.glob("eie/tb/*.v")):
        assert not re.search(r"lint_off|lint_on|synthesis translate", path.read_text()), path.name
