"""The points of a study, made as they are needed: a study of any size takes no memory.

A stream is all points of one compressed layer. It gives chunks, the units of work that travel to
a worker: points of one memory image travel together, those of one line width next to each other,
because engines keep what they derive from either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, product
from typing import Any

import numpy as np
from pydantic import BaseModel

from accelsim import __version__
from accelsim.machines import get_machine, load_machine
from accelsim.machines.plugins import PREFIX as PLUGIN
from accelsim.machines.plugins import Plugin, plugins
from accelsim.machines.registry import widened
from accelsim.records.fit import WORDS
from accelsim.study.axes import Axis, Scalar
from accelsim.study.definition import Study
from accelsim.study.metrics import Metric, metrics_named, travelling
from accelsim.study.recipes import PREFIX, full_recipe, needs_n_pe, shared_bits
from accelsim.study.workloads import AnyWorkload, find_workloads

MAX_CHUNK_POINTS = 512

Settings = dict[str, Scalar]
Values = tuple[Scalar, ...]


@dataclass(frozen=True)
class Point:
    """One machine for one compressed layer: what differs from the published machine."""

    digest: bytes
    overrides: Settings


@dataclass(frozen=True)
class Chunk:
    """Points of one compressed layer that a worker runs in one go.

    ``plugins`` are loaded first: the machine may be of one, and metrics that are names are.
    ``sized_to`` are the workloads that a design runs on, where its sizes follow them.
    """

    workload: AnyWorkload
    recipe: dict[str, Any]
    base: dict[str, Any]
    engine: str
    metrics: tuple[Metric | str, ...]
    version: str
    points: tuple[Point, ...]
    plugins: tuple[Plugin, ...] = ()
    sized_to: tuple[AnyWorkload, ...] = ()


@dataclass(eq=False)
class Stream:
    """All points of one compressed layer."""

    workload: AnyWorkload
    recipe: dict[str, Any]
    groups: Iterator[tuple[Point, ...]]


class Plan:
    """A study with its layers found and its values checked.

    Parameters
    ----------
    designs : values of all axes by name, in place of the study's own grid or sample

    Attributes
    ----------
    base : the published machine's values; points say what differs from them
    values : the study's machine before any axis
    n_designs : machines and recipes; each runs on every workload
    """

    def __init__(
        self, study: Study, designs: Sequence[Mapping[str, Scalar]] | None = None
    ) -> None:
        self.study = study
        self.workloads = find_workloads(study)
        config = study.base_config()
        self.machine = get_machine(config.machine)
        self.metrics = metrics_named(study.metrics, config.machine)
        self.engine = self.machine.check_engine(study.engine)
        self.plugins = taking_part(config.machine)
        self.model: type[BaseModel] = type(config)
        self.base: dict[str, Any] = load_machine(config.machine).model_dump()
        self.values: dict[str, Any] = config.model_dump()
        self.recipe: dict[str, Any] = dict(self.machine.recipe) | {
            key.removeprefix(PREFIX): v for key, v in study.fixed.items() if key.startswith(PREFIX)
        }
        axis = study.axes.get(f"{PREFIX}pattern")
        patterns = axis.values if axis is not None else (self.recipe.get("pattern"),)
        # Axes by which a design needs another compressed layer, and their number.
        self.shared = shared_bits(self.model.model_fields)
        outer = {key for key in study.axes if key.startswith(PREFIX) or key in self.shared}
        if "n_pe" in study.axes and any(map(needs_n_pe, patterns)):
            outer.add("n_pe")
        self.n_outer = len(outer)
        self.keys = sorted(study.axes, key=lambda key: (key not in outer, self._rank(key), key))
        self._axes = [study.axes[key] for key in self.keys]
        every = (*self.values.values(), *(v for axis in self._axes for v in axis.values))
        self.sized_to = self.workloads if _has_words(every) else ()
        self._designs: list[Values] | None = None
        if designs is not None:
            chosen = {tuple(design[key] for key in self.keys) for design in designs}
            # Those of one compressed layer and of one memory image next to each other.
            self._designs = sorted(chosen, key=lambda values: [repr(value) for value in values])
        elif study.sampling != "grid":
            self._designs = _sample(study, self._axes)

    @property
    def n_designs(self) -> int:
        """Designs of the grid, or distinct samples."""
        if self._designs is not None:
            return len(self._designs)
        count = 1
        for axis in self._axes:
            count *= len(axis.values)
        return count

    def __len__(self) -> int:
        return self.n_designs * len(self.workloads)

    def streams(self) -> Iterator[Stream]:
        """The work, layer by layer."""
        for workload in self.workloads:
            for outer, designs in self._by_layer():
                recipe = self.recipe_of(dict(zip(self.keys, outer, strict=False)))
                yield Stream(workload, recipe, self._groups(workload, recipe, designs))

    def chunk(self, stream: Stream, points: Iterable[Point]) -> Chunk:
        """Points of a stream as a unit of work."""
        return Chunk(stream.workload, stream.recipe, self.base, self.engine,
                     tuple(map(travelling, self.metrics)), __version__, tuple(points), plugins(),
                     self.sized_to)

    def settings(self, values: Values) -> Settings:
        """Parameters of a design by name, floats where the machine has floats."""
        return {
            key: value if key.startswith(PREFIX) else widened(self.model, key, value)
            for key, value in zip(self.keys, values, strict=True)
        }

    def recipe_of(self, settings: Mapping[str, Scalar]) -> dict[str, Any]:
        """Every setting of the compression; the widths are the machine's."""
        own = {k.removeprefix(PREFIX): v for k, v in settings.items() if k.startswith(PREFIX)}
        widths = {key: settings.get(key, self.values[key]) for key in self.shared}
        n_pe = int(settings.get("n_pe", self.values["n_pe"]))
        return full_recipe({**self.recipe, **own, **widths}, n_pe)

    def point(self, workload: AnyWorkload, recipe: dict[str, Any], settings: Settings) -> Point:
        """A design on one workload."""
        own = {k: v for k, v in settings.items() if not k.startswith(PREFIX)}
        config = {**self.values, **own}
        overrides = {k: v for k, v in config.items() if v != self.base[k]}
        follows = self.sized_to if self.sized_to and _has_words(config.values()) else ()
        return Point(point_digest(config, workload, recipe, self.plugins, follows), overrides)

    def points_of(self, design: Mapping[str, Scalar]) -> list[Point]:
        """The points of one design, one for each workload."""
        settings = self.settings(tuple(design[key] for key in self.keys))
        recipe = self.recipe_of(settings)
        return [self.point(workload, recipe, settings) for workload in self.workloads]

    def _rank(self, key: str) -> int:
        """Place among the machine's ``rebuilds``: 0 needs another memory image; the last is free.
        """
        ranks = (rank for rank, keys in enumerate(self.machine.rebuilds) if key in keys)
        return next(ranks, len(self.machine.rebuilds))

    def _by_layer(self) -> Iterator[tuple[Values, Iterator[Values]]]:
        """Designs that share a compressed layer: what they share, and all values of each."""
        if self._designs is None:
            for outer in product(*(axis.values for axis in self._axes[:self.n_outer])):
                yield outer, self._inner(outer)
            return
        for outer, designs in groupby(self._designs, key=lambda values: values[:self.n_outer]):
            yield outer, iter(list(designs))

    def _inner(self, outer: Values) -> Iterator[Values]:
        for inner in product(*(axis.values for axis in self._axes[len(outer):])):
            yield outer + inner

    def _groups(
        self, workload: AnyWorkload, recipe: dict[str, Any], designs: Iterator[Values]
    ) -> Iterator[tuple[Point, ...]]:
        """Points of one memory image each; very many of them in parts."""
        n_image = sum(self._rank(key) == 0 for key in self.keys[self.n_outer:]) + self.n_outer
        for _, same_image in groupby(designs, key=lambda values: values[:n_image]):
            while part := tuple(islice(same_image, MAX_CHUNK_POINTS)):
                yield tuple(self.point(workload, recipe, self.settings(v)) for v in part)


