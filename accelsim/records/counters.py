"""What the counters of every machine share: fields with a meaning, comparison, totals, laws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, field, fields
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from accelsim.errors import ConfigError, ConservationError
from accelsim.records.shown import cut, html_table

IntArray = npt.NDArray[np.int64]
Law = tuple[str, IntArray, IntArray]
"""(name, left side, right side); both sides are arrays of one shape, of PEs or of one number."""

_UNSAID = "{}: the counters of a machine need a method {}, see accelsim.records.counters"
# Added up over runs, except these, of which the largest counts.
_LARGEST = ("queue_occupancy_max",)


def per_pe(meaning: str, absent: int | None = None) -> Any:
    """A counter of each PE, an (n_pe, ...) int64 array; ``absent`` of each PE where scripts that
    did not have it leave it out."""
    known = {} if absent is None else {"absent": absent}
    return field(metadata={"meaning": meaning, "per": "PE", **known})


def total(meaning: str, absent: int | None = None) -> Any:
    """A counter of the whole array, an integer; ``absent`` where scripts of version 0.1, which did
    not have it, leave it out."""
    known = {} if absent is None else {"absent": absent}
    return field(metadata={"meaning": meaning, "per": "layer", **known})


class CounterSet:
    """Base of frozen dataclasses whose fields are `per_pe` and `total` counters.

    A machine's class has the counters ``cycles`` and ``macs`` at least, says its conservation
    laws and what a PE does in each cycle. A counter that a run could not count is None inside,
    and reading it is an AttributeError that says so.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __init__(self, *values: Any, **named: Any) -> None:
        """All counters by name, as ``dict`` takes them, or in their order: for dataclasses with
        ``init=False``.

        A fifth of the time of the frozen one's own, which counts where a run takes 0.2 ms.
        """
        known = type(self).__dataclass_fields__
        given = values[0] if values and isinstance(values[0], Mapping) else named
        if given.keys() != known.keys():
            given = self._completed(given, values if given is named else ())
        object.__getattribute__(self, "__dict__").update(given)

    @classmethod
    def _completed(cls, named: Mapping[str, Any], values: Sequence[Any]) -> dict[str, Any]:
        """Every counter by name, from those by position and those by name."""
        known = cls.__dataclass_fields__
        absent = {name: f.metadata["absent"] for name, f in known.items()
                  if "absent" in f.metadata}
        in_order = dict(zip((name for name in known if name not in absent), values, strict=False))
        given = {**absent, **in_order, **named}
        twice = in_order.keys() & named.keys()
        if given.keys() != known.keys() or twice or len(in_order) < len(values):
            odd = ", ".join(sorted(twice or given.keys() ^ known.keys())) or "too many values"
            raise TypeError(f"{cls.__name__}: no such counters, or missing ones, or twice: {odd}")
        for name in absent.keys() - in_order.keys() - named.keys():
            if known[name].metadata["per"] == "PE":
                given[name] = np.full(len(given["macs"]), absent[name], np.int64)
        return given

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if value is None:
            raise AttributeError(f"{name} were not counted; run with outputs=True, which counts "
                                 f"all that the machine tells of this work")
        return value

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # A dataclass makes a `__repr__` only for a class that has none of its own.
        if "__repr__" not in vars(cls):
            cls.__repr__ = CounterSet.__repr__  # type: ignore[method-assign]

    def __repr__(self) -> str:
        """Totals, in one line."""
        told = [f"{name}={value}" for name, value in self.totals().items()]
        return cut(f"{type(self).__name__}({', '.join(told)})")

    def _repr_html_(self) -> str:
        """A table for a notebook: totals, and how they spread over the PEs."""
        totals = self.totals()
        rows = []
        for f in self.counted():
            value = np.asarray(getattr(self, f.name))
            spread = f"{value.min():,} to {value.max():,}" if value.ndim == 1 else ""
            rows.append((f.name, totals.get(f.name), spread, f.metadata["meaning"]))
        return html_table(f"{type(self).__name__}, {self.n_pe} PEs",
                          ("counter", "total", "of a PE", "meaning"), rows)

    @classmethod
    def partial(cls, values: dict[str, Any]) -> Self:
        """Counters of a run that could not count all."""
        every = {**dict.fromkeys(cls.__dataclass_fields__), **values}
        return cls(every) if cls.__init__ is CounterSet.__init__ else cls(**every)

    @classmethod
    def added(cls, parts: Iterable[Self]) -> Self:
        """Counters of several runs on one machine, added up.

        A counter that one of them left out is left out of the sum.
        """
        items = list(parts)
        names = set.intersection(*({f.name for f in c.counted()} for c in items))
        return cls.partial({
            name: (np.maximum.reduce if name in _LARGEST else sum)(
                [getattr(c, name) for c in items]
            ) for name in names
        })

    @property
    def n_pe(self) -> int:
        """Number of PEs counted."""
        return len(self.macs)

    def counted(self) -> list[Field[Any]]:
        """The counters that were counted: all of them, where the machine leaves none out."""
        there = vars(self)
        return [f for f in fields(self) if there[f.name] is not None]

    def laws(self, config: Any = None, job: Any = None) -> Sequence[Law]:
        """The conservation laws, by name; a variant machine replaces those it changes."""
        raise ConfigError(_UNSAID.format(type(self).__name__, "laws(config, job)"))

    def states(self) -> dict[str, IntArray]:
        """What each PE did: state to (n_pe,) cycles; the states of a PE add up to all cycles.

        "useful" comes first: cycles with multiply-accumulates of weights.
        """
        raise ConfigError(_UNSAID.format(type(self).__name__, "states()"))

    def check(self, config: Any = None, job: Any = None) -> None:
        """Hold every law, and that states add up.

        Raises
        ------
        ConservationError
            Naming the law and the first PE that broke it.
        """
        self.judge([
            *self.laws(config, job),
            ("states add up to cycles", np.sum([*self.states().values()], axis=0),
             np.full(self.n_pe, self.cycles)),
        ])

    def difference(self, other: Self) -> str | None:
        """The first counter (and PE) that differs from ``other``, in words, or None."""
        for f in fields(self):
            if f not in self.counted() or f not in other.counted():
                if f in self.counted() or f in other.counted():
                    return f"{f.name}: counted on one side only"
                continue
            mine, theirs = getattr(self, f.name), getattr(other, f.name)
            if f.metadata["per"] == "layer":
                if mine != theirs:
                    return f"{f.name}: {mine} != {theirs}"
                continue
            if mine.shape != theirs.shape:
                return f"{f.name}: shape {mine.shape} != {theirs.shape}"
            where = np.argwhere(mine != theirs)
            if len(where):
                at = tuple(int(i) for i in where[0])
                return f"{f.name}[PE {at[0]}{at[1:] or ''}]: {mine[at]} != {theirs[at]}"
        return None

    def totals(self) -> dict[str, int]:
        """Every counter as one number: sums over PEs, the maximum for the occupancy maximum."""
        result = {}
        for f in self.counted():
            value = getattr(self, f.name)
            if f.name in _LARGEST:
                result[f.name] = int(value.max())
            elif not f.name.endswith("_histogram"):
                result[f.name] = int(np.sum(value))
        return result

    def judge(self, laws: Iterable[Law]) -> None:
        """Hold both sides of each law against each other, PE by PE, and every counter to 0.

        Raises
        ------
        ConservationError
            Naming the law and the first PE that broke it.
        """
        for law, left, right in laws:
            if not np.array_equal(left, right):
                pe = int(np.argmax(left != right))
                raise ConservationError(f"{law} broken at PE {pe}: {left[pe]} != {right[pe]}")
        counted = vars(self)
        values = [counted[name] for name in self.__dataclass_fields__ if counted[name] is not None]
        if min(int(np.min(value)) if isinstance(value, np.ndarray) else value
               for value in values) < 0:
            raise ConservationError("a counter is negative")
