"""What machines there are, and their numbers with sources.

A machine is a folder here, or a plug-in; `base` says what belongs to one, `register` keeps them.
Names are imported when first used: a machine that is not asked for is not loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelsim.machines.base import Machine
    from accelsim.machines.bbs.config import BbsConfig
    from accelsim.machines.eie.config import EieConfig
    from accelsim.machines.ese.config import EseConfig
    from accelsim.machines.registry import (
        get_machine,
        load_as,
        load_machine,
        machine_names,
        machine_of,
        parse_setting,
        published_sources,
        register,
        register_machine,
        run_job,
    )
    from accelsim.units.arith_unit import ARITH_STAGES

DEFAULT_MACHINE = "eie"
"""What is meant where no machine is named."""

_HOME = {
    "ARITH_STAGES": "accelsim.units.arith_unit",
    "BbsConfig": "accelsim.machines.bbs.config",
    "EieConfig": "accelsim.machines.eie.config",
    "EseConfig": "accelsim.machines.ese.config",
    "Machine": "accelsim.machines.base",
    **dict.fromkeys((
        "get_machine", "load_as", "load_machine", "machine_names",
        "machine_of", "parse_setting", "published_sources", "register", "register_machine",
        "run_job",
    ), "accelsim.machines.registry"),
}

__all__ = [
    "ARITH_STAGES", "DEFAULT_MACHINE", "BbsConfig", "EieConfig", "EseConfig", "Machine",
    "get_machine", "load_as", "load_config", "load_machine", "machine_names", "machine_of",
    "parse_setting", "published_sources", "register", "register_machine",
    "run_job",
]


def load_config(source: Any = DEFAULT_MACHINE, **overrides: Any) -> EieConfig:
    """An EIE's configuration; as `load_machine`, with an error for other machines."""
    register = import_module("accelsim.machines.registry")
    config = import_module("accelsim.machines.eie.config")
    found: EieConfig = register.load_as(config.EieConfig, source, **overrides)
    return found


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'accelsim.machines' has no attribute '{name}'")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
