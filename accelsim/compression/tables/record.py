"""What a code table is: a rule from weights to a codebook, and what may be set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from accelsim.compression.share import Sharing
from accelsim.errors import InputError, nearest


@dataclass(frozen=True)
class Option:
    """A setting of a rule: its default, and what else it may be; without ``others`` a number
    above 0 and at most ``high``."""

    default: Any
    others: tuple[Any, ...] = ()
    high: float = 100.0

    def read(self, what: str, text: str) -> Any:
        """The value of a text: ``"true"``, ``"2"``, ``"sqrt2"``.

        Raises
        ------
        InputError
            If it is none that is allowed.
        """
        if self.others:
            allowed = {str(one).lower(): one for one in (self.default, *self.others)}
            if text.lower() not in allowed:
                raise InputError(f"recipe: {what} is '{text}'; need {' or '.join(allowed)}")
            return allowed[text.lower()]
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value <= self.high:
            raise InputError(f"recipe: {what} is '{text}'; need a number above 0, at most "
                             f"{self.high:g}")
        return value


@dataclass(frozen=True)
class CodeTable:
    """One number system.

    Attributes
    ----------
    fit : ``fit(values, weight_bits, **settings)`` gives the `Sharing` of (n,) non-zero float32
        values: codebook and codes; code 0 is 0.0
    n_codes : ``n_codes(weight_bits, **settings)``: codes beside 0 that the rule has
    source : whose rule it is
    options : by name, what may be set behind the table's name: ``ternary:scales=2``
    bits : of a code, where the rule does not leave it open
    of_recipe : settings of the `Recipe` itself that ``fit`` takes
    takes_bias : whether ``fit`` takes the biases that share the codebook
    """

    fit: Callable[..., Sharing]
    n_codes: Callable[..., int]
    source: str
    options: Mapping[str, Option] = field(default_factory=lambda: MappingProxyType({}))
    of_recipe: tuple[str, ...] = ()
    takes_bias: bool = False
    bits: int | None = None

    def settings(self, name: str, words: Iterable[str]) -> dict[str, Any]:
        """Every option: the defaults, and over them what words like ``scales=2`` say.

        Raises
        ------
        InputError
            If one is unknown or out of range.
        """
        told = {key: option.default for key, option in self.options.items()}
        for word in words:
            key, _, text = word.partition("=")
            if key not in self.options:
                known = nearest(key, self.options) if self.options else "; it has none"
                raise InputError(f"recipe: table {name} has no setting '{key}'{known}")
            told[key] = self.options[key].read(f"{key} of table {name}", text)
        return told
