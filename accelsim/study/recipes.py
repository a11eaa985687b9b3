"""The compression's part of a design: recipe settings, and the sparsity pattern with its own.

``recipe.pattern`` prunes dense weights by a pattern of `accelsim.compression.patterns` before they
are shared; ``recipe.density`` is then the pattern's. A setting that a pattern has no use for is
left alone, so that one study can compare patterns. The pattern's ``n_pe`` is the machine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from types import MappingProxyType
from typing import Any

from accelsim.compression import Recipe, compress, compress_recurrent
from accelsim.compression.patterns import PATTERNS
from accelsim.compression.recipe import SETTINGS
from accelsim.errors import InputError, nearest
from accelsim.records import CompressedLayer, Layer
from accelsim.records.recurrent import RecurrentLayer

PREFIX = "recipe."
# The machine stores codes and zero runs of the width with which the layer was compressed: one
# parameter, which the recipe follows.
SHARED_BITS = ("weight_bits", "index_bits")
# What a machine stores, where it is not the recipe's own default.
DEFAULT_RECIPES: Mapping[str, Mapping[str, Any]] = MappingProxyType({"ese": {"values": "linear"}})
PATTERN_COUNTS = ("n_banks", "n", "m")
RECIPE_KEYS = (
    *(f"{PREFIX}{name}" for name in SETTINGS if name not in SHARED_BITS),
    *(f"{PREFIX}{name}" for name in ("pattern", *PATTERN_COUNTS)),
)


def check_recipe(settings: Mapping[str, Any]) -> None:
    """Raise InputError if a setting (with its prefix) is out of range."""
    own = {key.removeprefix(PREFIX): value for key, value in settings.items()}
    pattern = own.pop("pattern", None)
    if pattern is not None and pattern not in PATTERNS:
        raise InputError(f"recipe: no pattern '{pattern}'{nearest(str(pattern), PATTERNS)}")
    for name in PATTERN_COUNTS:
        value = own.pop(name, 1)
        if type(value) is not int or value < 1:
            raise InputError(f"recipe: {name} is {value!r}; need an integer, 1 or more")
    Recipe(**own)


def needs_n_pe(pattern: Any) -> bool:
    """Whether weights pruned by this pattern fit one number of PEs."""
    return pattern in PATTERNS and "n_pe" in signature(PATTERNS[pattern]).parameters


def full_recipe(own: Mapping[str, Any], n_pe: int) -> dict[str, Any]:
    """Every setting of a design's compression, defaults included, by name without the prefix."""
    plain = {key: value for key, value in own.items() if key in SETTINGS}
    recipe = Recipe(**plain).settings()
    if "pattern" in own:
        recipe |= {key: own[key] for key in ("pattern", *PATTERN_COUNTS) if key in own}
        if needs_n_pe(own["pattern"]):
            recipe["n_pe"] = n_pe
    return recipe


def compress_by(layer: Layer, recipe: Mapping[str, Any]) -> CompressedLayer:
    """Compress a layer by a full recipe.

    Raises
    ------
    InputError
        If the layer cannot be compressed, or is not dense where the recipe has a pattern.
    """
    return compress(layer, _recipe(recipe))


def compress_recurrent_by(layer: RecurrentLayer, recipe: Mapping[str, Any]) -> RecurrentLayer:
    """The same for a recurrent layer; a pattern prunes what the layer still has.

    Raises
    ------
    InputError
        If the layer cannot be compressed.
    """
    return compress_recurrent(layer, _recipe(recipe))


def _recipe(full: Mapping[str, Any]) -> Recipe:
    """The recipe of a design; what its pattern has no use for is left out."""
    plain = {key: value for key, value in full.items() if key in SETTINGS}
    pattern = full.get("pattern")
    if pattern is None:
        return Recipe(**plain)
    known = signature(PATTERNS[pattern]).parameters
    own = {key: full[key] for key in ("n_pe", *PATTERN_COUNTS)
           if key in known and full.get(key) is not None}
    density = plain["density"] if "density" in known else None
    return Recipe(**{**plain, "density": density, "threshold": None}, pattern=pattern,
                  pattern_parameters=own)
