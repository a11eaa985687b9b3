"""Layers of whole networks on EIE under every lowering: cycles, and what of the PEs is useful.

Numbers are drawn at the published densities (dense where none is published), and each layer runs
on inputs of its own: times, not classes. Memories are unlimited, as in EIE's published tables;
weights for Winograd are pruned behind the transform.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from accelsim.compression import Recipe
from accelsim.errors import CapacityError, LoweringError
from accelsim.lowering.ways import WAYS
from accelsim.machines import get_machine, load_config
from accelsim.machines.network_alone import alone_job, alone_work
from accelsim.records import CompressedConv
from accelsim.workload.graph_networks import drawn_layer, layer_shapes

NETWORKS = ("alexnet", "vgg-16", "resnet-50", "squeezenet")
VECTOR = "vector"


@dataclass(frozen=True)
class LoweredLayer:
    """One layer of a network on one machine.

    Attributes
    ----------
    weights : of the layer, out x in / groups x kernel rows x kernel columns or outputs x inputs
    cycles : by lowering, or in a few words why there is none; of a matrix those of its vector
    macs : multiply-accumulates by lowering
    n_pe : of the machine
    """

    network: str
    layer: str
    weights: tuple[int, ...]
    cycles: Mapping[str, int | str]
    macs: Mapping[str, int] = field(repr=False)
    n_pe: int = 64

    @property
    def fastest(self) -> str:
        """The lowering of fewest cycles; of equal ones the first."""
        timed = {way: cycles for way, cycles in self.cycles.items() if isinstance(cycles, int)}
        return min(timed, key=timed.__getitem__)

    def utilisation(self, way: str) -> float:
        """Share of the PE-cycles with a multiply-accumulate."""
        cycles = self.cycles[way]
        assert isinstance(cycles, int)
        return self.macs[way] / (cycles * self.n_pe)

    @property
    def plain(self) -> str:
        """What the layer takes without a choice."""
        return VECTOR if VECTOR in self.cycles else WAYS[0]


def lowered_layers(
    network: str, layers: Iterable[str] | None = None, seed: int = 1,
    on_layer: Callable[[], object] = lambda: None,
) -> Iterator[LoweredLayer]:
    """Every layer of a network of the package, or some, drawn and run one after the other.

    Raises
    ------
    InputError
        If there is no such network.
    """
    for shape in layer_shapes(network):
        if layers is not None and shape.name not in layers:
            continue
        yield _lowered(network, drawn_layer(shape, network, seed), shape.shape)
        on_layer()


def _lowered(network: str, work: Any, weights: tuple[int, ...]) -> LoweredLayer:
    config, machine = load_config("eie", capacity="ignore"), get_machine("eie")
    packed = alone_work(work, Recipe(winograd="after"))
    cycles: dict[str, int | str] = {}
    macs: dict[str, int] = {}
    for way in WAYS if isinstance(packed, CompressedConv) else (VECTOR,):
        try:
            job = alone_job(machine, config, packed, work.activations,
                            WAYS[0] if way == VECTOR else way)
        except LoweringError as refused:
            cycles[way] = refused.short
            continue
        except CapacityError:
            cycles[way] = "does not fit"
            continue
        run = machine.run(config, job, outputs=False)
        cycles[way], macs[way] = int(run.counters.cycles), int(run.counters.macs.sum())
    return LoweredLayer(network, work.name, weights, cycles, macs, config.n_pe)


COLUMNS = ("layer", "weights", *WAYS, "fastest", "useful %: as im2col", "fastest")


def table_rows(layers: Iterable[LoweredLayer]) -> list[tuple[str, ...]]:
    """A row a layer in thousands of cycles, and their sum; `COLUMNS`."""
    rows, every = [], list(layers)
    for one in every:
        plain, best = one.plain, one.fastest
        told = {way: _thousands(one.cycles[way]) for way in one.cycles}
        rows.append((
            one.layer, " x ".join(map(str, one.weights)),
            *(told.get(way, told.get(VECTOR, "") if way == WAYS[0] else "") for way in WAYS),
            best, f"{100 * one.utilisation(plain):.1f}", f"{100 * one.utilisation(best):.1f}"))
    rows.append(("all", "", *(_total(every, way) for way in WAYS), _thousands(_sum(
        every, lambda one: one.fastest)), f"{100 * _useful(every, lambda one: one.plain):.1f}",
        f"{100 * _useful(every, lambda one: one.fastest):.1f}"))
    return rows


def _thousands(cycles: int | str) -> str:
    return f"{cycles / 1000:,.1f}" if isinstance(cycles, int) else cycles


def _sum(layers: list[LoweredLayer], way: Callable[[LoweredLayer], str]) -> int:
    return sum(int(one.cycles[way(one)]) for one in layers)


def _total(layers: list[LoweredLayer], way: str) -> str:
    """Of a lowering that every convolution has; empty for another."""
    own = [one.cycles.get(way, one.cycles.get(VECTOR)) for one in layers]
    return "" if any(isinstance(c, str) for c in own) else _thousands(
        sum(c for c in own if isinstance(c, int)))


def _useful(layers: list[LoweredLayer], way: Callable[[LoweredLayer], str]) -> float:
    return sum(one.macs[way(one)] for one in layers) / (_sum(layers, way) * layers[0].n_pe)
