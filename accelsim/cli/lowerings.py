"""``accelsim published networks --by-lowering``: layers of whole networks, every lowering tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accelsim import __version__
from accelsim.cli.common import console, print_csv, print_json, progress, table


def show_lowerings(networks: Sequence[str], seed: int, as_json: bool, as_csv: bool) -> None:
    """A table a network: thousands of cycles by lowering, and useful PE-cycles."""
    from accelsim.errors import InputError, nearest
    from accelsim.papers.lowerings import COLUMNS, NETWORKS, lowered_layers, table_rows
    from accelsim.workload.graph_networks import layer_shapes

    for name in networks:
        if name not in NETWORKS:
            raise InputError(f"--by-lowering {name}: no such network{nearest(name, NETWORKS)}")
    found = {}
    for name in dict.fromkeys(networks):
        with progress(f"running {name}", len(layer_shapes(name))) as advance:
            found[name] = list(lowered_layers(name, None, seed, advance))
    if as_json:
        print_json({"accelsim": __version__, "seed": seed, "networks": {
            name: [_record(one) for one in layers] for name, layers in found.items()}})
        return
    if as_csv:
        print_csv([{"network": name, **_flat(one)} for name, layers in found.items()
                   for one in layers])
        return
    for name, layers in found.items():
        title = f"{name} on EIE, 64 PEs: thousands of cycles by lowering, useful PE-cycles"
        console().print(table(title, COLUMNS, table_rows(layers)))


def _record(one: Any) -> dict[str, Any]:
    return {"layer": one.layer, "weights": list(one.weights), "cycles": dict(one.cycles),
            "macs": dict(one.macs), "fastest": one.fastest,
            "utilisation": {way: one.utilisation(way) for way in one.macs}}


def _flat(one: Any) -> dict[str, Any]:
    own = _record(one)
    return {"layer": one.layer, "fastest": one.fastest,
            **{f"{way} cycles": cycles for way, cycles in own["cycles"].items()},
            **{f"{way} utilisation": share for way, share in own["utilisation"].items()}}
