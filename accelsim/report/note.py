"""One line that says what a picture or trace shows, kept in it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from accelsim import __version__
from accelsim.errors import InputError, printable
from accelsim.records.job import Job


def run_note(config: Any, work: Any, job: Job, what: str, seed: int) -> str:
    """Version, layer, digests, seed and every configuration value, in one line.

    Digests are there for work and jobs that have some.
    """
    values = " ".join(f"{key}={value}" for key, value in config.model_dump().items())
    name = printable(str(getattr(work, "name", job.name)))
    parts = [f"accelsim {__version__}", name, what]
    digest = getattr(work, "digest", None)
    if digest is not None:
        parts.append(f"layer sha256 {digest()[:16]}")
    with suppress(InputError):  # a machine's job need not tell it
        parts.append(f"activations sha256 {job.input_sha256()[:16]}")
    return ", ".join([*parts, f"seed {seed}", values])
