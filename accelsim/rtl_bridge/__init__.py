"""Records to Verilog: parameters, memory images, runs of the RTL and expected traces.

A machine brings what belongs to its own Verilog as the part ``rtl`` of its record
(`accelsim.machines.rtl`); nothing here knows a machine.
"""

from importlib import import_module
from typing import Any

from accelsim.rtl_bridge.cosim import CosimReport, cosim
from accelsim.rtl_bridge.export import export
from accelsim.rtl_bridge.run import RtlResult, run_layer, run_layers

__all__ = [
    "CosimReport", "RtlParameters", "RtlResult", "cosim", "export", "rtl_parameters",
    "rtl_plan", "run_layer", "run_layers",
]


def __getattr__(name: str) -> Any:
    # Of version 0.1, which had one machine in Verilog: found where `accelsim.moved` says.
    if name not in ("RtlParameters", "rtl_parameters", "rtl_plan"):
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.params"), name)
