"""A hanging array is given up after a bound from the model's cycles; a test has its time."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace

import numpy as np
import pytest

from accelsim.errors import InputError
from accelsim.machines import load_config, run_job
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.machines.eie.rtl.host import bound
from accelsim.rtl_bridge import cosim, icarus, run_layer, run_layers
from accelsim.rtl_bridge.simulator import workspace
from tests.conftest import time_limit
from tests.contracts.cases import make_case
from tests.rtl.bench import BUILDS, RTL, UNITS
from tests.rtl.lenet import lenet_chain

WORDS = {"seed": 8, "n_in": 40, "n_out": 30, "weights": 0.3, "active": 0.7, "bias": True,
         "values": "any", "shift": 14}
MACHINE = {"n_pe": 3, "spmat_kb": 2.0, "pointer_kb": 2.0, "act_sram_kb": 0.25, "capacity": "check"}


@pytest.fixture
def hanging(tmp_path):
    """A PE that is busy for ever."""
    text = UNITS["pe"].read_text()
    assert text.count("assign busy_o = ") == 1
    (tmp_path / "pe.v").write_text(text.replace("assign busy_o = ", "assign busy_o = 1'b1 || "))
    return [tmp_path, RTL]


def test_a_hanging_array_ends_by_itself(hanging, tmp_path):
    case = make_case(**WORDS, overrides=MACHINE)
    cycles = run_job("fast", case.config, case.job).counters.cycles
    rtl = run_layer(case.config, case.job, hanging, tmp_path)
    assert rtl.outputs is None
    assert rtl.cycles == 2 * cycles + 1000
    report = cosim(case.config, case.job, hanging, tmp_path, tmp_path / "w.vcd")
    assert not report.equal
    assert report.waveform.stat().st_size


def test_the_bound_of_a_chained_layer_holds_whatever_it_reads():
    config = load_config("eie", n_pe=4, act_sram_kb=4.0, capacity="check")
    jobs = lenet_chain(config, 0)
    for (job, _), rtl in zip(jobs, run_layers(config, jobs, [RTL], BUILDS), strict=True):
        assert rtl.cycles <= bound(config, job)
        silent = replace(job, activations=np.zeros_like(job.activations))
        assert bound(config, silent) == bound(config, job)


def test_a_test_without_an_end_fails_by_name():
    started = time.monotonic()
    late = pytest.raises(pytest.fail.Exception, match=r"sleeper: not done after 0\.5 s")
    with late, time_limit(0.5, "sleeper"):
        subprocess.run(["sleep", "60"], capture_output=True)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("broken", "told"),
    [("w 8 0 0 0", "host accesses memory 8 while"), ("s 0 0 0 0", "host starts a layer while")],
)
def test_a_host_that_breaks_the_contract_is_told(broken, told, tmp_path):
    """The bench of another hand: start, and go on as if the layer were done."""
    case = make_case(**WORDS, overrides=MACHINE)
    jobs = [(case.job, None)]
    parameters = EIE.parameters(case.config, jobs)
    bench = (RTL / "eie/tb/eie_array_tb.v").read_text()
    impatient = bench.replace("while (!done && cycles < limit)", "repeat (3)").replace(
        "if (!done) begin", "if (0) begin"
    )
    assert impatient.count("if (0) begin") == 1
    folder = tmp_path / "rtl" / "tb"
    folder.mkdir(parents=True)
    (folder / "eie_array_tb.v").write_text(impatient)
    for path in UNITS.values():
        (tmp_path / "rtl" / path.name).write_text(path.read_text())
    program = icarus.build(
        EIE, EIE.testbench, icarus.bench_values(parameters, False), [tmp_path / "rtl"], tmp_path
    )
    script = [line for line in EIE.script(case.config, jobs, True, ()) if line[0] != "r"]
    with workspace(tmp_path) as work, pytest.raises(InputError, match=told):
        icarus.simulate(program, work, [*script, broken], trace=False)
