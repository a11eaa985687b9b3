"""Dependencies inside accelsim point one way (the table of tests/layers.py): the tree is sound, and
a planted fault of each kind is seen."""

from __future__ import annotations

import pytest

from tests.layers import PACKAGE, ROOT, import_faults, name_faults, path_faults
from tests.source_tree import parse, read


def test_every_import_points_down_the_table() -> None:
    modules = read(ROOT / PACKAGE)
    assert len(modules) > 1, "no source found"
    assert import_faults(modules) == []


def test_no_machine_s_name_outside_of_its_folder() -> None:
    folders = [path.parent.name for path in (ROOT / PACKAGE / "machines").glob("*/machine.py")]
    assert len(folders) >= 3
    assert list(name_faults(read(ROOT / PACKAGE), folders)) == []


def test_no_path_outside_the_package() -> None:
    assert not path_faults(read(ROOT / PACKAGE))


SOUND = {
    "accelsim/__init__.py": 'LATE = {"simulate": "accelsim.api"}',
    "accelsim/__main__.py": "from accelsim.cli import main",
    "accelsim/cli.py": 'import accelsim\nfrom accelsim import report\nDEMO = "traces/lenet"',
    "accelsim/papers.py": 'from accelsim.machines.eie.job import make_job\nNAME = "eie"',
    "accelsim/study/__init__.py": "from accelsim import simulate, __version__",
    "accelsim/report/__init__.py": '"""Draws traces/ and rtl/ runs."""\nKIND = "rtl"',
    "accelsim/api.py": "from . import compression\nfrom .machines import base",
    "accelsim/compression/__init__.py": "from accelsim.formats import csc",
    "accelsim/machines/__init__.py": 'DEFAULT_MACHINE = "eie"',
    "accelsim/machines/base.py": "from accelsim.records import Layer",
    "accelsim/machines/registry.py": "from accelsim.machines import base",
    "accelsim/machines/eie/__init__.py": "",
    "accelsim/machines/eie/machine.py": 'PARTS = {"fast": "accelsim.machines.eie.fast.run:run"}',
    "accelsim/machines/eie/job.py": "from accelsim.records import Layer",
    "accelsim/machines/eie/plan.py": "from accelsim.machines.eie.job import LayerJob",
    "accelsim/machines/eie/fast/__init__.py": "",
    "accelsim/machines/eie/fast/run.py": "from ..job import LayerJob\nfrom ..machine import PARTS",
    "accelsim/machines/eie/reference.py": "from ... import fixedpoint\nfrom ...units import clock",
    "accelsim/machines/bbs/__init__.py": "",
    "accelsim/machines/bbs/job.py": "from accelsim.machines.base import Machine",
    "accelsim/energy/__init__.py": "import numpy.fft",
    "accelsim/units/clock.py": "",
    "accelsim/formats/csc.py": "from accelsim.records import Layer",
    "accelsim/records.py": "import accelsim.fixedpoint",
    "accelsim/fixedpoint.py": "from accelsim.errors import InputError",
    "accelsim/errors.py": "",
}


def test_a_sound_tree_passes() -> None:
    modules = parse(SOUND)
    assert import_faults(modules) == []
    assert path_faults(modules) == []
    assert list(name_faults(modules, ["eie", "bbs"])) == []


@pytest.mark.parametrize(
    ("file", "line", "why"),
    [
        ("errors.py", "import accelsim.records", "upwards"),
        ("errors.py", "from accelsim import simulate", "upwards"),
        ("api.py", "import accelsim.cli", "upwards"),
        ("__init__.py", "from .cli import main", "upwards"),
        ("energy/__init__.py", "def late():\n    from ..machines import base", "upwards"),
        ("formats/csc.py", "if TYPE_CHECKING:\n    from accelsim.api import run", "upwards"),
        ("records.py", 'importlib.import_module("accelsim.machines.base")', "upwards"),
        ("formats/csc.py", 'importlib.import_module("..machines.base", __package__)', "upwards"),
        ("energy/__init__.py", "from accelsim.units import clock", "a sibling"),
        ("study/__init__.py", "from ..machines.eie import job", "only through its Machine"),
        ("study/__init__.py", "import accelsim.machines.eie.fast.run", "only through its Machine"),
        ("machines/base.py", 'JOB = "accelsim.machines.eie.job"', "only through its Machine"),
        ("machines/bbs/job.py", "from ..eie.job import LayerJob", "one machine knows another"),
        ("machines/bbs/job.py", 'OTHER = "accelsim.machines.eie.job:x"', "one machine knows"),
        ("machines/eie/fast/run.py", "from accelsim.machines.eie import reference", "tellings"),
        ("machines/eie/reference.py", "from .fast import run", "tellings"),
        ("machines/eie/job.py", "from accelsim.machines.eie.plan import Pass", "a circle"),
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
        ("study/__init__.py", 'ON_EIE = config.machine == "eie"'),
        ("cli.py", 'key.startswith(("eie_", "x"))'),
        ("study/__init__.py", "from accelsim.machines import EieConfig"),
        ("study/__init__.py", 'TABLE = {"bbs": 1}'),
        ("machines/base.py", 'if name in ("eie",): pass'),
        ("machines/__init__.py", 'PREFIX = "eie_"'),
        ("cli.py", 'raise InputError(f"{name}: not taken; take -m eie")'),
        ("records.py", 'raise InputError("rows are for layers of EIE")'),
    ],
)
def test_a_planted_name_is_seen(file: str, line: str) -> None:
    path = f"accelsim/{file}"
    planted = parse(SOUND | {path: f"{SOUND[path]}\n{line}\n"})
    assert len(list(name_faults(planted, ["eie", "bbs"]))) == 1


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
