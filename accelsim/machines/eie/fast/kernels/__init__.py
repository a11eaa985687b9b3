"""Numba kernels: arrays and integers only, checked by the modules that call them."""
