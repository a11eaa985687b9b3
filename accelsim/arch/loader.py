"""Read machine files: a published name or a TOML path, with overrides, one line per mistake."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError

from accelsim.arch.bbs import BbsConfig
from accelsim.arch.config import EieConfig
from accelsim.arch.ese import EseConfig
from accelsim.errors import ConfigError, nearest, shown

Machine = EieConfig | EseConfig | BbsConfig
M = TypeVar("M", EieConfig, EseConfig, BbsConfig)

MACHINES: dict[str, type[Machine]] = {"eie": EieConfig, "ese": EseConfig, "bbs": BbsConfig}

_FILES: dict[str, Traversable] = {
    name: resources.files("accelsim.arch").joinpath(f"{name}.toml") for name in MACHINES
}

_MAX_FILE_BYTES = 1 << 20


def register_machine(model: type[BaseModel], file: Path) -> None:
    """Offer another machine to `load_machine`, by its name and as the base of other files.

    Parameters
    ----------
    model : like `EieConfig`; its field ``machine: Literal["name"]`` is the machine's name
    file : TOML with every value, and its source in the comment behind it

    Raises
    ------
    ConfigError
        If the model names no machine, the name is taken, or the file does not fit the model.
    """
    field = model.model_fields.get("machine")
    names = get_args(field.annotation) if field is not None else ()
    if len(names) != 1 or not isinstance(names[0], str):
        raise ConfigError(f'{model.__name__}: needs a field machine: Literal["name"]')
    name = names[0]
    if name in MACHINES:
        raise ConfigError(f"there is a machine '{name}' already; choose another name")
    _FILES[name] = file
    MACHINES[name] = cast("type[Machine]", model)
    try:
        values = _read(file)
        if values.get("machine") != name:
            raise ConfigError(f"{file}: needs machine = '{name}'")
        _validated(MACHINES[name], values, str(file))
    except ConfigError:
        del _FILES[name], MACHINES[name]
        raise


def load_config(source: str | Path = "eie", **overrides: Any) -> EieConfig:
    """An EIE's configuration; as `load_machine`, with an error for other machines."""
    return load_as(EieConfig, source, **overrides)


def load_as(model: type[M], source: str | Path, **overrides: Any) -> M:
    """As `load_machine`, for callers that work with one kind of machine.

    Raises
    ------
    ConfigError
        As there, and if the source describes another machine.
    """
    config = load_machine(source, **overrides)
    if not isinstance(config, model):
        wanted = next(name for name, known in MACHINES.items() if known is model)
        raise ConfigError(f"{source}: describes the machine '{config.machine}'; "
                          f"this needs machine = '{wanted}'")
    return config


def load_machine(source: str | Path, **overrides: Any) -> Machine:
    """A machine's configuration.

    Parameters
    ----------
    source : a machine's name (``"eie"``, ``"ese"``, ``"bbs"``) or the path of a TOML file. A file
        names its ``machine``; keys that it leaves out keep the published value.
    overrides : values that replace what the file says

    Raises
    ------
    ConfigError
        Unknown machine or key (naming the nearest), wrong type or range, unreadable file.
    """
    where = str(source)
    if where in MACHINES:
        values = _published(where)
    else:
        values = _from_file(Path(source))
    model = MACHINES[values["machine"]]
    if overrides.get("machine", values["machine"]) != values["machine"]:
        raise ConfigError(f"{where}: machine cannot be overridden; name another machine or file")
    return _validated(model, {**values, **overrides}, where)


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


def published_sources(machine: str = "eie") -> dict[str, str]:
    """Where each published value of a machine comes from: key to source."""
    pattern = re.compile(r"^(\w+)\s*=\s*[^#]+#\s*(.+?)\s*$", re.MULTILINE)
    return dict(pattern.findall(_published_text(machine)))


def _published_text(machine: str) -> str:
    return _FILES[machine].read_text("utf-8")


def _published(machine: str) -> dict[str, Any]:
    return tomllib.loads(_published_text(machine))


def _from_file(path: Path) -> dict[str, Any]:
    values = _read(path)
    machine = values.get("machine")
    if not isinstance(machine, str) or machine not in MACHINES:
        raise ConfigError(f"{path}: needs machine = one of: {', '.join(MACHINES)}")
    return {**_published(machine), **values}


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ConfigError(f"{path}: larger than 1 MiB; this is not a machine file")
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        hint = nearest(str(path), MACHINES)
        raise ConfigError(f"{path}: no such machine or file{hint}") from None
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "not UTF-8 TOML text"
        raise ConfigError(f"{path}: cannot be read: {reason}") from None
    except RecursionError:
        raise ConfigError(f"{path}: not valid TOML: nested too deeply") from None
    except ValueError as problem:  # not TOML, or a path that no file can have
        raise ConfigError(f"{path}: not valid TOML: {problem}") from None


def _validated(model: type[Machine], values: dict[str, Any], where: str) -> Machine:
    known = list(model.model_fields)
    for key in values:
        if key not in known:
            raise ConfigError(f"{where}: unknown key '{key}'{nearest(key, known)}")
    try:
        return model(**{k: _widened(model, k, v) for k, v in values.items()})
    except ValidationError as problem:
        raise ConfigError(f"{where}: {_one_line(problem)}") from None


_MAX_NUMBER = 2**63  # no value of a machine is as large; Python's integers have no end


def _widened(model: type[BaseModel], key: str, value: Any) -> Any:
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
