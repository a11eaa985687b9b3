"""What a study is: a TOML file, or the same from Python; checked once, one line per mistake."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from accelsim.errors import AccelsimError, ConfigError, nearest, shown
from accelsim.files import read_utf8
from accelsim.machines import DEFAULT_MACHINE, Machine, load_machine, machine_of
from accelsim.machines.plugins import load_plugin
from accelsim.machines.registry import widened
from accelsim.shipped import located
from accelsim.study.axes import Axis, Scalar, parse_axis
from accelsim.study.metrics import metrics_named
from accelsim.study.recipes import LOWERING, PREFIX, check_recipe, recipe_keys, shared_bits

_MAX_FILE_BYTES = 1 << 20


def _names(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _name_or_names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else () if value is None else _names(value)


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class Study(BaseModel):
    """Which machines run which layers.

    Attributes
    ----------
    machine : a machine's name or the path of a TOML file
    plugin : Python files that bring machines (`accelsim.machines.plugins`)
    workloads : published layers, or layer files as ``"net.onnx"`` (all its layers) or
        ``"net.onnx:fc1"``; every design runs on each of them. On machines that take them also
        recurrent layers (`accelsim.study.utterances`) and networks (`accelsim.study.networks`)
    network : the graph whose layers the arrays of a file of layers are called after
    inputs : photos, or a file of inputs, for networks; or the sequence of a file's recurrent layers
        (`accelsim.study.cell_workloads`); one name or a list
    count, fit : how many inputs of a file networks run; photos cut and resized
    activation_density : of the inputs of layers from files, which are drawn at random
    fixed : ``[set]``, values that replace the machine's
    axes : parameter to `Axis`; ``recipe.density`` and the like belong to the compression
    metrics : names of `accelsim.study.metrics.metrics_of` the machine; empty takes all of them
    seed : of synthetic layers and of sampling
    engine : "fast" or "reference"; they agree, so results do not depend on it. None is the
        quickest that the machine is told by
    sampling, n : "grid", or "random" or "sobol" with the number of designs
    folder : where relative paths start
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    machine: str = DEFAULT_MACHINE
    plugin: Names = ()
    workloads: Names = Field(min_length=1)
    network: str | None = None
    inputs: Annotated[tuple[str, ...], BeforeValidator(_name_or_names)] = ()
    count: int = Field(default=1, ge=1)
    fit: bool = False
    activation_density: float | None = Field(default=None, ge=0, le=1)
    fixed: dict[str, Scalar] = Field(default_factory=dict, alias="set")
    axes: dict[str, Axis] = Field(default_factory=dict)
    metrics: Names = ()
    seed: int = Field(default=1, ge=0, lt=1 << 63)
    sampling: Literal["grid", "random", "sobol"] = "grid"
    n: int | None = Field(default=None, ge=1, le=10_000_000)
    engine: Literal["fast", "reference"] | None = None
    folder: Path = Path()

    def __init__(self, **values: Any) -> None:
        where = str(values.pop("where", "study"))
        if "set" in values and "fixed" in values:
            raise ConfigError(f"{where}: give 'set' or 'fixed', not both")
        values["set"] = values.pop("fixed", values.get("set", {}))
        values["folder"] = Path(values.get("folder", ""))
        for key in values:
            if key not in (*_KEYS, "folder"):
                raise ConfigError(f"{where}: unknown key '{key}'{nearest(key, _KEYS)}")
        shared = _begin(values, where)
        try:
            values["set"] = _flat(f"{where}: set", values["set"], shared)
            axes = _flat(f"{where}: axes", values.get("axes", {}), shared)
            values["axes"] = {key: parse_axis(f"{where}: axis {key}", spec)
                              for key, spec in axes.items()}
            super().__init__(**values)
        except ValidationError as problem:
            raise ConfigError(f"{where}: {_one_line(problem)}") from None
        _check(self, where)

    def base_config(self) -> Any:
        """The machine before any axis: its file with the fixed values.

        Raises
        ------
        ConfigError
            If the file is wrong.
        """
        overrides = {k: v for k, v in self.fixed.items() if not k.startswith(PREFIX)}
        return load_machine(self.machine_source, **overrides)

    @property
    def machine_source(self) -> str | Path:
        """The machine's name, or its file's path from the study's folder."""
        return _machine_source(self.folder, self.machine)

    def with_settings(self, settings: Mapping[str, Any]) -> Self:
        """The same study with other values.

        A parameter is held at a value, or takes the values of a list or a range in place of its
        axis; ``seed``, ``workloads`` and the study's other keys are replaced.

        Raises
        ------
        ConfigError
            If a name is unknown or a value is wrong.
        """
        values: dict[str, Any] = dict(self)
        fixed, axes = dict(self.fixed), dict(self.axes)
        shared = _shared(self.machine_source)
        for name, value in settings.items():
            key = _alias(name, shared)
            if key in _KEYS and key not in ("set", "axes"):
                values[key] = value
                continue
            fixed.pop(key, None)
            axes.pop(key, None)
            if isinstance(value, list | Mapping):
                axes[key] = parse_axis(f"axis {key}", value)
            else:
                fixed[key] = value
        return type(self)(**{**values, "fixed": fixed, "axes": axes})


_KEYS = (
    "machine", "plugin", "workloads", "network", "inputs", "count", "fit", "activation_density",
    "set", "axes", "metrics", "seed", "sampling", "n", "engine",
)


