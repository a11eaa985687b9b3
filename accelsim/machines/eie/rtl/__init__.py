"""What the Verilog array needs to know of a configuration and a job, and must show in return."""
