"""Parameters by the names that they had in version 0.1: scripts which say them still run."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def also_called(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Take parameters by their old names too: ``packed="work"`` is for ``work``.

    A parameter that is given by position leaves its old name to the function's own options.

    Raises
    ------
    TypeError
        When called with both names of a parameter.
    """
    def renaming(function: Callable[P, R]) -> Callable[P, R]:
        places = list(signature(function).parameters)

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            for old, new in names.items():
                if old in kwargs and places.index(new) >= len(args):
                    if new in kwargs:
                        raise TypeError(f"{function.__name__}: '{old}' is the old name of "
                                        f"'{new}'; give one of them")
                    kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return called

    return renaming
