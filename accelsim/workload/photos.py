"""Photos as a network's inputs.

How a photo becomes one is said by the network: ``channels`` are "RGB", "BGR" or "L" (grey), then
``mean``, a number a channel, is taken off each 0 to 255, and ``scale`` multiplies what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError, InputError
from accelsim.records.host import Shape

_CHANNELS = {"RGB": 3, "BGR": 3, "L": 1}
_MAX_PIXELS = 1 << 28


def check_image(where: str, said: Any, shape: Shape) -> dict[str, Any]:
    """What a graph says of photos, checked against the shape of its input.

    Raises
    ------
    FormatError
        If something is unknown or does not fit.
    """
    if said == {}:
        return {}
    known = {"channels", "mean", "scale"}
    if not isinstance(said, dict) or said.get("channels") not in _CHANNELS or set(said) - known:
        raise FormatError(f"{where}: image is {said!r}; need channels (RGB, BGR or L), and may "
                          f"have mean and scale")
    count = _CHANNELS[said["channels"]]
    mean, scale = said.get("mean", [0] * count), said.get("scale", 1)
    numbers = [*mean, scale] if isinstance(mean, list) else [None]
    if not all(type(n) in (int, float) for n in numbers) or len(numbers) != count + 1:
        raise FormatError(f"{where}: image has mean {mean!r} and scale {scale!r}; need {count} "
                          f"numbers and one")
    if len(shape) != 3 or shape[0] != count:
        raise FormatError(f"{where}: image has {count} channels, the input's shape is {shape}")
    return {"channels": said["channels"], "mean": mean, "scale": scale}


def load_photo(path: str | Path, shape: Shape, image: Mapping[str, Any], fit: bool = False
               ) -> npt.NDArray[np.float64]:
    """(channels, rows, columns) inputs of a photo: PNG, JPEG or what else Pillow reads.

    Parameters
    ----------
    shape, image : those of the network
    fit : cut out the middle and resize it; otherwise the photo must have the input's size

    Raises
    ------
    InputError
        If the network does not say how photos become inputs, or the size is another.
    FormatError
        If the file cannot be read.
    """
    if not image:
        raise InputError(f"{path}: this network does not say how a photo becomes its input; give "
                         f"its numbers, {shape}, in an npy file (--inputs)")
    from PIL import Image  # comes with Matplotlib

    _, rows, columns = shape
    try:
        with Image.open(path) as photo:
            if photo.width * photo.height > _MAX_PIXELS:
                raise InputError(f"{path}: {photo.width} x {photo.height} pixels; make it smaller")
            pixels = photo.convert("L" if image["channels"] == "L" else "RGB")
            if fit:
                pixels = _middle(pixels, columns / rows).resize(
                    (columns, rows), Image.Resampling.BILINEAR)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        reason = getattr(problem, "strerror", None) or "not a picture that can be read"
        raise FormatError(f"{path}: {reason}; need PNG or JPEG") from None
    if pixels.size != (columns, rows):
        raise InputError(f"{path}: {pixels.width} x {pixels.height} pixels; the network takes "
                         f"{columns} x {rows}; --fit cuts out the middle and resizes it")
    values = np.asarray(pixels, dtype=np.float64).reshape(rows, columns, -1)
    if image["channels"] == "BGR":
        values = values[:, :, ::-1]
    values = (values - np.asarray(image["mean"], dtype=np.float64)) * image["scale"]
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def _middle(photo: Any, ratio: float) -> Any:
    """The largest part around the middle whose width is ``ratio`` times its height."""
    width = min(photo.width, round(photo.height * ratio))
    height = min(photo.height, round(width / ratio))
    left, top = (photo.width - width) // 2, (photo.height - height) // 2
    return photo.crop((left, top, left + width, top + height))
