"""The nine benchmark layers of EIE (Table III) by name, as seeded synthetic layers."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from accelsim.errors import InputError, nearest
from accelsim.records import Layer
from accelsim.workload.synthetic import random_layer


@dataclass(frozen=True)
class PublishedLayer:
    """One row of EIE's Table III; densities are shares of non-zeros, ``operations`` the share
    of multiplications that they leave, as printed."""

    name: str
    n_inputs: int
    n_outputs: int
    weight_density: float
    activation_density: float
    activations: Literal["relu", "ones"]
    source: str
    operations: float | None = None


@cache
def published_layers() -> MappingProxyType[str, PublishedLayer]:
    """Name to row, in the order of the table."""
    text = resources.files("accelsim.workload").joinpath("published.toml").read_text("utf-8")
    rows = tomllib.loads(text)
    return MappingProxyType({name: PublishedLayer(name=name, **row) for name, row in rows.items()})


def synthetic_layer(name: str, seed: int = 1) -> Layer:
    """A published layer's shape and densities, filled with random numbers.

    Weights are a `CscMatrix` of float32; there is no bias (the authors' is zero). The recipe is
    in `accelsim.workload.synthetic` and, with the seed, in the layer's ``provenance``.

    Raises
    ------
    InputError
        If there is no published layer of that name; the message names the nearest.
    """
    rows = published_layers()
    if name not in rows:
        raise InputError(f"no published layer '{name}'{nearest(name, rows)}")
    row = rows[name]
    layer = random_layer(
        (row.n_outputs, row.n_inputs), row.weight_density, row.activation_density, seed,
        activations=row.activations, name=name,
    )
    provenance = {**layer.provenance, "published": row.source}
    return replace(layer, provenance=provenance)
