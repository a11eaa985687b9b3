"""Networks and their layers for the views: opened, compressed, calibrated and run up to a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accelsim.cli.common import progress
from accelsim.cli.losses import tell

if TYPE_CHECKING:
    from accelsim.compression import Recipe
    from accelsim.inside.network import NetworkExplanation
    from accelsim.lowering.ways import Lowering
    from accelsim.records.job import Job
    from accelsim.records.network import Network, Node
    from accelsim.records.result import RunResult


CountOption = Annotated[
    int, typer.Option(min=1, help="How many images of --inputs a network runs on.")
]


@dataclass(frozen=True)
class GraphAsked:
    """What the command line says of a network.

    Attributes
    ----------
    network : the graph, where the source has the numbers alone
    layer : of the network; None is all of it
    alone : whether the layer runs without those before it
    """

    source: str
    network: str | None = None
    layer: str | None = None
    photos: Sequence[Path] = ()
    inputs: Path | None = None
    count: int = 1
    fit: bool = False
    lowering: Lowering = None
    alone: bool = False
    density: float | None = None
    seed: int = 1
    winograd: str | None = None
    pattern: str | None = None

    def opened(self, config: Any) -> Network:
        """The network, of which the machine takes every layer."""
        from accelsim.sources import open_network
        from accelsim.sources.networks import check_takes

        found = open_network(self.source, self.network, self.seed,
                             None if self.layer and self.alone else self.inputs)
        check_takes(config, found)
        return found

    def recipe(self, config: Any) -> Recipe:
        """Of the machine's widths."""
        from accelsim.cli.frontend import make_recipe

        density, pattern = graph_pattern(self.pattern, self.density, config.n_pe)
        return make_recipe(density, None, config.weight_bits, config.index_bits, "linear",
                           winograd=self.winograd, **pattern)

    @property
    def gives_inputs(self) -> bool:
        """Whether there are photos or a file."""
        return bool(self.photos) or self.inputs is not None


def asked_graph(
    source: str, network: str | None, layer: str | None, photos: Sequence[Path] | None,
    inputs: Path | None, count: int, fit: bool, lowering: str | None, alone: bool,
    density: float | None,
    seed: int, activation_density: float | None, fixed_point: bool, winograd: str | None = None,
    pattern: str | None = None,
) -> GraphAsked | None:
    """What is asked of a network; None where the source names layers in sequence."""
    from accelsim.errors import InputError
    from accelsim.lowering.ways import parse_lowering
    from accelsim.sources import names_network
    from accelsim.sources.networks import network_place

    place, at = network_place(source, layer)
    if not names_network(place, network, None if at is None else [at]):
        if photos or fit:
            raise InputError(f"{source}: no graph that reads photos; name one (--network), or give "
                             f"vectors (--inputs)")
        refuse_convolutions(source, lowering, winograd)
        return None
    for option, given in (("--activation-density", activation_density is not None),
                          ("--inputs-fixed-point", fixed_point)):
        if given:
            raise InputError(f"{place}: a network, which runs on images of real numbers; leave "
                             f"{option} out")
    return GraphAsked(place, network, at, tuple(photos or ()), inputs, count, fit,
                      parse_lowering(lowering), alone, density, seed, winograd, pattern)


def graph_pattern(
    pattern: str | None, density: float | None, n_pe: int
) -> tuple[float | None, dict[str, Any]]:
    """The density and more settings of a recipe that prunes every layer of a network.

    Raises
    ------
    InputError
        If there is no such pattern or density, or the pattern is another one for each layer.
    """
    from accelsim.compression.pattern_choice import usual_parameters
    from accelsim.errors import InputError

    if pattern is None:
        return density, {}
    if density is None:
        raise InputError(f"--pattern {pattern}: needs the share of the weights that stays; give "
                         f"--density")
    own = usual_parameters(pattern, density, n_pe, 1)
    if pattern == "bank_balanced":
        raise InputError("--pattern bank_balanced: the number of banks is each layer's own; "
                         "compress the network with --pattern-set n_banks=N and --layer-set first")
    return own.pop("density", None), {"pattern": pattern, "pattern_parameters": own}


def refuse_convolutions(source: str, lowering: str | None, winograd: str | None) -> None:
    """Raise InputError for what is asked of convolutions where there are none."""
    from accelsim.errors import InputError
    from accelsim.lowering.ways import DEFAULT

    for option, asked in (("--lowering", lowering not in (None, DEFAULT)),
                          ("--winograd", winograd is not None)):
        if asked:
            raise InputError(f"{source}: {option} is for convolutions of a network")


def graph_or_cells(
    config: Any, source: str, network: str | None, layer: str | None, *options: Any
) -> GraphAsked | None:
    """As `asked_graph`; None too where the machine takes the recurrent layers that are named."""
    from accelsim.sources import means_cells

    if network is None and means_cells(config, source, None if layer is None else [layer]):
        return None
    return asked_graph(source, network, layer, *options)


