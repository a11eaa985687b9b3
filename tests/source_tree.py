"""Read a package's source without running it: which module imports what, which texts it holds.

Helpers of test_layering.py and test_hygiene.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MODULE_NAME = re.compile(r"(\.*[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?::\w+)?")


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, whether it is an `__init__.py`, and its syntax tree."""

    name: str
    is_package: bool
    tree: ast.Module

    def absolute(self, dots: int, name: str) -> str:
        """The full name that `from ..name import` means in this module."""
        if dots == 0:
            return name
        base = self.name.split(".")
        base = base[: len(base) - dots + self.is_package]
        return ".".join([*base, name] if name else base)


def parse(files: Mapping[str, str]) -> dict[str, Module]:
    """Modules by dotted name, from {path relative to the folder above the package: source}."""
    modules = {}
    for path, source in files.items():
        parts = path.removesuffix(".py").split("/")
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        modules[name] = Module(name, is_package, ast.parse(source, filename=path))
    return modules


def read(package: Path) -> dict[str, Module]:
    """The modules of a package on disk."""
    return parse(
        {
            file.relative_to(package.parent).as_posix(): file.read_text(encoding="utf-8")
            for file in sorted(package.rglob("*.py"))
        }
    )


def texts(module: Module) -> Iterator[ast.Constant]:
    """String constants, without docstrings and other strings that stand alone."""
    alone = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """(line, name) of everything imported, wherever it stands; `from a import b` is a.b."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            source = module.absolute(node.level, node.module or "")
            for alias in node.names:
                yield node.lineno, source if alias.name == "*" else f"{source}.{alias.name}"


def named_modules(module: Module) -> Iterator[tuple[int, str]]:
    """(line, name) of texts that may name a module: tables of names are how one imports late."""
    for text in texts(module):
        if match := MODULE_NAME.fullmatch(text.value):
            name = match[1].lstrip(".")
            yield text.lineno, module.absolute(len(match[1]) - len(name), name)
