"""Images and labels to train with, and what of them is held out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.workload.networks import load_digits

HELD_OUT_SHARE = 6
"""One of so many images is held out: 10,000 of MNIST's 60,000."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """``images`` (n, ...) float32 and ``labels`` (n,) int64."""

    images: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> Labelled:
        """The first so many."""
        return Labelled(self.images[:count], self.labels[:count])

    def one_of_each(self, count: int) -> npt.NDArray[np.float32]:
        """``count`` images, the first of each class in turn, then the second ones ..."""
        seen: dict[int, int] = {}
        turn = np.empty(len(self.labels), np.int64)
        for at, label in enumerate(self.labels.tolist()):
            turn[at] = seen[label] = seen.get(label, -1) + 1
        order = np.lexsort((self.labels, turn))
        return self.images[order[:count]]


def load_labelled(path: str | Path, shape: tuple[int, ...]) -> Labelled:
    """The digits of a file (`load_digits`) as a network's inputs.

    Raises
    ------
    InputError
        If the network takes no digits.
    FormatError
        If the file is damaged or holds something else.
    """
    images, labels = load_digits(path)
    if int(np.prod(shape)) != images.shape[1]:
        raise InputError(f"{path}: images of {images.shape[1]} numbers; the network takes {shape}")
    return Labelled(images.reshape(len(images), *shape), labels)


def held_out(every: Labelled) -> tuple[Labelled, Labelled]:
    """(to train with, held out): the last sixth is held out.

    Raises
    ------
    InputError
        If there are too few images.
    """
    count = len(every) // HELD_OUT_SHARE
    if not count:
        raise InputError(f"{len(every)} labelled images; need {HELD_OUT_SHARE} or more, of which "
                         f"one in {HELD_OUT_SHARE} is held out")
    cut: Any = slice(0, -count), slice(-count, None)
    return (Labelled(every.images[cut[0]], every.labels[cut[0]]),
            Labelled(every.images[cut[1]], every.labels[cut[1]]))
