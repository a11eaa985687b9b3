"""Configurations whose sizes follow the workload, made into numbers."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from accelsim.errors import ConfigError, UnsupportedError
from accelsim.records.fit import words_of


def sized(
    machine: Any, config: Any, works: Sequence[Any],
    images: Sequence[tuple[int, int] | None] = (),
) -> Any:
    """What `accelsim.machines.base.Machine.fitted` gives."""
    words = words_of(config)
    if not words or not works or not all(isinstance(work, machine.takes) for work in works):
        return config  # what is still to be sized is told by `check_sized`
    fit = machine.part("fit")
    # A machine without convolutions need not take their sizes.
    sizes = fit(config, words, works, images) if any(images) else fit(config, words, works)
    try:
        return type(config).model_validate({**config.model_dump(), **sizes})
    except ValidationError as problem:
        key = problem.errors()[0]["loc"][0]
        raise ConfigError(f"{machine.name}: {key} is sized to {sizes[key]}, beyond its range; use "
                          f"a larger n_pe, or a number with capacity='stream'") from None


def check_sized(config: Any) -> None:
    """Raise `ConfigError` where a job would be made for sizes that are still words."""
    if words := words_of(config):
        raise ConfigError(f"{config.machine}: {', '.join(words)} still to be sized; "
                          f"accelsim.simulate does it, or Machine.fitted(config, works)")


def check_options(make_job: Any, options: Iterable[str], machine: str) -> None:
    """Raise `UnsupportedError` for an option that a machine's ``make_job`` does not know."""
    known = _options(make_job)
    if known is None:
        return
    for option in options:
        if option not in known:
            raise UnsupportedError(f"the machine '{machine}' takes no '{option}'; leave it out")


@lru_cache(maxsize=64)
def _options(make_job: Any) -> frozenset[str] | None:
    """Names of a function's parameters; None takes any. Asked for every vector of a network."""
    known = inspect.signature(make_job).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values()):
        return None
    return frozenset(known)
