"""accelsim: a cycle-level simulator for sparse deep-learning accelerators."""

__version__ = "0.1.0"
