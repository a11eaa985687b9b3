"""The bench that is exported for other simulators: run as its README says, it must agree."""

import subprocess

import pytest

from accelsim.energy import price
from accelsim.errors import InputError
from accelsim.machines import run_job
from accelsim.rtl_bridge import export, run_layer
from tests.contracts.cases import make_case
from tests.rtl.bench import BUILDS, RTL

WORDS = {"seed": 4, "n_in": 41, "n_out": 33, "weights": 0.3, "active": 0.7, "bias": True,
         "values": "bounds", "shift": 13}
MACHINE = {"spmat_kb": 2.0, "pointer_kb": 4.0, "act_sram_kb": 0.25, "capacity": "check"}
MACHINES = [
    {"n_pe": 3, "regfile_depth": 64},
    {"n_pe": 4, "regfile_depth": 5, "accumulator_bits": 33, "spmat_width_bits": 136},
    {"n_pe": 1, "regfile_depth": 7, "accumulator_bits": 9, "activation_bits": 20},
]


def commands(folder):
    """The three lines of README.txt, with the RTL's folder put in."""
    text = (folder / "README.txt").read_text()
    return [line.strip().replace("RTL/", f"{RTL}/") for line in text.splitlines()[-3:]]


@pytest.mark.parametrize("machine", MACHINES)
def test_the_exported_bench_agrees_bit_for_bit(machine, tmp_path):
    case = make_case(**WORDS, overrides=MACHINE | machine)
    export(case.config, case.job, tmp_path / "bench")
    for command in commands(tmp_path / "bench"):
        done = subprocess.run(
            command, shell=True, cwd=tmp_path / "bench", capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_exported_bench_sees_a_fault(tmp_path):
    case = make_case(**WORDS, overrides=MACHINE | MACHINES[0])
    folder = tmp_path / "bench"
    export(case.config, case.job, folder)
    script = (folder / "script.txt").read_text()
    weight = next(line for line in script.splitlines() if line.startswith("w 1 2 0 "))
    wrong = f"{weight.rpartition(' ')[0]} {int(weight.split()[-1], 16) ^ 1 << 4:x}"
    (folder / "script.txt").write_text(script.replace(weight, wrong, 1))
    *run, compare = commands(folder)
    for command in run:
        subprocess.run(command, shell=True, cwd=folder, check=True, capture_output=True)
    assert subprocess.run(compare, shell=True, cwd=folder, capture_output=True).returncode == 1


def test_every_bit_of_the_trace_has_a_name(tmp_path):
    case = make_case(**WORDS, overrides=MACHINE | MACHINES[0])
    export(case.config, case.job, tmp_path / "bench")
    _, *fields = (tmp_path / "bench" / "trace_fields.csv").read_text().splitlines()
    spans = [tuple(map(int, line.split(",")[2:])) for line in fields]
    bits = [bit for high, low in spans for bit in range(low, high + 1)]
    lines = (tmp_path / "bench" / "trace_expected.txt").read_text().splitlines()
    assert {len(line) for line in lines} == {len(bits)}
    assert bits == list(range(len(bits)))


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    case = make_case(**WORDS, overrides=MACHINE | MACHINES[0])
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="name a new folder"):
        export(case.config, case.job, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("machine", MACHINES[:2])
def test_energy_of_an_rtl_run_is_that_of_the_model(machine):
    case = make_case(**WORDS, overrides=MACHINE | machine)
    rtl = price(case.config, run_layer(case.config, case.job, [RTL], BUILDS).measured)
    model = price(case.config, run_job("fast", case.config, case.job).counters)
    assert rtl.total_pj > 0
    assert rtl.modules_pj == model.modules_pj
    assert rtl.causes_pj == model.causes_pj


def test_without_counters_there_is_no_price():
    case = make_case(**WORDS, overrides=MACHINE | MACHINES[0])
    rtl = run_layer(case.config, case.job, [RTL], BUILDS, counters=False)
    with pytest.raises(InputError, match="counters=True"):
        price(case.config, rtl.measured)
