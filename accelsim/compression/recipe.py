"""The recipe: every setting of the compression, checked once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from inspect import signature
from typing import Any, Literal, get_args

from accelsim.compression.patterns import PATTERNS
from accelsim.compression.share import Init
from accelsim.compression.tables import table_named
from accelsim.errors import InputError, nearest
from accelsim.records.layer import INDEXES

Values = Literal["codebook", "linear"]
Bias = Literal["auto", "column", "accumulator"]
Winograd = Literal["before", "after"]


@dataclass(frozen=True)
class Recipe:
    """How to prune, share and encode.

    Attributes
    ----------
    density : share of the weights that stays; None keeps the zeros that are there
    threshold : or: weights of at least this magnitude stay
    pattern : which stay, by a pattern of `accelsim.compression.patterns`; None takes the largest
        of the whole matrix
    pattern_parameters : those of the pattern but ``density``: ``{"n_pe": 64}``
    values : "codebook" shares values found by k-means (Deep Compression), "linear" quantises to
        evenly spaced ones (ESE), so that a code is the weight itself in two's complement
    weight_bits : 2 to 8; ``2**weight_bits - 1`` shared values, and 0.0 as code 0; linear values
        up to 16, of which EIE's codes hold 8
    index_bits : 1 to 8, bits of a zero run
    init : first centroids, "linear" (as published), "density" or "random"
    seed : of the random start
    max_iterations : most iterations of k-means
    bias : "column" stores the bias as one more column of codes, driven by 1.0, as the EIE authors'
        simulator; "accumulator" stores it as it is, and sums start from it; "auto" takes the
        column unless a bias is off by more than `MAX_BIAS_LOSS` of the largest there
    permute_rows : store the rows in an order that is balanced for so many PEs
        (`accelsim.compression.permute`); None keeps their order
    table : the number system of the codes, by a name of `accelsim.compression.tables` with its
        settings ("linear", "ternary:scales=2", "log:base=sqrt2"), or a file with a codebook of
        one's own; None is what ``values`` says: "kmeans", or "dynamic_fixed_point" for "linear"
    table_bits : bits of the table's codes where they are fewer than ``weight_bits``, those that
        the machine stores
    table_rows : rows of the matrix that share a table: 1 gives each row its own scale; None all
    winograd : whether convolutions that have one get weights for F(2x2, 3x3) too
        (`accelsim.compression.winograd`), pruned "before" the transform or "after" it; None, none
    index : what says an entry's row, "zero_runs" or a "bitmap" (`accelsim.formats`)
    rank : of a network's layers: each becomes two (`accelsim.compression.low_rank`); None, one
    layers : settings of single layers by name, over these:
        ``Recipe(density=0.1, layers={"fc3": {"density": 0.26}})``

    Raises
    ------
    InputError
        If a setting is unknown or out of range.
    """

    density: float | None = None
    threshold: float | None = None
    pattern: str | None = None
    pattern_parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    values: Values = "codebook"
    weight_bits: int = 4
    index_bits: int = 4
    init: Init = "linear"
    seed: int = 0
    max_iterations: int = 1000
    permute_rows: int | None = None
    layers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    bias: Bias = "auto"
    table: str | None = None
    table_bits: int | None = None
    table_rows: int | None = None
    winograd: Winograd | None = None
    rank: int | None = None
    index: str = "zero_runs"

    def __post_init__(self) -> None:
        if self.values not in VALUES:
            hint = nearest(str(self.values), VALUES)
            raise InputError(f"recipe: values is {self.values!r}{hint}")
        if self.bias not in BIASES:
            raise InputError(f"recipe: bias is {self.bias!r}{nearest(str(self.bias), BIASES)}")
        if self.winograd not in (None, *WINOGRADS):
            raise InputError(f"recipe: winograd is {self.winograd!r}"
                             f"{nearest(str(self.winograd), WINOGRADS)}")
        if self.index not in INDEXES:
            raise InputError(f"recipe: index is {self.index!r}"
                             f"{nearest(str(self.index), INDEXES)}")
        widest = 16 if self.values == "linear" else 8
        for what, low, high in (("weight_bits", 2, widest), ("index_bits", 1, 8),
                                ("seed", 0, 2**63 - 1), ("max_iterations", 1, 10**6)):
            value = getattr(self, what)
            if type(value) is not int or not low <= value <= high:
                raise InputError(f"recipe: {what} is {value!r}; need an integer, {low} to {high}")
        if self.rank is not None and (type(self.rank) is not int or self.rank < 1):
            raise InputError(f"recipe: rank is {self.rank!r}; need an integer, 1 or more")
        n_pe = self.permute_rows
        if n_pe is not None and (type(n_pe) is not int or not 1 <= n_pe <= MAX_PE):
            raise InputError(
                f"recipe: permute_rows is {n_pe!r}; need a number of PEs, 1 to {MAX_PE}"
            )
        for what, top in (("density", 1.0), ("threshold", math.inf)):
            value = getattr(self, what)
            if value is not None and not (
                isinstance(value, int | float) and 0 <= value <= top and math.isfinite(value)
            ):
                raise InputError(f"recipe: {what} is {value!r}; need a number from 0 to {top:g}")
        if self.density is not None and self.threshold is not None:
            raise InputError("recipe: give density or threshold, not both")
        self._check_pattern()
        self._check_table()
        if self.init not in get_args(Init):
            raise InputError(f"recipe: init is {self.init!r}{nearest(str(self.init), INITS)}")
        if not all(isinstance(m, Mapping) for m in (self.layers, *self.layers.values())):
            raise InputError('recipe: layers must be like {"fc1": {"density": 0.1}}')
        object.__setattr__(self, "layers", {name: dict(own) for name, own in self.layers.items()})
        for name in self.layers:
            self.for_layer(name)

    def _check_table(self) -> None:
        """Whether there is the table, and what is said of it goes together."""
        table_named(self.table_name)
        for what, low, high in (("table_bits", 2, 8), ("table_rows", 1, 1 << 24)):
            value = getattr(self, what)
            if value is not None and (type(value) is not int or not low <= value <= high):
                raise InputError(f"recipe: {what} is {value!r}; need an integer, {low} to {high}")
        if self.table_rows is not None and self.permute_rows is not None:
            raise InputError("recipe: table_rows are rows that stand together, permute_rows moves "
                             "them; give one of the two")

    @property
    def table_name(self) -> str:
        """The table, given or what ``values`` stands for."""
        return self.table or ("kmeans" if self.values == "codebook" else "dynamic_fixed_point")

    def code_bits(self, name: str) -> int:
        """Bits of the table's codes.

        Raises
        ------
        InputError
            If they are more than ``weight_bits``, or left to these and those are more than codes
            have; ``name`` says where.
        """
        own = self.table_bits
        if own is not None and own > self.weight_bits:
            raise InputError(f"{name}: table_bits is {own}, weight_bits {self.weight_bits}; the "
                             f"table's codes must fit")
        if own is None and self.weight_bits > 8:
            own = table_named(self.table_name)[0].bits
            if own is None:
                raise InputError(f"{name}: weight_bits is {self.weight_bits}; codes have at most "
                                 f"8 bits; a recurrent layer's up to 16, with values='linear' "
                                 f"and no table; else give table_bits")
        return own or self.weight_bits

    def _check_pattern(self) -> None:
        """Names only; whether a pattern fits a matrix is found out when it prunes."""
        given = {**dict(self.pattern_parameters)}
        object.__setattr__(self, "pattern_parameters", given)
        if self.pattern is None:
            if given:
                raise InputError("recipe: pattern_parameters without a pattern; give pattern")
            return
        if self.pattern not in PATTERNS:
            raise InputError(f"recipe: no pattern '{self.pattern}'"
                             f"{nearest(str(self.pattern), PATTERNS)}")
        if self.threshold is not None:
            raise InputError("recipe: a pattern keeps a density; leave threshold out")
        known = list(signature(PATTERNS[self.pattern]).parameters)[1:]
        if self.density is not None and "density" not in known:
            raise InputError(f"recipe: pattern {self.pattern} takes {', '.join(known)}; "
                             f"leave density out")
        for name, value in given.items():
            if name == "density" or name not in known:
                raise InputError(f"recipe: pattern {self.pattern} has no parameter '{name}'"
                                 f"{nearest(name, known)}")
            counts = value if name == "shape" and isinstance(value, list | tuple) else [value]
            right = len(counts) == (2 if name == "shape" else 1)
            if name != "score" and not (right and all(type(v) is int and v > 0 for v in counts)):
                raise InputError(f"recipe: {name} is {value!r}; need "
                                 f"{'[rows, columns]' if name == 'shape' else 'an integer'}, "
                                 f"1 or more")

    def for_layer(self, name: str) -> Recipe:
        """The recipe of one layer: its own settings over the common ones.

        A layer's own density takes the place of a common threshold, and the other way round.
        """
        own = dict(self.layers.get(name, {}))
        for key in own:
            known = (*SETTINGS, *PATTERN_SETTINGS)
            if key not in known:
                raise InputError(
                    f"recipe of {name}: unknown setting '{key}'{nearest(key, known)}"
                )
        if own.get("density") is not None:
            own.setdefault("threshold", None)
        if own.get("threshold") is not None:
            own.setdefault("density", None)
        return replace(self, layers={}, **own)

    def settings(self) -> dict[str, Any]:
        """The settings of one layer as plain values, a pattern's where it has one.

        What came later (`TOLD_IF_SET`) is told where it is not the default: digests of studies
        stay what they were.
        """
        names = SETTINGS if self.pattern is None else (*SETTINGS, *PATTERN_SETTINGS)
        told = {name: getattr(self, name) for name in names}
        return {key: value for key, value in told.items()
                if key not in TOLD_IF_SET or value != TOLD_IF_SET[key]}


INITS = get_args(Init)
VALUES = get_args(Values)
BIASES = get_args(Bias)
WINOGRADS = get_args(Winograd)
MAX_BIAS_LOSS = 1 / 16
"""Of the largest bias: a step between entries of a 16-entry codebook that spans it. Chosen, not
published."""
MAX_PE = 4096
TOLD_IF_SET = {
    "bias": "auto", "table": None, "table_bits": None, "table_rows": None, "winograd": None,
    "rank": None, "index": "zero_runs",
}
"""Settings that came later, with their defaults."""
PATTERN_SETTINGS = ("pattern", "pattern_parameters")
SETTINGS = [f.name for f in fields(Recipe) if f.name not in ("layers", *PATTERN_SETTINGS)]
