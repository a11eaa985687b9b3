"""The bank-balanced machine, after BBS (Cao et al., FPGA 2019). See README.md."""
