"""Records to Verilog: parameters, memory images, runs of the RTL and expected traces."""

from accelsim.machines.eie.rtl.params import RtlParameters, rtl_parameters, rtl_plan
from accelsim.rtl_bridge.cosim import CosimReport, cosim
from accelsim.rtl_bridge.export import export
from accelsim.rtl_bridge.run import RtlResult, run_layer, run_layers

__all__ = [
    "CosimReport", "RtlParameters", "RtlResult", "cosim", "export", "rtl_parameters",
    "rtl_plan", "run_layer", "run_layers",
]
