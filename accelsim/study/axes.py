"""One axis of a study: the values that one parameter takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accelsim.errors import ConfigError, nearest, shown

Scalar = bool | int | float | str

_MAX_VALUES = 1_000_000
_MAX_NUMBER = 2**63
_FORMS = "a list, {from, to, step} or {powers_of_two = [low, high]}"


@dataclass(frozen=True)
class Axis:
    """Values of one parameter, in the order in which a grid visits them.

    Attributes
    ----------
    values : the values; empty for a continuous range
    span : (low, high) of a continuous range, for random and Sobol' sampling alone
    """

    values: tuple[Scalar, ...] = ()
    span: tuple[float, float] | None = None

    def at(self, u: float) -> Scalar:
        """The value at the share ``u`` of the axis, 0 <= u < 1."""
        if self.span is not None:
            low, high = self.span
            return low + u * (high - low)
        return self.values[min(int(u * len(self.values)), len(self.values) - 1)]


def parse_axis(where: str, spec: Any) -> Axis:
    """An axis from what the study file says.

    Raises
    ------
    ConfigError
        Naming ``where`` and what is wrong.
    """
    if isinstance(spec, Axis):
        return spec
    if isinstance(spec, list | tuple):
        return Axis(_distinct(where, tuple(spec)))
    if not isinstance(spec, Mapping):
        raise ConfigError(f"{where} is {spec!r}; need {_FORMS}; one fixed value goes into [set]")
    for key in spec:
        if key not in ("from", "to", "step", "powers_of_two"):
            known = ("from", "to", "step", "powers_of_two")
            raise ConfigError(f"{where}: unknown key '{key}'{nearest(str(key), known)}")
    if "powers_of_two" in spec:
        return Axis(_powers(where, spec))
    return _range(where, spec)


def _distinct(where: str, values: tuple[Any, ...]) -> tuple[Scalar, ...]:
    if not values:
        raise ConfigError(f"{where} is empty; give at least one value")
    for value in values:
        if not isinstance(value, Scalar):
            raise ConfigError(f"{where}: {shown(value)} is not a number, a truth value or a word")
        if not isinstance(value, str) and not abs(value) < _MAX_NUMBER:
            raise ConfigError(f"{where}: {shown(value)} is not a finite number below 2**63")
    if len(set(values)) < len(values):
        twice = next(v for i, v in enumerate(values) if v in values[:i])
        raise ConfigError(f"{where} holds {twice!r} twice; leave one out")
    return values


def _powers(where: str, spec: Mapping[str, Any]) -> tuple[Scalar, ...]:
    pair = spec["powers_of_two"]
    whole = isinstance(pair, list | tuple) and all(
        type(v) is int and abs(v) < _MAX_NUMBER for v in pair
    )
    if len(spec) > 1 or not whole or len(pair) != 2 or not 1 <= pair[0] <= pair[1]:
        raise ConfigError(f"{where}: powers_of_two is {shown(pair)}; need [low, high] alone, "
                          f"for instance [1, 256]")
    low, high = pair
    values = tuple(1 << k for k in range(high.bit_length()) if low <= 1 << k <= high)
    if not values:
        raise ConfigError(f"{where}: there is no power of two from {low} to {high}")
    return values


def _range(where: str, spec: Mapping[str, Any]) -> Axis:
    for key in ("from", "to"):
        if key not in spec:
            raise ConfigError(f"{where}: '{key}' is missing; need {_FORMS}")
    for key, value in spec.items():
        if type(value) not in (int, float) or not abs(value) < _MAX_NUMBER:
            raise ConfigError(f"{where}: {key} is {shown(value)}; need a finite number")
    low, high, step = spec["from"], spec["to"], spec.get("step")
    if low > high or (step is not None and step <= 0):
        raise ConfigError(f"{where}: from {low} to {high} step {step}; need from <= to, step > 0")
    integers = all(type(v) is int for v in spec.values())
    if step is None and not integers:
        return Axis(span=(float(low), float(high)))
    # A float range ends at ``to`` even where the division comes out a little low.
    count = math.floor((high - low) / (step or 1) + 1e-9) + 1
    if count > _MAX_VALUES:
        raise ConfigError(f"{where}: {count} values; at most {_MAX_VALUES}; use a larger step")
    if integers:
        return Axis(tuple(range(low, high + 1, step or 1)))
    return Axis(tuple(round(low + k * (step or 1), 12) for k in range(count)))
