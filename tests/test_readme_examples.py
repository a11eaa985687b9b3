"""The README's examples run, and what they add is right: checked as the package's own parts are."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim import load_config, load_machine
from accelsim.errors import ConfigError, InputError
from accelsim.formats import registry
from accelsim.machines import run_job
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.machine import TELLINGS as ENGINES
from accelsim.machines.register import _added
from tests.contracts import oracle_cycles
from tests.contracts.cases import make_case
from tests.formats.test_registry import BITS, matrices

TEXT = Path("README.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"<!-- example: ([^>]+) -->\n```\w+\n(.*?)```", TEXT, re.DOTALL))
PRINTED = dict(re.findall(r"<!-- prints: (\w+) -->\n```text\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture
def example(tmp_path, monkeypatch):
    """Runs an example here; gives its names, and forgets afterwards what it registered."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_formats", dict(registry.FORMATS))
    monkeypatch.setattr(registry, "FORMATS", registry._formats)
    for table in (ENGINES, _added):
        for key, value in table.items():
            monkeypatch.setitem(table, key, value)
    before = [(table, set(table)) for table in (ENGINES, _added)]

    def run(name):
        for title, text in EXAMPLES.items():
            if title.startswith(f"{name} "):
                (tmp_path / title.split()[1]).write_text(text)
        names = {"__name__": f"example_{name}"}
        exec(compile(EXAMPLES[name], name, "exec", dont_inherit=True), names)
        return SimpleNamespace(**names)

    yield run
    for table, known in before:
        for key in set(table) - known:
            del table[key]


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_runs_by_itself(name, tmp_path):
    for title, text in EXAMPLES.items():
        if title.startswith(f"{name} "):
            (tmp_path / title.split()[1]).write_text(text)
    done = subprocess.run([sys.executable, "-c", EXAMPLES[name]], cwd=tmp_path, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == PRINTED[name]


def test_every_example_says_what_it_prints():
    assert {name for name in EXAMPLES if " " not in name} == set(PRINTED)
    assert set(PRINTED) == {"format", "machine", "unit"}


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


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (16, 4), (33, 7)])
@pytest.mark.parametrize("n_pe", [1, 4, 40])
def test_the_machine_multiplies_and_takes_its_time(example, shape, n_pe):
    module = example("machine")
    rng = np.random.default_rng(shape[0] + n_pe)
    weights, activations = rng.integers(-7, 8, shape), rng.integers(-9, 9, shape[1])
    outputs, cycles = module.run(load_machine("dense", n_pe=n_pe), weights, activations)
    assert np.array_equal(outputs, weights @ activations)
    # A start cycle, every row of the fullest PE times every column, one cycle to add.
    assert cycles == 1 + -(-shape[0] // n_pe) * shape[1] + 1


def test_the_machine_s_file_is_checked(example, tmp_path):
    module = example("machine")
    assert load_machine("dense").clock_mhz == 800.0
    (tmp_path / "mine.toml").write_text('machine = "dense"\nn_pe = 2\n')
    assert load_machine(tmp_path / "mine.toml").n_pe == 2
    with pytest.raises(ConfigError, match="did you mean 'n_pe'"):
        load_machine("dense", n_pes=2)
    with pytest.raises(ConfigError, match="already"):
        module.register_machine(module.DenseConfig, Path("dense.toml"))


@pytest.mark.parametrize(("text", "says"), [
    ('machine = "sparse"\n', "needs machine = 'dense'"), ("machine = ", "not valid TOML"),
    ('machine = "dense"\nn_pe = 0\nclock_mhz = 1.0\nstart_cycles = 1\n', "n_pe is 0"),
])
def test_a_wrong_file_registers_nothing(example, tmp_path, text, says):
    module = example("machine")
    del _added["dense"]
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        module.register_machine(module.DenseConfig, tmp_path / "wrong.toml")
    assert "dense" not in _added


class LateOracle(oracle_cycles.Machine):
    """The contract as a loop over cycles, with full flags of the cycle before."""

    flags = None

    def scan(self, full):
        late = self.flags or [False] * len(self.pes)
        self.flags = [len(pe.queue) >= self.config.act_queue_depth - 1 for pe in self.pes]
        return super().scan(late)


@pytest.mark.parametrize("overrides", [{}, {"bypass": False}, {"empty_column_cycles": 0}], ids=str)
def test_the_unit_agrees_with_a_loop_over_cycles(example, overrides):
    example("unit")

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 10**6), depth=st.integers(2, 6), n_pe=st.integers(1, 5))
    def check(seed, depth, n_pe):
        case = make_case(
            seed=seed, n_in=24, n_out=20, weights=0.5, active=0.7, bias=True, values="any",
            shift=15, overrides={"n_pe": n_pe, "act_queue_depth": depth, "capacity": "ignore",
                                 **overrides})
        got = run_job("late_full", case.config, case.job)
        oracle = LateOracle(case.config, case.job)
        want = oracle.counters()
        assert isinstance(want, Counters)
        assert got.counters.difference(want) is None
        assert np.array_equal(got.outputs, oracle.outputs())
        shuffled = ENGINES["late_full"](case.config, case.job, shuffle=random.Random(seed))
        assert shuffled.counters.difference(want) is None

    check()


def test_the_late_flag_costs_cycles(example):
    """The comparison can fail: the plain machine is not the one with the late flag."""
    example("unit")
    case = make_case(seed=3, n_in=60, n_out=40, weights=0.4, active=0.9, bias=False, values="any",
                     shift=15, overrides={"n_pe": 4, "act_queue_depth": 2, "capacity": "ignore"})
    late, plain = (run_job(name, case.config, case.job) for name in ("late_full", "reference"))
    assert late.counters.cycles > plain.counters.cycles
    assert load_config("eie").act_queue_depth == 8


def test_an_engine_s_name_is_taken_once(example):
    module = example("unit")
    with pytest.raises(InputError, match="already"):
        module.register_engine("fast", module.run)
