"""Numba: how kernels are compiled, and what several machines compute alike."""
