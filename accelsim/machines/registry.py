"""The register of machines, and their files: a name or a TOML path, one line per mistake.

A folder of `accelsim.machines` with a ``machine.py`` is a machine; so is whatever a plug-in gives
(`accelsim.machines.plugins`), or a package with an entry point ``accelsim.machines``.
"""

from __future__ import annotations

import math
import pkgutil
import re
import tomllib
from functools import cache, lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from accelsim import machines
from accelsim.errors import ConfigError, nearest, shown
from accelsim.files import read_utf8
from accelsim.machines import DEFAULT_MACHINE
from accelsim.machines.base import Machine
from accelsim.records.result import JobResult

ENTRY_POINTS = "accelsim.machines"
"""The group in which an installed package offers its `Machine` records."""

M = TypeVar("M", bound=BaseModel)

_MAX_FILE_BYTES = 1 << 20
_added: dict[str, Machine] = {}


@cache
def _own() -> tuple[str, ...]:
    """Names of the machines of this package, in the order of the alphabet but the default first."""
    folders = [info.name for info in pkgutil.iter_modules(machines.__path__) if info.ispkg]
    return tuple(sorted(folders, key=lambda name: (name != DEFAULT_MACHINE, name)))


def machine_names() -> list[str]:
    """Every machine that can be named."""
    return [*_own(), *_added, *(p for p in _installed() if p not in _added)]


def get_machine(name: str) -> Machine:
    """The record of a machine.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name in _added:
        return _added[name]
    if name in _own():
        found: Machine = import_module(f"{machines.__name__}.{name}.machine").MACHINE
        return found
    if name in _installed():
        return register(_installed()[name].load())
    raise ConfigError(f"no machine '{name}'{nearest(name, machine_names())}")


def takers(*kinds: type) -> list[str]:
    """Names of the machines that take any of these kinds of work: remedies name them."""
    return [name for name in machine_names()
            if any(kind in get_machine(name).takes for kind in kinds)]


def machine_of(config: Any) -> Machine:
    """The record that a configuration belongs to."""
    return get_machine(config.machine)


def register(machine: Machine) -> Machine:
    """Offer a machine by its name, and as the base of other files.

    Raises
    ------
    ConfigError
        If the name is taken, or the file does not fit the model.
    """
    if not isinstance(machine, Machine):
        raise ConfigError(f"{shown(machine)} is not a Machine (accelsim.machines.base)")
    name = machine.name
    if name in _own() or name in _added:
        raise ConfigError(f"there is a machine '{name}' already; choose another name")
    where = f"machine '{name}'" if isinstance(machine.config_file, str) else machine.config_file
    values = _toml(machine.config_text, str(where))
    if values.get("machine") != name:
        raise ConfigError(f"{where}: needs machine = '{name}'")
    _validated(machine.config, values, str(where))
    _added[name] = machine
    return machine


def forget(name: str) -> None:
    """Take back what `register` added."""
    _added.pop(name, None)


def register_machine(model: type[BaseModel], file: Path) -> None:
    """Offer a configuration alone to `load_machine`; `register` takes a whole machine.

    Parameters
    ----------
    model : like `EieConfig`; its field ``machine: Literal["name"]`` is the machine's name
    file : TOML with every value, and its source in the comment behind it

    Raises
    ------
    ConfigError
        If the model names no machine, the name is taken, or the file does not fit the model.
    """
    register(Machine(model, file))


@cache
def _installed() -> dict[str, Any]:
    """Entry points by name; nothing is imported for the list."""
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def load_as(model: type[M], source: str | Path, **overrides: Any) -> M:
    """As `load_machine`, for callers that work with one kind of machine.

    Raises
    ------
    ConfigError
        As there, and if the source describes another machine.
    """
    config = load_machine(source, **overrides)
    if not isinstance(config, model):
        wanted = Machine(model, Path()).name
        raise ConfigError(f"{source}: describes the machine '{config.machine}'; "
                          f"this needs machine = '{wanted}'")
    return config


def load_machine(source: str | Path, **overrides: Any) -> Any:
    """A machine's configuration.

    Parameters
    ----------
    source : a machine's name (`machine_names`) or the path of a TOML file. A file names its
        ``machine``; keys that it leaves out keep the published value.
    overrides : values that replace what the file says

    Raises
    ------
    ConfigError
        Unknown machine or key (naming the nearest), wrong type or range, unreadable file.
    """
    where = str(source)
    values = _published(where) if where in machine_names() else _from_file(Path(source))
    if overrides.get("machine", values["machine"]) != values["machine"]:
        raise ConfigError(f"{where}: machine cannot be overridden; name another machine or file")
    return _validated(get_machine(values["machine"]).config, {**values, **overrides}, where)


def parse_setting(text: str) -> tuple[str, Any]:
    """``"n_pe=32"`` to ``("n_pe", 32)``; values are TOML values or bare words.

    Raises
    ------
    ConfigError
        If there is no ``=`` or no key.
    """
    key, equals, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not equals or not key or not value:
        raise ConfigError(f"--set {text}: need KEY=VALUE, for instance --set n_pe=32")
    try:
        return key, tomllib.loads(f"v = {value}")["v"]
    except tomllib.TOMLDecodeError:
        return key, value


def published_sources(machine: str = DEFAULT_MACHINE) -> dict[str, str]:
    """Where each published value of a machine comes from: key to source."""
    pattern = re.compile(r"^(\w+)[ \t]*=[ \t]*[^#\n]+#[ \t]*(.+?)[ \t]*$", re.MULTILINE)
    return dict(pattern.findall(_published_text(machine)))


def _published_text(machine: str) -> str:
    return get_machine(machine).config_text


def _published(machine: str) -> dict[str, Any]:
    return dict(_parsed(_published_text(machine)))


@lru_cache(maxsize=32)
def _parsed(text: str) -> dict[str, Any]:
    """Of a machine's own file: searches load it for every layer of every candidate."""
    return tomllib.loads(text)


