"""What a training script prints and writes."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from lenet.network import Schedule

ATTRIBUTION = "MNIST database of handwritten digits, Y. LeCun, C. Cortes and C. J. C. Burges"
LICENCE = "CC BY-SA 3.0"
_START = time.perf_counter()


def say(text: str) -> None:
    """Print one line of progress with the time since the start."""
    print(f"{time.perf_counter() - _START:7.1f} s  {text}", flush=True)


def progress(stage: str, schedule: Schedule) -> Callable[[int, float], None]:
    """Return a report function for :func:`lenet.network.train`."""
    return lambda epoch, loss: say(f"{stage}: epoch {epoch}/{schedule.epochs}, loss {loss:.4f}")


def write(path: Path, tensors: dict[str, np.ndarray], **provenance: object) -> str:
    """Write a safetensors file and return its SHA-256.

    The provenance is one JSON string: safetensors does not keep the order of metadata keys.
    """
    metadata = {"provenance": json.dumps(provenance, sort_keys=True)}
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, path, metadata)
    return hashlib.sha256(path.read_bytes()).hexdigest()
