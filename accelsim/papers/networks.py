"""Whole networks: operations left by layer beside the published tables, and ideal times on EIE."""

from __future__ import annotations

from math import prod

from accelsim.machines import load_config
from accelsim.papers.comparison import Comparison, Published
from accelsim.papers.facts import grids
from accelsim.workload.graph_file import LayerShape
from accelsim.workload.graph_networks import layer_shapes

TABLES = ("alexnet", "vgg-16")
"""Networks whose operations left are printed layer by layer; of ResNet-50 the densities are."""


def networks(seed: int = 1) -> Published:
    """Operations and densities of the packaged graphs beside the printed ones; ``seed`` draws
    nothing here."""
    facts = grids()
    tables: list[Comparison] = [
        facts[f"networks-{name}"].beside(
            name, "layer", {shape.name: _row(shape) for shape in layer_shapes(name)})
        for name in TABLES]
    ideal = {name: {"ideal": ideal_ms(name)} for name in (*TABLES, "resnet-50")}
    tables.append(facts["networks-ideal"].beside("Ideal time", "network", ideal))
    return Published("networks", "Whole networks: operations left, ideal time", tuple(tables), (
        "Operations left are the weights' density times the activations' of the layer before; all "
        "printed densities are whole percent.",
        "Ideal: every multiplication left, one a cycle in each of EIE's 64 PEs at 800 MHz. No "
        "padding, imbalance, start, load, drain or store: what `accelsim simulate NAME "
        "--lowering auto` adds.",
        "Published ideal times are derived from the rounded table, ours from the graph's shapes.",
    ))


def products(shape: LayerShape) -> int:
    """Multiplications of a dense layer."""
    if shape.geometry is None:
        return prod(shape.shape)
    return prod(shape.shape) * prod(shape.geometry.output_size(*shape.input_shape[1:]))


def left(shape: LayerShape) -> float:
    """Share of the multiplications whose weight and activation are not zero."""
    weights = 1.0 if shape.weight_density is None else shape.weight_density
    return weights * (1.0 if shape.input_density is None else shape.input_density)


def ideal_ms(name: str) -> float:
    """All multiplications left of a network, one a cycle in each PE of the published EIE."""
    config = load_config("eie")
    macs = sum(products(shape) * left(shape) for shape in layer_shapes(name))
    return macs / config.n_pe / config.clock_mhz / 1000


def _row(shape: LayerShape) -> dict[str, float]:
    row = {"flop": 2 * products(shape) / 1e6, "flop_left": 100 * left(shape)}
    if shape.weight_density is not None:
        row["weight_density"] = 100 * shape.weight_density
    if shape.activation_density is not None:
        row["activation_density"] = 100 * shape.activation_density
    return row
