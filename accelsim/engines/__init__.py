"""Machines at work: images and activations to outputs, cycles and counters."""

from accelsim.engines.job import ENGINES, LayerJob, register_engine, run_job

__all__ = ["ENGINES", "LayerJob", "register_engine", "run_job"]
