"""Libraries that come with the extra ``study``; the rest of accelsim does without them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from accelsim.errors import ConfigError


def extra(name: str) -> Any:
    """The module, imported now.

    Raises
    ------
    ConfigError
        If it is not installed; says how to.
    """
    try:
        return import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        raise ConfigError(
            f"{package} is not installed; install it with: pip install 'accelsim[study]'"
        ) from None
