"""One record per machine: all that the rest of the package knows about it.

A machine is a folder (or a plug-in file) that ends in a `Machine`. Its parts are objects, or
``"module:name"`` texts that are imported when first used, so that listing machines is cheap.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast, get_args

from pydantic import BaseModel

from accelsim.errors import ConfigError, InputError, UnsupportedError, nearest
from accelsim.fixedpoint import bounds, dequantise
from accelsim.machines.fitting import check_options, check_sized, sized
from accelsim.numeric import real_numbers, real_values
from accelsim.records.counters import CounterSet
from accelsim.records.job import Given, Job
from accelsim.records.lineage import check_runnable
from accelsim.records.losses import of_saturations
from accelsim.records.result import JobResult, RunResult
from accelsim.records.shown import Short

Part = Callable[..., Any] | str
"""A function or class, or the ``"module:name"`` of one."""

ENGINES = ("functional", "reference", "fast")
"""Tellings of a machine: values without time; cycle by cycle; in closed form. All agree."""


def _one_a_pe(config: Any) -> int:
    return int(config.n_pe)


@dataclass(frozen=True, eq=False)
class Machine(Short):
    """A machine: what it is, what it takes, how it is told, counted, priced and looked into.

    Attributes
    ----------
    config : pydantic model with ``n_pe`` and ``clock_mhz``; its field ``machine: Literal["name"]``
        is the machine's name, every field has a description
    config_file : TOML with every value, and its source in the comment behind it; a file, or the
        text itself where a plug-in is one file
    takes : classes of work, `CompressedLayer`, `RecurrentLayer` ...
    make_job : ``(config, work, inputs, **options)`` to a `Job`: all integers and images, once;
        inputs are floats, or with the option ``fixed_point=True``, which a machine may leave out,
        fixed-point integers
    tellings : engine to ``run(config, job, outputs=True)``, which gives a `JobResult`; a reference
        also takes ``observer=``, called as ``observer.cycle(t, array)`` in every cycle, and
        ``shuffle=``, a `random.Random` that puts its processes into another order
    counters : the `CounterSet` class with the conservation laws
    lanes : multiplications that a configuration can start in a cycle (of one channel)
    price : ``(config, counters, n_channels=1)`` to an `accelsim.energy.EnergyReport`
    limits : ``(config, job, counters)`` to `accelsim.records.limits.Limit` records: what keeps the
        configured machine from being built; counters are None where a telling has no time. Without
        it a result does not say whether it is feasible
    fit : ``(config, words, works)`` to values for the parameters that are "fit" or "fit_all"
        (`accelsim.records.fit`), sized to all of the works
    explain : ``(machine, config, work, job, result)`` to an `accelsim.inside.explain.Details`:
        what the machine itself can say beyond its counters' states
    chain : ``(config, works, inputs)`` to an `accelsim.machines.chain.Chain`: how work in sequence
        passes its values on; None passes real numbers
    remedies : ``(config, work, job, result)`` to `accelsim.inside.explain.Change` records that may
        help; each is run
    watch : ``(config, job, first, last, observer)``: show a window of cycles to an observer and
        return how many were shown; None runs the reference from its start
    tracks : ``(config, job, pes)`` to an `accelsim.inside.tracks.View` of the reference
    requests : ``(config, job)`` to the byte addresses that are asked of DRAM, in order
    metrics : numbers that studies keep of this machine alone
    rtl : the Verilog's parameters, images and expected traces
    cases : ``(rng)`` to (overrides, work, inputs): small ones for `accelsim.contracts`
    recipe : compression settings that the machine's work needs, where they are not the defaults
    rebuilds : parameters whose change costs more than a run, the dearest first: those that need
        another memory image, then those that need other lines of it; sweeps vary them outermost
    replaces : of a variant: rules of the contract and laws that it changes, in words
    """

    config: type[BaseModel]
    config_file: Traversable | Path | str
    takes: tuple[type, ...] = ()
    make_job: Part | None = None
    tellings: Mapping[str, Part] = field(default_factory=dict)
    counters: Part | None = None
    lanes: Callable[[Any], int] = _one_a_pe
    price: Part | None = None
    limits: Part | None = None
    fit: Part | None = None
    explain: Part | None = None
    remedies: Part | None = None
    chain: Part | None = None
    watch: Part | None = None
    tracks: Part | None = None
    requests: Part | None = None
    metrics: Part | None = None
    rtl: Part | None = None
    cases: Part | None = None
    recipe: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    rebuilds: tuple[tuple[str, ...], ...] = (("n_pe",),)
    replaces: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        said = self.config.model_fields.get("machine")
        names = get_args(said.annotation) if said is not None else ()
        if len(names) != 1 or not isinstance(names[0], str):
            raise ConfigError(f'{self.config.__name__}: needs a field machine: Literal["name"]')
        for engine in self.tellings:
            if engine not in ENGINES:
                raise ConfigError(f"{names[0]}: a telling is called '{engine}'; "
                                  f"need one of {', '.join(ENGINES)}")

    @property
    def name(self) -> str:
        """What configurations and the command line call it."""
        return str(get_args(self.config.model_fields["machine"].annotation)[0])

    @property
    def config_text(self) -> str:
        """The TOML of the published machine.

        Raises
        ------
        ConfigError
            If the file cannot be read.
        """
        if isinstance(self.config_file, str):
            return self.config_file
        try:
            return self.config_file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else "not UTF-8 TOML text"
            raise ConfigError(f"{self.config_file}: cannot be read: {reason}") from None

    def part(self, name: str) -> Any:
        """One of the parts, imported when first asked for.

        Raises
        ------
        UnsupportedError
            If the machine has no such part.
        """
        value = getattr(self, name)
        if value is None:
            raise UnsupportedError(f"{self.name}: this machine has no '{name}'; it is a part of "
                                   f"its Machine record (accelsim.machines.base)")
        return _resolved(value)

    @property
    def default_engine(self) -> str:
        """The quickest telling with time."""
        for engine in ("fast", "reference"):
            if engine in self.tellings:
                return engine
        raise UnsupportedError(f"{self.name}: no telling with time; it is a configuration only")

    def check_engine(self, engine: str | None) -> str:
        """The engine's name, the default for None.

        Raises
        ------
        InputError
            If there is no such engine.
        UnsupportedError
            If this machine is not told by it.
        """
        if engine is None:
            return self.default_engine
        if engine in self.tellings:
            return engine
        if engine in ENGINES:
            raise UnsupportedError(f"{self.name}: not told by engine '{engine}'; use "
                                   f"{' or '.join(self.tellings) or 'another machine'}")
        raise InputError(f"no engine '{engine}'{nearest(engine, self.tellings)}")

    def telling(self, engine: str) -> Callable[..., JobResult]:
        """The engine's ``run``; imports Numba or SimPy where it is the first."""
        return cast(Callable[..., JobResult], _resolved(self.tellings[self.check_engine(engine)]))

    def job(
        self, config: Any, work: Any, inputs: Any, *, fixed_point: bool = False, **options: Any
    ) -> Job:
        """What the machine is given to do.

        Parameters
        ----------
        inputs : numbers of any type (`accelsim.numeric`); integers are numbers like any others
        fixed_point : the inputs are integers in the binary point of the machine's inputs already

        Raises
        ------
        UnsupportedError
            If the machine does not take this kind of work, or no fixed-point inputs; or the file
            that the work is from knows it as something else than one product.
        InputError, CapacityError
            If shapes or sizes do not fit.

        Warns
        -----
        UserWarning
            If integers, taken as numbers, are beyond what the inputs' binary point holds.
        """
        check_runnable(work)
        if not isinstance(work, self.takes):
            kinds = " or ".join(kind.__name__ for kind in self.takes) or "nothing yet"
            name = getattr(work, "name", "work")
            raise UnsupportedError(f"{name}: the machine '{self.name}' takes {kinds}, "
                                   f"not a {type(work).__name__}")
        check_sized(config)
        make_job = self.part("make_job")
        check_options(make_job, options, self.name)
        name = getattr(work, "name", "work")
        array = real_numbers(f"{name}: inputs", inputs)
        if fixed_point:
            if "fixed_point" not in inspect.signature(make_job).parameters:
                raise UnsupportedError(f"{name}: the machine '{self.name}' takes no fixed-point "
                                       f"inputs; give real numbers")
            options = {**options, "fixed_point": True}
        values = array if fixed_point else real_values(f"{name}: inputs", array)
        made: Job = make_job(config, work, values, **options)
        if array.dtype.kind in "iu" and not fixed_point:
            _tell_clipping(config, made, values)
        return replace(made, given=Given(work, array, MappingProxyType(options)))

    def fitted(self, config: Any, works: Sequence[Any],
               images: Sequence[tuple[int, int] | None] = ()) -> Any:
        """The configuration with what is "fit" sized to all of the works.

        ``images`` are (rows, columns) of a convolution's; maps of others are not counted.

        Raises
        ------
        UnsupportedError, ConfigError
            If the machine does not size itself, or a size is out of its parameter's range.
        """
        return sized(self, config, works, images)

    def run(self, config: Any, job: Any, engine: str | None = None, outputs: bool = True
            ) -> JobResult:
        """Run a job on one engine; counters are held against their conservation laws."""
        job.check(config)
        result = self.telling(self.check_engine(engine))(config, job, outputs=outputs)
        if result.counters is not None:
            result.counters.check(config, job)
        return result

    def finish(self, config: Any, job: Job, engine: str | None = None, outputs: bool = True
               ) -> RunResult:
        """Run a job and give its result a name, the layer's row order, a price and provenance."""
        engine = self.check_engine(engine)
        raw = self.run(config, job, engine, outputs)
        values = None if raw.outputs is None else job.finished(raw.outputs)
        price = None if self.price is None else partial(self._priced, config, job.n_channels)
        return RunResult(
            job.name, engine, config, values, raw.counters, dict(job.frac_bits), raw.operations,
            dict(job.provenance), raw.slots, self.lanes(config), price, job.no_outputs,
            job.n_vectors, job.lowering,
            losses=(*job.losses, *of_saturations(raw.operations, job.name)),
            limits=(None if self.limits is None
                    else tuple(self.part("limits")(config, job, raw.counters))),
            tried=dict(job.tried),
        )

    def counter_class(self) -> type[CounterSet]:
        """The machine's own counters."""
        found: type[CounterSet] = self.part("counters")
        return found

    def _priced(self, config: Any, n_channels: int, counters: Any) -> Any:
        # Late: a run that nobody prices does not read the energy tables.
        return self.part("price")(config, counters, n_channels=n_channels)


def _tell_clipping(config: Any, job: Job, values: Any) -> None:
    """Integers meant as fixed point would be far beyond the range: say so, where it is known."""
    point = job.frac_bits.get("input", job.frac_bits.get("x"))
    bits = getattr(config, "activation_bits", None)
    if point is None or bits is None or not values.size:
        return
    lowest, highest = (float(dequantise(bound, point)) for bound in bounds(bits))
    if values.max() > highest or values.min() < lowest:
        warnings.warn(
            f"{job.name}: integer inputs are numbers, from {values.min():g} to {values.max():g}; "
            f"the layer's inputs hold {lowest:g} to {highest:g}, others saturate; if they are "
            f"fixed point, say fixed_point=True", stacklevel=3)


def _resolved(part: Any) -> Any:
    if not isinstance(part, str):
        return part
    module, _, name = part.partition(":")
    return getattr(import_module(module), name)
