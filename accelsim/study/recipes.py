"""The compression's part of a design: recipe settings, and the sparsity pattern with its own.

``recipe.pattern`` prunes dense weights by a pattern of `accelsim.compression.patterns` before they
are shared; ``recipe.density`` is then the pattern's. A setting that a pattern has no use for is
left alone, so that one study can compare patterns. The pattern's ``n_pe`` is the machine's, and so
are the widths that the machine has. ``lowering`` is that of a network's convolutions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from inspect import signature
from typing import Any

from accelsim.compression import Recipe
from accelsim.compression.patterns import PATTERNS
from accelsim.compression.prepare import SHARED_BITS
from accelsim.compression.recipe import SETTINGS, TOLD_IF_SET
from accelsim.compression.tables import is_file
from accelsim.errors import InputError, nearest
from accelsim.lowering.ways import parse_lowering

PREFIX = "recipe."
PATTERN_COUNTS = ("n_banks", "n", "m")
LOWERING = "lowering"
"""Of a network's convolutions; it changes nothing of what is compressed."""
OF_NETWORKS = (LOWERING, "rank", "winograd")
"""Settings for which a layer of one matrix has no use."""
_SETTINGS = (*SETTINGS, "pattern", *PATTERN_COUNTS, LOWERING)


def recipe_keys(parameters: Collection[str]) -> list[str]:
    """Names of the settings; a width that is a parameter of the machine has that name alone."""
    shared = shared_bits(parameters)
    return [f"{PREFIX}{name}" for name in _SETTINGS if name not in shared]


def shared_bits(parameters: Collection[str]) -> list[str]:
    """Widths of the recipe that a machine with these parameters stores as they are."""
    return [name for name in SHARED_BITS if name in parameters]


def check_recipe(settings: Mapping[str, Any], needs: Mapping[str, Any]) -> None:
    """Raise InputError if a setting (with its prefix) is out of range.

    Parameters
    ----------
    needs : settings of the machine's own recipe
    """
    own = {key.removeprefix(PREFIX): value for key, value in settings.items()}
    parse_lowering(own.pop(LOWERING, None))
    pattern = own.pop("pattern", None)
    if pattern is not None and pattern not in PATTERNS:
        raise InputError(f"recipe: no pattern '{pattern}'{nearest(str(pattern), PATTERNS)}")
    for name in PATTERN_COUNTS:
        value = own.pop(name, 1)
        if type(value) is not int or value < 1:
            raise InputError(f"recipe: {name} is {value!r}; need an integer, 1 or more")
    if is_file(str(own.get("table", ""))):
        raise InputError(f"recipe: table {own['table']}: a study keeps results by settings, which "
                         f"do not say what is in a file; register the table, or compress first")
    Recipe(**{**needs, **own})


def needs_n_pe(pattern: Any) -> bool:
    """Whether weights pruned by this pattern fit one number of PEs."""
    return pattern in PATTERNS and "n_pe" in signature(PATTERNS[pattern]).parameters


def full_recipe(own: Mapping[str, Any], n_pe: int) -> dict[str, Any]:
    """Every setting of a design's compression, defaults included, by name without the prefix."""
    plain = {key: value for key, value in own.items() if key in SETTINGS}
    recipe = Recipe(**plain).settings()
    # All designs of a study tell these, or none.
    recipe |= {key: plain[key] for key in TOLD_IF_SET if key in plain}
    if LOWERING in own:
        recipe[LOWERING] = own[LOWERING]
    if "pattern" in own:
        recipe |= {key: own[key] for key in ("pattern", *PATTERN_COUNTS) if key in own}
        if needs_n_pe(own["pattern"]):
            recipe["n_pe"] = n_pe
    return recipe


def recipe_of(full: Mapping[str, Any]) -> Recipe:
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
