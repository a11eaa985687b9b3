"""Exceptions and the one warning. Every message is one line: what, where, and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AccelsimError(Exception):
    """Base of every error that accelsim raises on purpose; the command line exits with 2."""


class ConfigError(AccelsimError):
    """A configuration key or value is wrong."""


class InputError(AccelsimError):
    """A file, an array or an argument does not hold what it must."""


class FormatError(InputError):
    """A file is truncated, inconsistent or of another format."""


class CapacityError(AccelsimError):
    """A layer does not fit a memory of the machine."""


class UnsupportedError(AccelsimError):
    """An engine refuses a feature by name, because it cannot express it exactly."""


class LoweringError(UnsupportedError):
    """A convolution that cannot be lowered so; ``short`` is why, in a few words for a table."""

    def __init__(self, text: str, short: str) -> None:
        super().__init__(text)
        self.short = short


class ConservationError(AccelsimError):
    """A run broke one of its own conservation laws: a fault of accelsim, please report it."""


class LossWarning(UserWarning):
    """The compression of a layer lost something that its user may not expect."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest known name, or the list of names."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(names)}" if names else ""


def shown(value: object) -> str:
    """``repr`` of a value from a file, on at most 60 characters; Python prints no number of more
    than some thousand digits."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return "a value too long to print"
    return text if len(text) <= 60 else f"{text[:57]}..."


def printable(text: str) -> str:
    """The text, with escapes in place of line ends and other control characters."""
    return text if text.isprintable() else "".join(
        c if c.isprintable() else repr(c)[1:-1] for c in text)
