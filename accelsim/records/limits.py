"""What keeps a design from being built: one record, told in one line with its figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Limit:
    """Something that a run asks for and its machine, as configured, cannot have.

    Attributes
    ----------
    what : in a few words: "SpMat SRAM", "critical path"
    value, limit : what is asked for, and the most that there is
    unit : of both
    remedy : settings that would do, or what else helps
    where : the layer; empty where it is none's alone
    """

    what: str
    value: float
    limit: float
    unit: str
    remedy: str
    where: str = ""

    @property
    def line(self) -> str:
        """All of it in one line."""
        place = f"{self.where}: " if self.where else ""
        return " ".join(f"{place}{self.what}: {_number(self.value)} {self.unit}, at most "
                        f"{_number(self.limit)}; {self.remedy}".split())

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dict(vars(self))


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"


def worst(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """One limit for each thing: that of the layer which asks for most, in the order of coming."""
    found: dict[str, Limit] = {}
    for limit in limits:
        known = found.get(limit.what)
        if known is None or limit.value > known.value:
            found[limit.what] = limit
    return tuple(found.values())


def of_layer(limits: Iterable[Limit], where: str) -> tuple[Limit, ...]:
    """The same with the layer's name."""
    return tuple(replace(limit, where=where) for limit in limits)
