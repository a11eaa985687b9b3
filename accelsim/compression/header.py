"""The JSON header of a file of compressed layers, and its check."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from accelsim.compression.checked import Around, Checked, Step, Text
from accelsim.compression.graph_header import NetworkHeader
from accelsim.errors import FormatError
from accelsim.records import BinaryPoints, Geometry

FORMAT_VERSION = 5
"""Raised by every change that an older accelsim would misread. A file says the lowest version that
has what is in it: 2 has convolutions, biases in the accumulators, and losses; 3 has several tables
a layer; 4 has networks, and weights transformed for Winograd; 5 has bitmaps."""

NEWER = {"exact_bias": 2, "losses": 2, "convolution": 2, "rows_per_table": 3, "winograd": 4,
         "bitmap": 5}
"""Fields of a layer that came later, with the version that they came with."""

NETWORK_VERSION = 4

MAX_HEADER = 1 << 24

# Memory is taken for a column even if it is empty, so a tiny file must not ask for many.
Dimension = Annotated[int, Field(ge=1, le=1 << 24)]
Count = Annotated[int, Field(ge=0, lt=1 << 40)]
Magnitude = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Point = Annotated[int, Field(ge=-1024, le=1024)]


class PointsHeader(Checked):
    """`BinaryPoints` in the file."""

    weight_frac_bits: Point
    input_frac_bits: Point
    output_frac_bits: Point


class LossHeader(Checked):
    """`Loss` in the file."""

    what: Text
    where: Text
    figure: Text
    remedy: Text
    numbers: dict[str, Annotated[float, Field(allow_inf_nan=False)]]


class GeometryHeader(Checked):
    """`Geometry` in the file, but for the outputs, which are the layer's; pairs are rows and
    columns."""

    in_channels: Step
    kernel: tuple[Step, Step]
    stride: tuple[Step, Step]
    padding: tuple[tuple[Around, Around], tuple[Around, Around]]
    dilation: tuple[Step, Step]
    groups: Step

    def geometry(self, out_channels: int, name: str) -> Geometry:
        """As the record has it; an `InputError` where the numbers do not fit each other."""
        return Geometry(out_channels, name=name, **dict(self))


class LayerHeader(Checked):
    """One layer, but for its tensors."""

    name: str = Field(max_length=1000)
    n_outputs: Dimension
    n_inputs: Dimension
    n_entries: Count
    n_gap_symbols: Count
    gap_bits: int = Field(ge=1, le=8)
    weight_bits: int = Field(ge=2, le=8)
    index_bits: int = Field(ge=1, le=8)
    has_bias: bool
    relu: bool
    input_max_abs: Magnitude | None
    output_max_abs: Magnitude | None
    binary_points: PointsHeader | None
    provenance: dict[str, Any]
    permuted: bool = False
    exact_bias: bool = False
    losses: tuple[LossHeader, ...] = Field(default=(), max_length=100)
    convolution: GeometryHeader | None = None
    rows_per_table: Dimension | None = None
    winograd: LayerHeader | None = None
    bitmap: bool = False

    @model_validator(mode="after")
    def _check_winograd(self) -> LayerHeader:
        own = self.winograd
        if own is not None and (self.convolution is None or own.convolution is not None
                                or own.winograd is not None):
            raise ValueError("transformed weights are one matrix beside a convolution")
        return self

    @property
    def n_tables(self) -> int:
        """Tables of the codebook."""
        return 1 if self.rows_per_table is None else -(-self.n_outputs // self.rows_per_table)

    @property
    def points(self) -> BinaryPoints | None:
        """The binary points as the record has them."""
        return None if self.binary_points is None else BinaryPoints(**dict(self.binary_points))


class FileHeader(Checked):
    """What the file holds: layers, and the network that they are of, where they are one's.
    ``content_sha256`` covers the header without it, and all tensors."""

    format_version: int = Field(ge=1)
    layers: tuple[LayerHeader, ...] = Field(min_length=1, max_length=10_000)
    content_sha256: str = Field(max_length=64)
    network: NetworkHeader | None = None

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces, ASCII.

        What version 1 does not know is left out where it says nothing, so that such a file stays
        the same, byte by byte.
        """
        values = self.model_dump()
        for layer in values["layers"]:
            for name in NEWER:
                if not layer[name]:
                    del layer[name]
        if self.network is None:
            del values["network"]
        return json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)


def version_of(layers: Sequence[LayerHeader], network: NetworkHeader | None = None) -> int:
    """The lowest format version that has what is in these layers."""
    own = 1 if network is None else NETWORK_VERSION
    return max([own, *(version for layer in layers for name, version in NEWER.items()
                     if getattr(layer, name))])


def parse_header(text: str | None) -> FileHeader:
    """The header from its JSON text.

    Raises
    ------
    FormatError
        If it is missing, not valid, or of a newer version.
    """
    if text is not None and len(text) > MAX_HEADER:
        raise FormatError(f"the header is larger than {MAX_HEADER} characters")
    if text is None:
        raise FormatError("not a file of compressed layers: no 'accelsim' header in the metadata")
    try:
        values = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        raise FormatError("the header is not valid JSON; the file is damaged") from None
    version = values.get("format_version") if isinstance(values, dict) else None
    if type(version) is int and version > FORMAT_VERSION:
        raise FormatError(
            f"format version {version} is newer than {FORMAT_VERSION}, the newest that this "
            f"accelsim reads; update accelsim"
        )
    try:
        # From JSON again: there, strict still takes lists as tuples and whole numbers as floats.
        return FileHeader.model_validate_json(text)
    except ValidationError as problem:
        raise FormatError(f"header: {one_line(problem)}") from None


def one_line(problem: ValidationError) -> str:
    """Where the first mistake is, and what it is."""
    first = problem.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _finite(digits: str) -> float:
    """1e999 is a JSON number, but infinity in here, which no header could be written with."""
    value = float(digits)
    return value if math.isfinite(value) else _refuse(digits)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON number")
