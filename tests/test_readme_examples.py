"""The documents' Python runs, and what it adds is right: checked as the package's own parts are."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings

from accelsim import compress, contracts, load_network, simulate
from accelsim.errors import InputError
from accelsim.formats import registry
from accelsim.machines import get_machine
from accelsim.machines.plugins import PREFIX, load_plugin, plugins, unload
from accelsim.study import Study
from accelsim.workload import network_names
from accelsim.workload.graph_file import _HOST, _LAYERS
from tests.documents import DOCUMENTS, GRAPHS, README, ROOT
from tests.formats.test_registry import BITS, matrices

MARKED = [(document, block) for document in DOCUMENTS for block in document.blocks if block.marked]
EXAMPLES = {block.name: block.text for _, block in MARKED if block.marked == "example"}
PRINTED = {block.name: block.text for _, block in MARKED if block.marked == "prints"}
PARTS = [pytest.param(block, id=f"{document}:{block.name}") for document, block in MARKED
         if block.marked == "part of"]
TEN_LINES = README.python()[0]
PLAIN = [pytest.param(block.text, id=f"{document}:{number}",
                      marks=[pytest.mark.rtl] if "cosim" in block.text else [])
         for document in DOCUMENTS for number, block in enumerate(document.python())
         if block is not TEN_LINES]
# In place of the package dask-jobqueue: workers of a cluster are local ones, and fewer.
CLUSTER = """
import sys, types
class SLURMCluster:
    scheduler_address = "local"
    def __init__(self, *, cores, processes, memory, walltime): pass
    def scale(self, *, jobs): pass
sys.modules["dask_jobqueue"] = types.SimpleNamespace(SLURMCluster=SLURMCluster)
"""


@pytest.fixture
def folder(tmp_path):
    """The project's data, and a small study."""
    for name in ("traces", "rtl"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "study.toml").write_text(
        'workloads = ["traces/lenet-300-100/pruned.safetensors:fc3"]\n'
        'activation_density = 0.5\n[axes]\nn_pe = [2, 4]\n')
    return tmp_path


def ran(code, folder):
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("code", PLAIN)
def test_plain_python_runs(code, folder):
    out = ran(CLUSTER * ("dask_jobqueue" in code) + code, folder)
    assert "print(" not in code or out


def test_the_ten_lines_print_what_they_say():
    cycles, time_us, theoretical_us, balance = map(float, ran(
        TEN_LINES.text, ROOT).splitlines()[0].split())
    assert time_us == pytest.approx(cycles / 800)
    assert balance == pytest.approx(theoretical_us / time_us)


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_runs_by_itself(name, tmp_path):
    assert ran(EXAMPLES[name], tmp_path) == PRINTED[name]


def test_every_example_says_what_it_prints():
    assert set(EXAMPLES) == set(PRINTED) == {"format"}


@pytest.fixture
def plugin():
    """Loads plug-ins, and forgets afterwards those that were not there before."""
    before = {known.name for known in plugins()}
    yield load_plugin
    for known in plugins():
        if known.name not in before:
            unload(known.name)


@pytest.mark.parametrize("block", PARTS)
def test_a_shortened_plugin_is_the_plugin(block, plugin):
    """A skeleton, with the rest of its file around it, is the machine of that file."""
    machine = get_machine(plugin(ROOT / block.name).machines[0])
    names = dict(vars(sys.modules[PREFIX + Path(block.name).stem]))
    names.pop("MACHINE")
    exec(compile(block.text, block.name, "exec", dont_inherit=True), names)
    shown = names["MACHINE"]
    assert shown.config is machine.config
    assert shown.replaces == machine.replaces
    assert set(shown.tellings) == set(machine.tellings)
    for seed in range(25):
        case = contracts.draw(machine, seed)
        if case is not None:
            assert list(contracts.faults(shown, case)) == []
            mine, theirs = (m.run(case.config, case.job) for m in (shown, machine))
            assert mine.counters.difference(theirs.counters) is None
            assert np.array_equal(mine.outputs, theirs.outputs)


def test_there_are_shortened_plugins():
    assert sorted(block.values[0].name for block in PARTS) == [
        "tests/plugins/dense.py", "tests/plugins/dense.py", "tests/plugins/late_full.py"]


STUDIES = [pytest.param(block.text, id=f"{document}:{number}") for document in DOCUMENTS
           for number, block in enumerate(document.blocks)
           if block.kind == "toml" and block.text not in GRAPHS]


@pytest.mark.parametrize("text", STUDIES)
def test_a_study_is_one(text, plugin):
    """Keys, machines, parameters, metrics and values are checked when a study is made."""
    made = Study(**tomllib.loads(text), folder=ROOT / "traces" / "studies")
    assert made.axes
    for known in made.plugin:
        file = tomllib.loads((ROOT / "traces" / "studies" / "two-entries.toml").read_text("utf-8"))
        assert known in file["plugin"]
        assert {**file, "seed": 1} == {**tomllib.loads(text), "seed": 1}


@pytest.mark.parametrize("text", GRAPHS)
def test_a_graph_is_one(text, tmp_path):
    """It runs, and every kind of node that its page names is one that is read."""
    path = tmp_path / "net.toml"
    path.write_text(text)
    net = load_network(path)
    image = np.ones(net.input_shape)
    run = simulate("eie", compress(net, calibration=image), image, "functional")
    assert run.outputs_float.shape == net.shapes()[net.output]


def test_the_page_of_graphs_names_every_kind_of_node():
    (page,) = (d for d in DOCUMENTS if d.name == "accelsim/workload/graphs/README.md")
    rows = " ".join(re.findall(r"^\| (`[^|]+) \|", page.text.partition(
        "## A graph")[2].partition("\n## ")[0], re.MULTILINE))
    assert set(re.findall(r"`(\w+)", rows)) == {*_LAYERS, *_HOST, "relu"}
    first = re.search(r"^\| ((?:`[\w-]+`,? ?)+)\| `\"vgg-16", page.text, re.MULTILINE)
    assert re.findall(r"`([\w-]+)`", first[1]) == network_names()


@pytest.fixture
def example(monkeypatch):
    """Runs an example here; gives its names, and forgets afterwards what it registered."""
    monkeypatch.setattr(registry, "_formats", dict(registry.FORMATS))
    monkeypatch.setattr(registry, "FORMATS", registry._formats)

    def run(name):
        names = {"__name__": f"example_{name}"}
        exec(compile(EXAMPLES[name], name, "exec", dont_inherit=True), names)
        return SimpleNamespace(**names)

    return run


def test_the_format_keeps_the_contract_of_formats(example):
    example("format")

    @settings(max_examples=60, deadline=None)
    @given(matrix=matrices())
    def check(matrix):
        stored = registry.store("bitmap", matrix, BITS)
        assert np.array_equal(registry.restore(stored), matrix)
        assert registry.restore(stored).dtype == np.int16
        assert stored.size_bits == matrix.size + BITS * np.count_nonzero(matrix)

    check()


def test_a_format_s_name_is_taken_once(example):
    module = example("format")
    with pytest.raises(InputError, match="already"):
        registry.register_format("bitmap", module.Format(module.encode, module.decode, {}))
