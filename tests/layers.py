"""Dependencies inside accelsim point one way: down the table below, never sideways in a row, and in
no circle inside a folder. What knows a machine by its name is that machine's folder."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.source_tree import Module, imports, named_modules, texts

ROOT = Path(__file__).parents[1]
PACKAGE = "accelsim"
MACHINES = f"{PACKAGE}.machines"

# Highest first. The package's own __init__ offers `api` by name, so it stands just below `cli`;
# `moved` names whatever had another name.
TABLE = (
    ("cli", "__main__"),
    ("__init__", "moved"),
    ("contracts",),
    ("papers",),
    ("study",),
    ("report", "rtl_bridge"),
    ("network", "sources"),
    ("api",),
    ("machines",),
    ("energy", "inside", "training", "units"),
    ("compression", "workload"),
    ("lowering",),
    ("dram", "formats"),
    ("kernels",),
    ("records",),
    ("numeric",),
    ("fixedpoint", "files", "streams", "strict_json", "shipped", "renamed"),
    ("errors",),
)
LEVEL = {part: level for level, row in enumerate(TABLE) for part in row}
# Rows whose members may know each other, though not both ways.
FRIENDLY = {LEVEL["cli"], LEVEL["__init__"], LEVEL["files"]}
# One function that scripts of the last version call by this name asks `api` when it is called.
LATE = {(f"{PACKAGE}.energy", f"{PACKAGE}.api")}
# A telling knows no other one of its machine: they meet in tests/contracts only.
TELLINGS = ("reference", "fast", "functional")
# These speak of machines by name: they reproduce what papers print of them, keep names of the
# last version, or say which machine is meant where none is named.
SPEAKERS = ("papers", "moved", "__init__")
DEFAULTS = (MACHINES,)
FOREIGN_FOLDERS = {"traces", "tests", "rtl"}


def part(name: str) -> str:
    """The row entry that a module belongs to: accelsim.machines.eie -> machines."""
    return name.split(".")[1] if "." in name else "__init__"


def machine_part(name: str) -> tuple[str, str] | None:
    """(machine, what is in its folder) of a module there: accelsim.machines.eie.fast.run -> eie,
    fast."""
    words = name.removeprefix(f"{MACHINES}.").split(".")
    return (words[0], words[1]) if name.startswith(f"{MACHINES}.") and len(words) > 1 else None


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def imported_modules(module: Module, known: dict[str, Module]) -> Iterator[tuple[int, str]]:
    """(line, module) of imports from the package itself; `from accelsim import simulate` is api."""
    for line, name in imports(module):
        if not within(name, PACKAGE) or name == f"{PACKAGE}.__version__":
            continue
        target = name
        while target not in known and "." in target:
            target = target.rpartition(".")[0]
        yield line, f"{PACKAGE}.api" if target == PACKAGE else target
    for line, name in named_modules(module):
        if name in known and name != PACKAGE:
            yield line, name


def import_faults(modules: dict[str, Module]) -> list[str]:
    """Every import that the table does not allow."""
    faults = []
    sideways: dict[tuple[str, str], str] = {}
    inside: dict[str, set[str]] = {}
    for module in modules.values():
        source = part(module.name)
        if source not in LEVEL:
            faults.append(f"{module.name}: '{source}' has no row in the table")
            continue
        for line, target_name in sorted(set(imported_modules(module, modules))):
            target = part(target_name)
            where = f"{module.name}:{line} imports {target_name}"
            faults += list(machine_faults(module.name, target_name, where))
            if target == source or target not in LEVEL:
                if line not in for_types(module):
                    inside.setdefault(module.name, set()).add(target_name)
                continue
            if (module.name, target_name) in LATE:
                continue
            if LEVEL[target] < LEVEL[source]:
                faults.append(f"{where}: upwards")
            elif LEVEL[target] == LEVEL[source]:
                sideways[source, target] = where
                if LEVEL[source] not in FRIENDLY:
                    faults.append(f"{where}: a sibling")
    faults += [f"{where}: both ways" for (a, b), where in sideways.items() if (b, a) in sideways]
    return faults + list(circles(inside, modules))


def for_types(module: Module) -> set[int]:
    """Lines of imports that only a type checker makes."""
    return {
        node.lineno for block in ast.walk(module.tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block) if isinstance(node, ast.Import | ast.ImportFrom)
    }


def machine_faults(source: str, target: str, where: str) -> Iterator[str]:
    """A machine that knows another one, a telling that knows another, and anyone else who reaches
    into a machine's folder."""
    at, to = machine_part(source), machine_part(target)
    if to is None or part(source) in SPEAKERS or source == MACHINES:
        return
    if at is None:
        yield f"{where}: only through its Machine record"
    elif at[0] != to[0]:
        yield f"{where}: one machine knows another"
    elif at[1] != to[1] and at[1] in TELLINGS and to[1] in TELLINGS:
        yield f"{where}: the tellings never know each other"


