"""ESE in Verilog: what lies in its memories, its parameters, and what must come out."""