def _has_words(values: Iterable[Any]) -> bool:
    return any(isinstance(value, str) and value in WORDS for value in values)


def point_digest(
    config: Mapping[str, Any], workload: AnyWorkload, recipe: Mapping[str, Any],
    plugged: Sequence[Plugin] = (), sized_to: Sequence[AnyWorkload] = (),
) -> bytes:
    """Identity of a point: 16 bytes of SHA-256 over everything that determines its result.

    The configuration, the workload's own digest and seed, the recipe, the version of accelsim, the
    texts of the plug-ins that take part, and the workloads that its sizes follow. Not the engine:
    engines agree exactly.
    """
    identity = {
        "accelsim": __version__, "config": config, "recipe": recipe,
        "workload": workload.digest, "seed": workload.seed,
        **({"plugins": [plugin.sha256 for plugin in plugged]} if plugged else {}),
        **({"sized_to": [[w.digest, w.seed] for w in sized_to]} if sized_to else {}),
    }
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()[:16]


def taking_part(machine: str) -> tuple[Plugin, ...]:
    """The plug-in that brought a machine, and those that it names: their modules or machines."""
    loaded = plugins()
    chosen = [plugin for plugin in loaded if machine in plugin.machines]
    for plugin in chosen:  # grows while it is read
        chosen += [other for other in loaded if other not in chosen and _names(plugin, other)]
    return tuple(sorted(chosen, key=lambda plugin: plugin.name))


def _names(plugin: Plugin, other: Plugin) -> bool:
    quoted = [f"{mark}{name}{mark}" for name in other.machines for mark in "\"'"]
    return any(text in plugin.text for text in (PLUGIN + other.name, *quoted))


def _sample(study: Study, axes: list[Axis]) -> list[Values]:
    """Distinct designs in the order of the axes, so that like ones are neighbours."""
    wanted = int(study.n or 0)
    rng = np.random.default_rng(study.seed)
    if study.sampling == "sobol" and axes:
        from scipy.stats import qmc  # takes a second to import

        # Sobol' points are balanced in powers of two; the sequence's beginning is taken.
        engine = qmc.Sobol(len(axes), scramble=True, rng=rng)
        shares = engine.random_base2(max(wanted - 1, 0).bit_length())[:wanted]
    else:
        shares = rng.random((wanted, len(axes)))
    for column, axis in enumerate(axes):
        if axis.span is None:
            # The middle of the value's share, so that the value comes back exactly.
            n = len(axis.values)
            shares[:, column] = (np.floor(shares[:, column] * n) + 0.5) / n
    return [
        tuple(axis.at(u) for axis, u in zip(axes, row, strict=True))
        for row in np.unique(shares, axis=0).tolist()
    ]