def _begin(values: Mapping[str, Any], where: str) -> list[str]:
    """Load the study's plug-ins, and say which widths its machine shares with the recipe.

    What is no text, or no machine, is told later, with everything else that is wrong.
    """
    folder, named = values["folder"], values.get("plugin", ())
    try:
        for name in named if isinstance(named, list | tuple) else ():
            if isinstance(name, str):
                load_plugin(folder / name)
    except AccelsimError as problem:
        raise ConfigError(f"{where}: {problem}") from None
    machine = values.get("machine", DEFAULT_MACHINE)
    try:
        return _shared(_machine_source(folder, machine)) if isinstance(machine, str) else []
    except AccelsimError:
        return []


def _machine_source(folder: Path, machine: str) -> str | Path:
    path = folder / machine
    return path if path.suffix == ".toml" and path.exists() else machine


def _shared(source: str | Path) -> list[str]:
    return shared_bits(type(load_machine(source)).model_fields)


def load_study(source: str | Path | Study) -> Study:
    """Read a study file.

    Raises
    ------
    ConfigError
        If the file cannot be read or a key, a parameter or a value is wrong; names the nearest.
    """
    if isinstance(source, Study):
        return source
    path = located(source)
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ConfigError(f"{path}: larger than 1 MiB; this is not a study file")
        values = tomllib.loads(read_utf8(path))
    except (OSError, UnicodeDecodeError, RecursionError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "not UTF-8 TOML text"
        raise ConfigError(f"{path}: cannot be read: {reason}; need a study file (TOML)") from None
    except ValueError as problem:  # TOMLDecodeError, or a number of too many digits
        raise ConfigError(f"{path}: not valid TOML: {problem}") from None
    for key in ("folder", "where", "fixed"):
        if key in values:
            raise ConfigError(f"{path}: unknown key '{key}'{nearest(key, _KEYS)}")
    return Study(**values, folder=path.parent, where=path)


def _flat(where: str, table: Any, shared: list[str]) -> dict[str, Any]:
    """``recipe.density = 0.1`` is a table in TOML; here it is a key with a dot."""
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where} is {shown(table)}; need a table of parameters")
    flat: dict[str, Any] = {}
    for key, value in table.items():
        inner = value if key == "recipe" and isinstance(value, Mapping) else None
        items: Iterable[tuple[str, Any]] = (
            [(key, value)] if inner is None else [(PREFIX + k, v) for k, v in inner.items()]
        )
        for name, spec in items:
            name = _alias(name, shared)
            if name in flat:
                raise ConfigError(f"{where}: {name} is given twice; the recipe follows the machine")
            flat[name] = spec
    return flat


def _alias(key: str, shared: list[str]) -> str:
    bare = key.removeprefix(PREFIX)
    if bare == LOWERING:
        return f"{PREFIX}{LOWERING}"
    return bare if bare in shared else key


def _check(study: Study, where: str) -> None:
    """Parameters, values and metrics, before anything runs."""
    try:
        config = load_machine(study.machine_source)
        machine = machine_of(config)
        machine.check_engine(study.engine)
    except AccelsimError as problem:
        raise ConfigError(f"{where}: {problem}") from None
    model = type(config)
    known = [name for name in model.model_fields if name != "machine"]
    known += recipe_keys(known)
    for key in (*study.fixed, *study.axes):
        if key not in known:
            raise ConfigError(f"{where}: unknown parameter '{key}'{nearest(key, known)}")
    for key in study.axes:
        if key in study.fixed:
            raise ConfigError(f"{where}: {key} is in [set] and in [axes]; leave one out")
    try:
        metrics_named(study.metrics, machine.name)
    except AccelsimError as problem:
        raise ConfigError(f"{where}: {problem}") from None
    _check_values_kind(study, machine, where)
    if (study.sampling == "grid") != (study.n is None):
        raise ConfigError(f"{where}: sampling = '{study.sampling}' with n = {study.n}; a grid "
                          f"takes no n, the others need the number of designs")
    for key, axis in study.axes.items():
        if axis.span is not None and study.sampling == "grid":
            raise ConfigError(f"{where}: axis {key} has no step; give one, or use sampling = "
                              f"'sobol' and n")
    try:
        base = study.base_config().model_dump()
        for key, axis in study.axes.items():
            for value in axis.values or axis.span or ():
                _check_value(machine, base, key, value)
        own = {k: v for k, v in study.fixed.items() if k.startswith(PREFIX)}
        check_recipe(own, machine.recipe)
    except (AccelsimError, TypeError) as problem:
        raise ConfigError(f"{where}: {problem}") from None


def _check_values_kind(study: Study, machine: Machine, where: str) -> None:
    """A machine of linear weights has no width for a codebook beside theirs."""
    key = f"{PREFIX}values"
    asked = study.axes[key].values if key in study.axes else (study.fixed.get(key),)
    shared = shared_bits(machine.config.model_fields)
    linear = machine.recipe.get("values") == "linear" and "weight_bits" in shared
    if linear and "codebook" in asked:
        raise ConfigError(f"{where}: {key} = 'codebook': weight_bits is both the codebook's width "
                          f"and that of the linear weights of '{machine.name}'; leave it out, or "
                          f"compress in Python")


def _check_value(machine: Machine, base: dict[str, Any], key: str, value: Scalar) -> None:
    """One value on its own; whether values go together is found out point by point."""
    if key.startswith(PREFIX):
        check_recipe({key: value}, machine.recipe)
        return
    model = machine.config
    try:
        model(**{**base, key: widened(model, key, value)})
    except ValidationError as problem:
        if any(error["loc"] == (key,) for error in problem.errors()):
            load_machine(base["machine"], **{key: value})


def _one_line(problem: ValidationError) -> str:
    first = problem.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"'{key}' is missing"
    message = first["msg"].replace("Input should be", "must be")
    return f"{key} is {shown(first['input'])}: {message}"
