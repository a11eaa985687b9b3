"""A PE of one's own beside the model, port by port in every cycle: a bench to begin from.

    python rtl/examples/own_pe_bench.py FOLDER     # with a pe.v of the ports in rtl/PORTS.md

A test that fails is told with cycle and port, a waveform and the command that replays it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cocotb

import accelsim
from accelsim.machines import load_machine, machine_of
from accelsim.rtl_bridge.bench import Monitor, play_pe, run_bench
from accelsim.rtl_bridge.pe_bench import pe_parameters
from accelsim.workload import random_layer

MACHINE = load_machine("eie", n_pe=3, regfile_depth=8, spmat_kb=1.0, pointer_kb=1.0,
                       act_sram_kb=0.25, capacity="check")
PE = 1


def work():
    """What is run: the same job here and in the simulator."""
    layer = random_layer((40, 30), 0.3, 0.6, seed=4)
    packed = accelsim.compress(layer, accelsim.Recipe())
    return machine_of(MACHINE).job(MACHINE, packed, layer.activations)


@cocotb.test()
async def lock_step(dut):
    """Every port of the PE; a trace_o that is not driven is not compared."""
    drives_trace = dut.trace_o.value.is_resolvable
    await play_pe(dut, MACHINE, work(), PE, seed=7, compare_trace=drives_trace)


@cocotb.test()
async def never_pushed_while_full(dut):
    """A property of one's own, beside the lock step."""
    pushes = []
    Monitor(dut, ["full_o"], when="push_i", saw=lambda cycle, full: pushes.append(full))
    await play_pe(dut, MACHINE, work(), PE, compare_trace=False)
    assert pushes
    assert not any(pushes), f"push number {pushes.index(1)} meets a full queue"


if __name__ == "__main__":
    report = run_bench("pe", "own_pe_bench", pe_parameters(MACHINE, work()),
                       rtl_dirs=[Path(folder) for folder in sys.argv[1:]])
    print(*report.failures, sep="\n")
    print(f"{len(report.tests) - len(report.failures)} of {len(report.tests)} tests passed; "
          f"{report.results}")
    sys.exit(not report.passed)
