"""Records to Verilog: parameters, memory images, runs of the RTL and expected traces."""
