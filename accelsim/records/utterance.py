"""Utterances of several channels: their lengths, their direction, and which layer reads what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.numeric import real_numbers


def checked_lengths(name: str, lengths: npt.ArrayLike, n_steps: int, n_channels: int
                    ) -> npt.NDArray[np.int64]:
    """(n_channels,) steps of each channel.

    Raises
    ------
    InputError
        If they are no integers from 0 to ``n_steps``, one a channel.
    """
    array = real_numbers(f"{name}: lengths", lengths)
    whole = array.size > 0 and bool((array == np.floor(array)).all())
    if array.shape != (n_channels,) or not whole or array.min() < 0 or array.max() > n_steps:
        raise InputError(f"{name}: lengths are {np.asarray(lengths).tolist()!s:.60}; need an "
                         f"integer from 0 to {n_steps} for each of {n_channels} channels")
    return array.astype(np.int64)


def as_run(
    values: npt.NDArray[Any], reverse: bool, lengths: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[Any]:
    """Steps in the order in which a layer runs them, or back: turned around where it runs
    backwards, each channel within its own length; zero behind it.

    Parameters
    ----------
    values : (n_steps, n_channels, n)
    lengths : (n_channels,); None is all steps of all channels
    """
    if lengths is None:
        return values[::-1].copy() if reverse else values
    result = np.zeros_like(values)
    for channel, length in enumerate(lengths):
        own = values[:length, channel]
        result[:length, channel] = own[::-1] if reverse else own
    return result


def readers(layers: Sequence[Any]) -> list[list[int]]:
    """Layers in sequence by what they read: indices of those that read the same, side by side."""
    groups: list[list[int]] = []
    for index, layer in enumerate(layers):
        if groups and getattr(layer, "beside", False):
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def reads(layers: Sequence[Any], index: int) -> list[int]:
    """The layers whose outputs, side by side, layer ``index`` reads; none reads the utterance."""
    before: list[int] = []
    for group in readers(layers):
        if index in group:
            break
        before = group
    return before