def _from_file(path: Path) -> dict[str, Any]:
    values = _read(path)
    machine = values.get("machine")
    if not isinstance(machine, str) or machine not in machine_names():
        raise ConfigError(f"{path}: needs machine = one of: {', '.join(machine_names())}")
    return {**_published(machine), **values}


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ConfigError(f"{path}: larger than 1 MiB; this is not a machine file")
        return _toml(read_utf8(path), str(path))
    except FileNotFoundError:
        hint = nearest(str(path), machine_names())
        raise ConfigError(f"{path}: no such machine or file{hint}") from None
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "not UTF-8 TOML text"
        raise ConfigError(f"{path}: cannot be read: {reason}") from None
    except ValueError as problem:  # a path that no file can have
        raise ConfigError(f"{path}: not valid TOML: {problem}") from None


def _toml(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{where}: not valid TOML: nested too deeply") from None
    except ValueError as problem:
        raise ConfigError(f"{where}: not valid TOML: {problem}") from None


def _validated(model: type[BaseModel], values: dict[str, Any], where: str) -> Any:
    known = list(model.model_fields)
    for key in values:
        if key not in known:
            raise ConfigError(f"{where}: unknown key '{key}'{nearest(key, known)}")
        value = values[key]
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{where}: {key} is {value}; need a finite number")
    try:
        return model(**{k: widened(model, k, v) for k, v in values.items()})
    except ValidationError as problem:
        raise ConfigError(f"{where}: {_one_line(problem)}") from None


_MAX_NUMBER = 2**63  # no value of a machine is as large; Python's integers have no end


def widened(model: type[BaseModel], key: str, value: Any) -> Any:
    """Let an integer stand for a float field; everything else stays strict."""
    if model.model_fields[key].annotation is float and type(value) is int:
        return float(min(max(value, -_MAX_NUMBER), _MAX_NUMBER))
    return value


def _one_line(problem: ValidationError) -> str:
    first = problem.errors()[0]
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if not first["loc"]:
        return message
    return f"{first['loc'][0]} is {shown(first['input'])}: {message}"


def run_job(engine: str | None, config: Any, job: Any, outputs: bool = True) -> JobResult:
    """Run a job on one of its machine's engines; counters are held against their laws."""
    return machine_of(config).run(config, job, engine, outputs)
