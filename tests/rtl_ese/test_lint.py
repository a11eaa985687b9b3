"""Icarus, Verilator and Yosys accept every module of ESE, without warning or waiver."""

import re
import shutil
import subprocess

import pytest

from tests.rtl_ese.bench import RTL

MODULES = sorted(path.stem for path in (RTL / "ese").glob("*.v"))
FOLDERS = ("-y", "ese", "-y", "common")
MACHINES = [
    {"NChannels": 1, "Batch": 1, "NPe": 1, "ElementwiseWidth": 1, "Counters": 0,
     "ElementwiseLatencyCycles": 1, "Rows": 1},
    {"NChannels": 2, "Batch": 3, "NPe": 3, "DdrWordBits": 32, "IndexBits": 5, "Trace": 1,
     "VectorPathBits": 5, "ActQueueDepth": 1, "StartCycles": 0, "WholeMatrix": 1, "Linear": 0,
     "AccumulatorBits": 24},
]


def run(*command):
    """What a tool prints; a missing tool is a failure by its name."""
    if not shutil.which(command[0]):
        pytest.fail(f"{command[0]} is not installed", pytrace=False)
    done = subprocess.run(command, capture_output=True, text=True, cwd=RTL)
    return done.returncode, (done.stdout + done.stderr).strip()


@pytest.mark.parametrize("module", MODULES)
def test_icarus_and_verilator(module):
    path = f"ese/{module}.v"
    assert run("iverilog", "-g2005", "-Wall", "-t", "null", "-s", module, *FOLDERS,
               path) == (0, "")
    assert run("verilator", "--lint-only", "-Wall", "--top-module", module, *FOLDERS,
               path) == (0, "")


@pytest.mark.parametrize("machine", MACHINES)
def test_odd_sizes(machine):
    icarus = [f"-Pese_top.{name}={value}" for name, value in machine.items()]
    verilator = [f"-G{name}={value}" for name, value in machine.items()]
    assert run("iverilog", "-g2005", "-Wall", "-t", "null", "-s", "ese_top", *FOLDERS, *icarus,
               "ese/ese_top.v") == (0, "")
    assert run("verilator", "--lint-only", "-Wall", "--top-module", "ese_top", *FOLDERS,
               *verilator, "ese/ese_top.v") == (0, "")


SMALL = {"NChannels": 1, "Batch": 1, "NPe": 2, "DdrWordBits": 32, "WeightEntries": 4,
         "PointerEntries": 4, "Rows": 2, "VectorWords": 32, "VectorBits": 5, "PathWords": 4,
         "TableSamples": 4, "ElementwiseWidth": 1, "ElementwiseLatencyCycles": 2,
         "ProgramDepth": 4, "VectorCopy": 2}


@pytest.mark.slow
def test_yosys():
    """The small machine: all of it but the model of the DDR modules."""
    values = " ".join(f"-set {name} {value}" for name, value in SMALL.items())
    files = " ".join(f"ese/{name}.v" for name in MODULES if name != "ddr_model")
    script = (f"read_verilog {files} common/*.v; chparam {values} ese_top; "
              f"prep -top ese_top; check -assert")
    status, told = run("yosys", "-p", script)
    assert status == 0, told[-300:]
    assert "Warning" not in told, told


def test_no_file_waives_a_warning():
    for path in (RTL / "ese").rglob("*.v"):
        assert not re.search(r"lint_off|lint_on|synthesis translate", path.read_text()), path.name
