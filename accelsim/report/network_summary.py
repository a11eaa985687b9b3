"""A network's result as rows and as one object."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

from accelsim import __version__
from accelsim.records.network_result import NetworkResult
from accelsim.report.energy_summary import energy_object
from accelsim.report.summary import layer_row, limits_object

_TOP = 5


def network_rows(result: NetworkResult, energy: bool = False) -> list[dict[str, Any]]:
    """A row a layer, in order: what `layer_row` says, vectors, lowering, and share of the cycles.
    """
    rows = []
    for name, own in result.layers.items():
        row = {**layer_row(own, energy), "layer": name, "lowering": own.lowering or "vector",
               "vectors": own.n_vectors}
        if own.tried:
            row["tried"] = dict(own.tried)
        if own.counters is not None:
            row["share_percent"] = 100 * own.cycles / result.cycles
        rows.append(row)
    return rows


def _layers(result: NetworkResult, energy: bool) -> list[dict[str, Any]]:
    """The rows, with energies by module and by cause where they are asked for."""
    rows = network_rows(result, energy)
    if not energy:
        return rows
    return [row | {"energy": energy_object(own)}
            for row, own in zip(rows, result.layers.values(), strict=True)]


def host_rows(result: NetworkResult) -> list[dict[str, Any]]:
    """What ran off the array, a row a node."""
    return [{"node": work.name, "kind": work.kind, "operations": work.operations,
             "bytes": work.bytes} for work in result.host]


def classes(result: NetworkResult) -> list[list[tuple[int, float]]]:
    """Of each image the largest results and their places, the largest first."""
    flat = result.values.reshape(result.n_images, -1)
    return [[(int(at), float(row[at])) for at in np.argsort(-row, kind="stable")[:_TOP]]
            for row in flat]


def network_object(result: NetworkResult, energy: bool, seed: int) -> dict[str, Any]:
    """Everything, as plain values."""
    found: dict[str, Any] = {
        "accelsim": __version__, "network": result.name, "engine": result.engine,
        "machine": result.config.machine, "n_pe": result.config.n_pe, "seed": seed,
        "config": result.config.model_dump() if isinstance(result.config, BaseModel) else {},
        "images": result.n_images, "layers": _layers(result, energy), "total": {},
        "host": host_rows(result), "largest": classes(result), "notes": list(result.notes),
        "losses": [loss.as_dict() for own in result.layers.values() for loss in own.losses],
    }
    if all(own.counters is not None for own in result.layers.values()):
        found |= {"cycles": result.cycles, "time_us": result.time_us,
                  "theoretical_us": result.theoretical_us, "load_balance": result.load_balance,
                  "macs": result.macs}
        found["total"] = _total(result)
        if energy:
            found["energy_uj"] = result.energy.total_uj
        found["total"] |= {"total_uj": result.energy.total_uj} if energy else {}
    return found | limits_object(result)


def _total(result: NetworkResult) -> dict[str, Any]:
    """All layers together, as `accelsim.report.summary.run_object` has it."""
    timed = [own.timed for own in result.layers.values()]
    every = [own.operations for own in result.layers.values()]
    told = {key: sum(one[key] for one in every) for key in every[0]
            if all(key in one for one in every)}
    return told | {
        "cycles": result.cycles, "time_us": result.time_us,
        "theoretical_us": result.theoretical_us, "load_balance": result.load_balance,
        "counters": type(timed[0]).added(timed).totals()}
