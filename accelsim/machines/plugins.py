"""Machines from outside of the package: a Python file that ends in a `Machine`.

A plug-in says ``MACHINE = Machine(...)``, or ``MACHINES = [...]`` for several. Its file is run as a
module of its own; its text travels to the workers of a study, which need not see the file.
"""

from __future__ import annotations

import hashlib
import linecache
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from accelsim.errors import AccelsimError, ConfigError, InputError
from accelsim.files import read_utf8
from accelsim.machines.base import Machine
from accelsim.machines.registry import forget, machine_names, register

PREFIX = "accelsim_plugin_"
"""In front of the file's name: the name of its module."""

_MAX_FILE_BYTES = 1 << 20
_loaded: dict[str, Plugin] = {}


@dataclass(frozen=True)
class Plugin:
    """A plug-in that is loaded: ``machines`` are the names that it brought.

    ``path`` is where it was read, and where files that its machines name are looked for.
    """

    name: str
    path: str
    text: str
    sha256: str
    machines: tuple[str, ...] = ()


def plugins() -> tuple[Plugin, ...]:
    """Those of this process, in the order of loading."""
    return tuple(_loaded.values())


def load_plugin(path: str | Path) -> Plugin:
    """Read a plug-in and register its machines; the same file twice is loaded once.

    Raises
    ------
    InputError
        If there is no such file, or it is not a Python file.
    ConfigError
        If running it fails, it names no machine, or a machine's name is taken.
    """
    file = Path(path)
    try:
        if file.stat().st_size > _MAX_FILE_BYTES:
            raise InputError(f"{path}: larger than 1 MiB; this is not a plug-in")
        text = read_utf8(file)
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "not UTF-8 text"
        raise InputError(f"{path}: cannot be read: {reason}; need a Python file with a "
                         f"MACHINE") from None
    return adopt(Plugin(file.stem, str(file.resolve()), text, _digest(text)))


def adopt(plugin: Plugin) -> Plugin:
    """Load a plug-in from its text: what a worker does.

    Raises
    ------
    ConfigError
        As `load_plugin`.
    """
    there = _loaded.get(plugin.name)
    if there is not None:
        if there.sha256 == plugin.sha256:
            return there
        raise ConfigError(f"{plugin.path}: a plug-in called '{plugin.name}' is loaded already, "
                          f"from {there.path}; rename one of the files")
    module = _run(plugin)
    names: list[str] = []
    try:
        for machine in _machines(plugin, module):
            names.append(register(machine).name)
    except AccelsimError as problem:
        for name in names:
            forget(name)
        sys.modules.pop(module.__name__, None)
        raise ConfigError(f"{plugin.path}: {problem}") from None
    _loaded[plugin.name] = Plugin(
        plugin.name, plugin.path, plugin.text, plugin.sha256, tuple(names))
    return _loaded[plugin.name]


def unload(name: str) -> None:
    """Forget a plug-in and its machines."""
    plugin = _loaded.pop(name)
    for machine in plugin.machines:
        forget(machine)
    sys.modules.pop(PREFIX + name, None)


def fault_of(problem: Exception) -> ConfigError | None:
    """One line for what failed inside of a plug-in; None where it was not a plug-in's fault."""
    where = _plugin_line(problem)
    if where is None:
        return None
    return ConfigError(f"{where}: {_told(problem)}; mend the plug-in; python -m accelsim.contracts "
                       f"{where.rpartition(':')[0]} tries it on small work")


def _plugin_line(problem: Exception) -> str | None:
    """The plug-in's line, where no line of this package was called from there."""
    ours, found, frame = str(Path(__file__).parents[1]), None, problem.__traceback__
    paths = {plugin.path for plugin in _loaded.values()}
    while frame is not None:
        file = frame.tb_frame.f_code.co_filename
        if file in paths:
            found = f"{file}:{frame.tb_lineno}"
        elif file.startswith(ours):
            found = None
        frame = frame.tb_next
    return found


def _told(problem: Exception) -> str:
    """Its kind and its words on one line, of a length that fits one."""
    return f"{type(problem).__name__}: {' '.join(str(problem).split())[:300]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _run(plugin: Plugin) -> ModuleType:
    module = ModuleType(PREFIX + plugin.name)
    module.__file__ = plugin.path
    sys.modules[module.__name__] = module
    # So that a traceback shows the line even where the file is not there.
    lines = plugin.text.splitlines(keepends=True)
    linecache.cache[plugin.path] = (len(plugin.text), None, lines, plugin.path)
    try:
        exec(compile(plugin.text, plugin.path, "exec", dont_inherit=True), vars(module))
    except AccelsimError:
        sys.modules.pop(module.__name__)
        raise
    except Exception as problem:
        sys.modules.pop(module.__name__)
        raise ConfigError(f"{plugin.path}{_line_of(problem, plugin.path)}: "
                          f"{_told(problem)}") from None
    return module


def _line_of(problem: Exception, path: str) -> str:
    """Where in the plug-in it happened, ``:12``."""
    if isinstance(problem, SyntaxError):
        return f":{problem.lineno}"
    found, frame = "", problem.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == path:
            found = f":{frame.tb_lineno}"
        frame = frame.tb_next
    return found


def _machines(plugin: Plugin, module: ModuleType) -> list[Machine]:
    given: Any = getattr(module, "MACHINES", None) or getattr(module, "MACHINE", None)
    if given is None:
        raise ConfigError("names no machine; end it with MACHINE = Machine(...), see "
                          "accelsim.machines.base")
    machines = list(given) if isinstance(given, list | tuple) else [given]
    taken = [m.name for m in machines if isinstance(m, Machine) and m.name in machine_names()]
    if taken:
        raise ConfigError(f"there is a machine '{taken[0]}' already; choose another name")
    return machines
