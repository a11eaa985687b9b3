"""Compile and run reset_tb.v."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from accelsim.machines import load_config
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.rtl_bridge import icarus, rtl_parameters

TESTBENCH = Path(__file__).parent / "reset_tb.v"


def reset_faults(rtl_dirs: Sequence[Path], work: Path, bypass: bool = True) -> list[str]:
    """What the testbench printed; the last line counts the faults and the layer's cycles.

    Parameters
    ----------
    rtl_dirs : the first that has a module counts
    work : folder for the compiled testbench
    """
    sources: dict[str, Path] = {}
    for folder in reversed(rtl_dirs):
        sources |= icarus.units_of(EIE, folder)
    config = load_config(
        "eie", n_pe=2, act_queue_depth=2, spmat_width_bits=16, spmat_kb=0.03125,
        pointer_kb=0.015625, act_sram_kb=0.015625, regfile_depth=4, bypass=bypass,
    )
    program = work / "reset_tb.vvp"
    subprocess.run(
        ["iverilog", "-g2005", "-s", "reset_tb", "-o", str(program),
         f"-Preset_tb.Bypass={int(bypass)}",
         f"-Preset_tb.TraceBits={rtl_parameters(config, trace=True).trace_bits}",
         str(TESTBENCH), *map(str, sources.values())],
        check=True, capture_output=True, text=True,
    )
    done = subprocess.run(["vvp", "-n", str(program)], capture_output=True, text=True)
    return done.stdout.strip().splitlines()
