"""ESE in Verilog: parameters, what lies in DRAM, the host's script, and what must come out."""

from accelsim.machines.ese.rtl import host
from accelsim.machines.ese.rtl.expected import expected, where
from accelsim.machines.ese.rtl.params import parameters
from accelsim.machines.rtl import Rtl

RTL = Rtl(
    folder="ese",
    top="ese_top",
    testbench="ese_top_tb",
    parameters=parameters,
    script=host.script,
    fill=host.fill,
    read_back=host.read_back,
    told=host.told,
    expected=expected,
    where=where,
    shell="ese_top_shell",
)