def circles(graph: dict[str, set[str]], modules: dict[str, Module]) -> Iterator[str]:
    """Circles of imports inside a folder. A machine's record names its parts as texts, and those
    it may: they are imported when asked for."""
    records = {name for name in graph if name.endswith(".machine")}
    edges = {
        name: {t for t in targets if t in modules and t != name and not modules[t].is_package}
        for name, targets in graph.items() if name not in records
    }
    done: set[str] = set()
    for start in sorted(edges):
        path: list[str] = []

        def visit(name: str, path: list[str] = path) -> Iterator[str]:
            if name in path:
                yield f"{' -> '.join([*path[path.index(name):], name])}: a circle"
                return
            if name in done:
                return
            path.append(name)
            for target in sorted(edges.get(name, ())):
                yield from visit(target)
            path.pop()
            done.add(name)

        yield from visit(start)


def name_faults(modules: dict[str, Module], machines: list[str]) -> Iterator[str]:
    """Texts that are a machine's name or the beginning of its columns, its classes, and errors
    that tell its name, outside of its folder: a remedy names whatever machines have it."""
    told = re.compile(rf"\b({'|'.join(machines)})\b(?! simulator|-simulator)", re.IGNORECASE)
    pattern = re.compile(rf"({'|'.join(machines)})(_|$)")
    own_class = re.compile(rf"({'|'.join(name.capitalize() for name in machines)})[A-Z]")
    for module in modules.values():
        if part(module.name) in SPEAKERS or machine_part(module.name) is not None:
            continue
        for line, name in imports(module):
            if own_class.match(name.rpartition(".")[2]) and module.name != MACHINES:
                yield f"{module.name}:{line} knows {name}"
        for text in texts(module):
            if not pattern.match(text.value):
                continue
            if module.name in DEFAULTS and text.value in machines:
                continue
            yield f"{module.name}:{text.lineno} knows {text.value!r}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Raise):
                yield from (f"{module.name}:{text.lineno} tells {text.value!r}"
                            for text in ast.walk(node) if isinstance(text, ast.Constant)
                            and isinstance(text.value, str) and told.search(text.value))


def path_faults(modules: dict[str, Module]) -> list[str]:
    """Texts and joined paths by which a module would reach a folder outside of the package."""
    faults = []
    for module in modules.values():
        in_paths = set()
        for node in ast.walk(module.tree):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                in_paths |= {id(node.left), id(node.right)}
            elif isinstance(node, ast.Call):
                called = ast.unparse(node.func).rpartition(".")[2]
                if called in {"Path", "PurePath", "join", "joinpath", "open", "files"}:
                    in_paths |= {id(argument) for argument in node.args}
        for text in texts(module):
            folders = re.split(r"[\\/]", text.value)
            if re.search(r"\s", text.value) or not FOREIGN_FOLDERS & set(folders):
                continue
            # The command line may have the demo's folder as the default of an argument.
            if part(module.name) == "cli" and text.value.startswith("traces/"):
                continue
            if len(folders) > 1 or id(text) in in_paths:
                faults.append(f"{module.name}:{text.lineno} names {text.value!r}")
    return faults
