"""ESE (Han et al., FPGA 2017): channels of PEs that share one stream of weights. See README.md."""
