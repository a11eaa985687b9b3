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
    from accelsim.errors import AccelsimError, LossWarning
    from accelsim.machines import EieConfig, load_config, load_machine
    from accelsim.machines.eie.counters import Counters
    from accelsim.network import simulate_network
    from accelsim.records import (
        BinaryPoints,
        CompressedConv,
        CompressedLayer,
        Conv2d,
        Layer,
        Loss,
    )
    from accelsim.records.network import Network
    from accelsim.records.network_result import NetworkResult
    from accelsim.records.recurrent import RecurrentLayer
    from accelsim.records.result import RunResult
    from accelsim.shipped import data_folder
    from accelsim.sources import load_network
    from accelsim.workload import load_eie_simulator, load_layer

install()

_HOME = {
    "AccelsimError": "accelsim.errors",
    "BinaryPoints": "accelsim.records",
    "CompressedConv": "accelsim.records",
    "CompressedLayer": "accelsim.records",
    "Conv2d": "accelsim.records",
    "Counters": "accelsim.machines.eie.counters",
    "EieConfig": "accelsim.machines",
    "Layer": "accelsim.records",
    "Loss": "accelsim.records",
    "LossWarning": "accelsim.errors",
    "Recipe": "accelsim.compression",
    "RecurrentLayer": "accelsim.records.recurrent",
    "Network": "accelsim.records.network",
    "NetworkResult": "accelsim.records.network_result",
    "RunResult": "accelsim.records.result",
    "compress": "accelsim.compression",
    "data_folder": "accelsim.shipped",
    "load_config": "accelsim.machines",
    "load_eie_simulator": "accelsim.workload",
    "load_layer": "accelsim.workload",
    "load_machine": "accelsim.machines",
    "load_network": "accelsim.sources",
    "simulate": "accelsim.api",
    "simulate_network": "accelsim.network",
    "simulate_recurrent": "accelsim.api",
}

__all__ = [
    "AccelsimError", "BinaryPoints", "CompressedConv", "CompressedLayer", "Conv2d", "Counters",
    "EieConfig", "Layer", "Loss", "LossWarning", "Network", "NetworkResult", "Recipe",
    "RecurrentLayer", "RunResult", "__version__", "compress", "data_folder",
    "load_config", "load_eie_simulator", "load_layer", "load_machine", "load_network", "simulate",
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
