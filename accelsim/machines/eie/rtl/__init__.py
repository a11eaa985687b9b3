"""EIE in Verilog: parameters, memory images, the host's script, and what must come out."""

from accelsim.machines.eie.rtl import host
from accelsim.machines.eie.rtl.expected_vectors import expected, spans
from accelsim.machines.eie.rtl.pe import PE
from accelsim.machines.eie.sequence import make_sequence
from accelsim.machines.rtl import Rtl

RTL = Rtl(
    folder="eie",
    top="eie_array",
    testbench="eie_array_tb",
    parameters=host.parameters,
    script=host.script,
    fill=host.fill,
    read_back=host.read_back,
    told=host.told,
    expected=expected,
    spans=spans,
    pe=PE,
    shell="eie_array_shell",
    backdoor=("eie_array", "pe", "ptr_read", "spmat_read", "sram_1rw"),
    bound=host.bound,
    in_sequence=make_sequence,
    # The array has no DMA.
    absent=dict.fromkeys(("refill_cycles", "refill_bits", "refill_bursts", "dma_cycles",
                          "dram_rows", "dram_refreshes", "index_cycles", "macs_beside",
                          "padding_beside"), 0),
)
