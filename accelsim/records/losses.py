"""What is lost on the way from a user's numbers to a machine's: one record, told in one line."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


class LossWarning(UserWarning):
    """The compression of a layer lost something that its user may not expect."""


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
