"""accelsim: a cycle-level simulator for sparse deep-learning accelerators.

The public names are imported when first used, so that the command line starts quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from accelsim.moved import install

__version__ = "0.1.0"

if TYPE_CHECKING:
    from accelsim.api import simulate, simulate_recurrent
    from accelsim.compression import Recipe, compress
    from accelsim.errors import AccelsimError
    from accelsim.machines import EieConfig, load_config, load_machine
    from accelsim.machines.eie.counters import Counters
    from accelsim.network import simulate_network
    from accelsim.records import BinaryPoints, CompressedLayer, Layer
    from accelsim.records.recurrent import RecurrentLayer
    from accelsim.records.result import RunResult
    from accelsim.shipped import data_folder
    from accelsim.workload import load_eie_simulator, load_layer

install()

_HOME = {
    "AccelsimError": "accelsim.errors",
    "BinaryPoints": "accelsim.records",
    "CompressedLayer": "accelsim.records",
    "Counters": "accelsim.machines.eie.counters",
    "EieConfig": "accelsim.machines",
    "Layer": "accelsim.records",
    "Recipe": "accelsim.compression",
    "RecurrentLayer": "accelsim.records.recurrent",
    "RunResult": "accelsim.records.result",
    "compress": "accelsim.compression",
    "data_folder": "accelsim.shipped",
    "load_config": "accelsim.machines",
    "load_eie_simulator": "accelsim.workload",
    "load_layer": "accelsim.workload",
    "load_machine": "accelsim.machines",
    "simulate": "accelsim.api",
    "simulate_network": "accelsim.network",
    "simulate_recurrent": "accelsim.api",
}

__all__ = [
    "AccelsimError", "BinaryPoints", "CompressedLayer", "Counters", "EieConfig", "Layer",
    "Recipe", "RecurrentLayer", "RunResult", "__version__", "compress", "data_folder",
    "load_config", "load_eie_simulator", "load_layer", "load_machine", "simulate",
    "simulate_network", "simulate_recurrent",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'accelsim' has no attribute '{name}'")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
