"""Dependencies inside accelsim point one way: down the table below, and never sideways in a row."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source_tree import Module, imports, named_modules, parse, read, texts

ROOT = Path(__file__).parents[1]
PACKAGE = "accelsim"

# Highest first. The package's own __init__ offers `api` by name, so it stands just below `cli`.
TABLE = (
    ("cli", "__main__"),
    ("__init__",),
    ("study", "report", "rtl_bridge"),
    ("explain",),
    ("remedies",),
    ("network", "sources"),
    ("api",),
    ("compression", "workload", "engines", "energy"),
    ("arch",),
    ("formats",),
    ("records", "results", "recurrent", "ese_results", "bbs_results", "fixedpoint", "files"),
    ("counting",),
    ("errors",),
)
LEVEL = {part: level for level, row in enumerate(TABLE) for part in row}
# Rows whose members may know each other, though not both ways.
FRIENDLY = {LEVEL["cli"], LEVEL["records"]}
# Two tellings of one machine: they meet in tests/contracts only.
STRANGERS = (f"{PACKAGE}.engines.reference", f"{PACKAGE}.engines.fast")
FOREIGN_FOLDERS = {"traces", "tests", "rtl"}


def part(name: str) -> str:
    """The row entry that a module belongs to: accelsim.engines.fast -> engines."""
    return name.split(".")[1] if "." in name else "__init__"


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
    for module in modules.values():
        source = part(module.name)
        if source not in LEVEL:
            faults.append(f"{module.name}: '{source}' has no row in the table")
            continue
        for line, target_name in sorted(set(imported_modules(module, modules))):
            target = part(target_name)
            where = f"{module.name}:{line} imports {target_name}"
            if any(
                within(module.name, one) and within(target_name, other)
                for one, other in (STRANGERS, STRANGERS[::-1])
            ):
                faults.append(f"{where}: the two engines never know each other")
            if target == source or target not in LEVEL:
                continue
            if LEVEL[target] < LEVEL[source]:
                faults.append(f"{where}: upwards")
            elif LEVEL[target] == LEVEL[source]:
                sideways[source, target] = where
                if LEVEL[source] not in FRIENDLY:
                    faults.append(f"{where}: a sibling")
    faults += [f"{where}: both ways" for (a, b), where in sideways.items() if (b, a) in sideways]
    return faults


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


def test_every_import_points_down_the_table() -> None:
    modules = read(ROOT / PACKAGE)
    assert len(modules) > 1, "no source found"
    assert not import_faults(modules)


def test_no_path_outside_the_package() -> None:
    assert not path_faults(read(ROOT / PACKAGE))


SOUND = {
    "accelsim/__init__.py": 'LATE = {"simulate": "accelsim.api"}',
    "accelsim/__main__.py": "from accelsim.cli import main",
    "accelsim/cli.py": 'import accelsim\nfrom accelsim import report\nDEMO = "traces/lenet"',
    "accelsim/study/__init__.py": "from accelsim import simulate, __version__",
    "accelsim/report/__init__.py": '"""Draws traces/ and rtl/ runs."""\nKIND = "rtl"',
    "accelsim/api.py": "from . import compression\nfrom .engines import fast",
    "accelsim/compression/__init__.py": "from accelsim.machines import config",
    "accelsim/engines/__init__.py": 'TABLE = {"fast": ".fast", "reference": ".reference.eie"}',
    "accelsim/engines/fast/__init__.py": "from accelsim.engines import functional",
    "accelsim/machines/eie/functional.py": "from accelsim.records import Layer",
    "accelsim/engines/reference/__init__.py": "",
    "accelsim/machines/eie/reference/array.py": "from ... import fixedpoint\nfrom .. import functional",
    "accelsim/energy/__init__.py": "import numpy.fft",
    "accelsim/machines/eie/config.py": "from accelsim.formats import csc",
    "accelsim/formats/csc.py": "from accelsim.records import Layer",
    "accelsim/records.py": "import accelsim.fixedpoint",
    "accelsim/fixedpoint.py": "from accelsim.errors import InputError",
    "accelsim/errors.py": "",
}


def test_a_sound_tree_passes() -> None:
    modules = parse(SOUND)
    assert import_faults(modules) == []
    assert path_faults(modules) == []


@pytest.mark.parametrize(
    ("file", "line", "why"),
    [
        ("errors.py", "import accelsim.records", "upwards"),
        ("errors.py", "from accelsim import simulate", "upwards"),
        ("api.py", "import accelsim.cli", "upwards"),
        ("__init__.py", "from .cli import main", "upwards"),
        ("arch/config.py", "def late():\n    from ..engines import functional", "upwards"),
        ("formats/csc.py", "if TYPE_CHECKING:\n    from accelsim.api import run", "upwards"),
        ("records.py", 'importlib.import_module("accelsim.machines.eie.config")', "upwards"),
        ("arch/config.py", 'importlib.import_module("..engines.fast", __package__)', "upwards"),
        ("study/__init__.py", "from accelsim import report", "a sibling"),
        ("energy/__init__.py", "from accelsim.engines import functional", "a sibling"),
        ("engines/functional.py", "from ..compression import *", "a sibling"),
        ("fixedpoint.py", "from accelsim.records import Layer", "both ways"),
        ("engines/fast/__init__.py", "from accelsim.engines import reference", "each other"),
        ("engines/reference/eie.py", "from ..fast import kernels", "each other"),
        ("engines/reference/eie.py", 'OTHER = "accelsim.engines.fast:run"', "each other"),
        ("misc.py", "", "no row"),
    ],
)
def test_a_planted_import_is_seen(file: str, line: str, why: str) -> None:
    path = f"accelsim/{file}"
    faults = import_faults(parse(SOUND | {path: f"{SOUND.get(path, '')}\n{line}\n"}))
    assert faults
    assert all(why in fault for fault in faults)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("api.py", 'read("traces/lenet/dense.npz")'),
        ("api.py", 'read(root / "traces" / name)'),
        ("cli.py", 'read(f"../tests/{name}.py")'),
        ("rtl_bridge/__init__.py", 'Path(__file__).parents[2].joinpath("rtl", "pe.v")'),
        ("rtl_bridge/__init__.py", 'os.path.join(top, "rtl")'),
    ],
)
def test_a_planted_path_is_seen(file: str, line: str) -> None:
    assert len(path_faults(parse({f"accelsim/{file}": line}))) == 1
