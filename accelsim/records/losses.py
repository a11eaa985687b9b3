"""What is lost on the way from a user's numbers to a machine's: one record, told in one line."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import LossWarning
from accelsim.fixedpoint import bounds

MOST_ROUNDED = 0.01
"""Share of the non-zero inputs that may round to zero untold. Chosen: of values evenly spread up to
the largest, 16 bits round one in 65,536 to zero, and few bits are meant to."""


@dataclass(frozen=True)
class Loss:
    """Something of the user's numbers that a layer or a run no longer has.

    Attributes
    ----------
    what : in a few words: "biases do not fit the codebook"
    where : the layer
    figure : how much, in words with numbers
    remedy : what to do about it, or what was done
    numbers : those of the figure by name, for programs
    """

    what: str
    where: str
    figure: str
    remedy: str
    numbers: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def line(self) -> str:
        """All of it in one line."""
        return " ".join(f"{self.where}: {self.what}: {self.figure}; {self.remedy}".split())

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**vars(self), "numbers": dict(self.numbers)}


def warn(losses: Iterable[Loss], stacklevel: int = 3) -> None:
    """One `LossWarning` for each.

    Parameters
    ----------
    stacklevel : as `warnings.warn`, from here; 3 names the caller of the function that calls this
    """
    for loss in losses:
        warnings.warn(loss.line, LossWarning, stacklevel=stacklevel)


def of_quantising(
    values: npt.NDArray[Any], integers: npt.NDArray[np.int64], bits: int, frac_bits: int,
    what: str, where: str, remedy: str, most_rounded: float = MOST_ROUNDED,
) -> list[Loss]:
    """What `accelsim.fixedpoint.quantise` lost: values that were clipped, or came out as zero.

    Parameters
    ----------
    values, integers : before and after
    what : the values, in the plural: "inputs"
    most_rounded : share of the non-zero values that may round to zero untold
    """
    found: list[Loss] = []
    if not values.size:
        return found
    low, high = bounds(bits)
    ends = np.ldexp(np.array([values.min(), values.max()], np.float64), frac_bits)
    if ends[0] < low - 0.5 or ends[1] >= high + 0.5:
        scaled = np.ldexp(values.astype(np.float64), frac_bits)
        over = (scaled < low - 0.5) | (scaled >= high + 0.5)
        count, largest = int(np.count_nonzero(over)), float(np.abs(values[over]).max())
        limit = float(np.ldexp(float(high), -frac_bits))
        found.append(Loss(
            f"{what} clipped", where,
            f"{count:,} of {values.size:,} are beyond {limit:.4g}, the largest {largest:.4g}",
            remedy, {"count": count, "largest": largest, "limit": limit},
        ))
    there = int(np.count_nonzero(values))
    gone = there - int(np.count_nonzero(integers))
    if gone > most_rounded * there:
        step = float(np.ldexp(1.0, -frac_bits))
        found.append(Loss(
            f"{what} round to zero", where,
            f"{gone:,} of {there:,} that are not zero ({gone / there:.2%}) are below half of "
            f"{step:.3g}, the last bit", remedy, {"count": gone, "step": step},
        ))
    return found


def of_saturations(operations: Mapping[str, int], where: str) -> list[Loss]:
    """Sums that a run clipped; nothing where it did not look."""
    count = operations.get("saturations", 0)
    if not count:
        return []
    macs = operations["macs"]
    return [Loss(
        "sums clipped", where, f"{count:,} of {macs:,} additions saturated",
        "calibrate with inputs like these, or give the output fewer fraction bits",
        {"count": count, "macs": macs},
    )]


def told_once(losses: Iterable[Loss]) -> list[Loss]:
    """One loss for each kind and layer: of several runs that with the largest count, in the order
    in which they came."""
    largest: dict[tuple[str, str], Loss] = {}
    for loss in losses:
        key = loss.what, loss.where
        known = largest.get(key)
        if known is None or loss.numbers.get("count", 0) > known.numbers.get("count", 0):
            largest[key] = loss
    return list(largest.values())