@dataclass(frozen=True, eq=False)
class PreparedNode:
    """A layer of a network with its job; as `accelsim.cli.works.Prepared`.

    Attributes
    ----------
    jobs : one of a convolution, one an image of a matrix
    before : layers that have run first
    note : how it got its inputs, where no layer has run first
    """

    config: Any
    work: Any
    jobs: tuple[Job, ...]
    before: list[str]
    note: str = ""

    @property
    def behind(self) -> str:
        """How the layer got its inputs, for people."""
        if self.before:
            return (f"{self.work.name} runs behind {', '.join(self.before)}; --alone runs it alone")
        return self.note

    def job(self, index: int | None = None) -> Job:
        """All vectors of it, of the first image where it is a matrix; what it lost is told."""
        tell(self.jobs[0].losses)
        return self.jobs[0]

    def vector_job(self, index: int) -> Job:
        """One vector: a pixel of a convolution's outputs, an image of a matrix."""
        tell(self.jobs[0].losses)
        if len(self.jobs) == 1:
            return self.jobs[0].vector_job(index)
        from accelsim.errors import InputError

        if index >= len(self.jobs):
            raise InputError(f"{self.work.name}: vector is {index}; there are 0 to "
                             f"{len(self.jobs) - 1}")
        return self.jobs[index]


def prepared_node(config: Any, asked: GraphAsked) -> PreparedNode:
    """The layer that is asked for, behind those before it, or alone.

    It runs alone if asked to, if the inputs have its shape and not the network's, or if there are
    none and it brings its own.
    """
    from accelsim.compression.network import calibrated_network
    from accelsim.machines import machine_of
    from accelsim.machines.network_alone import alone_job, alone_work
    from accelsim.machines.network_run import fitted_to, lowerings, run_network
    from accelsim.sources import network_inputs

    assert asked.layer is not None
    machine = machine_of(config)
    network = asked.opened(config).up_to(asked.layer)
    node = next(node for node in network.nodes if node.name == asked.layer)
    if not asked.gives_inputs:
        packed = alone_work(node.work, asked.recipe(config))
        size = network.shapes()[node.inputs[0]][1:]
        config = machine.fitted(config, [packed], [(size[0], size[1]) if len(size) == 2 else None])
        way = lowerings(network, asked.lowering)[node.name]
        job = alone_job(machine, config, packed, node.work.activations, way)
        return PreparedNode(config, packed, (job,), [],
                            f"{node.name} runs on inputs of its own, drawn at their density")
    own = as_network(network, node)
    if asked.inputs is not None and (asked.alone or _fits_alone(asked.inputs, network, own)):
        network = own
    elif asked.alone:
        from accelsim.errors import InputError

        raise InputError(f"{node.name}: --alone takes inputs of its own shape, "
                         f"{own.input_shape}, from a file (--inputs), not photos")
    images = network_inputs(network, list(asked.photos), asked.inputs, asked.count, asked.fit)
    whole = calibrated_network(network, asked.recipe(config), images)
    config = fitted_to(machine, config, whole)
    last: list[tuple[Node, list[Job]]] = []

    def keep(node: Node, jobs: list[Job], result: RunResult) -> None:
        last[:] = [(node, jobs)]

    with progress("simulating", len(whole.nodes)) as advance:
        run_network(machine, config, whole, images, _quickest(machine), asked.lowering,
                    lambda node: advance(), keep)
    before = [node.name for node in network.nodes if not node.on_host][:-1]
    return PreparedNode(config, last[0][0].work, tuple(last[0][1]), before)


def explained_network(config: Any, asked: GraphAsked) -> NetworkExplanation:
    """Every layer of a network, run on the images that are given or on inputs of its own."""
    from accelsim.compression.network import calibrated_network
    from accelsim.errors import InputError
    from accelsim.machines import machine_of
    from accelsim.machines.network_alone import brings_inputs
    from accelsim.machines.network_explain import explain_network
    from accelsim.sources import network_inputs
    from accelsim.sources.networks import with_count

    if asked.alone:
        raise InputError(f"{asked.source}: --alone is for one layer; name it with -l")
    network, recipe, images = asked.opened(config), asked.recipe(config), None
    if asked.gives_inputs or not brings_inputs(network):
        images = network_inputs(network, list(asked.photos), asked.inputs, asked.count, asked.fit)
        network = calibrated_network(
            with_count(network, asked.inputs, asked.count), recipe, images)
    with progress("simulating", len(network.nodes)) as advance:
        found = explain_network(machine_of(config), config, network, images, recipe,
                                asked.lowering, lambda node: advance())
    tell(loss for own in found.result.layers.values() for loss in own.losses)
    return found


def _quickest(machine: Any) -> str:
    """The telling that gives values soonest."""
    return "fast" if "fast" in machine.tellings else "functional"


def as_network(network: Network, node: Node) -> Network:
    """A layer as a network of its own."""
    from accelsim.records.network import INPUT, Network, Node

    (reads,) = node.inputs
    return Network(nodes=(Node(node.name, node.work, (INPUT,)),), name=network.name,
                   input_shape=network.shapes()[reads])


def _fits_alone(inputs: Path, network: Network, own: Network) -> bool:
    """Whether a file's inputs have the layer's shape and not the network's."""
    from accelsim.sources.inputs import read_npy

    if inputs.suffix.lower() != ".npy" or network.input_shape == own.input_shape:
        return False
    shape = read_npy(inputs).shape
    shapes = shape, shape[1:]
    return own.input_shape in shapes and network.input_shape not in shapes
