"""One line that says what a trace shows, kept in the trace."""

from __future__ import annotations

import hashlib

from accelsim import __version__
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob
from accelsim.records import CompressedLayer


def run_note(
    config: EieConfig, packed: CompressedLayer, job: LayerJob, what: str, seed: int
) -> str:
    """Version, layer, digests, seed and every configuration value, in one line."""
    activations = hashlib.sha256(job.activations.astype("<i8").tobytes()).hexdigest()
    values = " ".join(f"{key}={value}" for key, value in config.model_dump().items())
    name = " ".join(packed.name.split())
    return (f"accelsim {__version__}, {name}, {what}, layer sha256 {packed.digest()[:16]}, "
            f"activations sha256 {activations[:16]}, seed {seed}, {values}")
