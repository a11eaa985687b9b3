"""A machine of one file is in every view of the package; mistakes in its file are one line each."""

import json
import sqlite3
import sys
from pathlib import Path

import numpy as np
import pytest

from accelsim import compress, contracts, load_machine, simulate
from accelsim.cli import main
from accelsim.machines import get_machine
from accelsim.machines.plugins import load_plugin, plugins, unload
from accelsim.workload import random_layer
from tests.report.waves import read_waves

HERE = Path(__file__).parent
FILES = {"dense": HERE / "dense.py", "eie_two": HERE / "two_entries.py"}


@pytest.fixture(autouse=True)
def clean():
    """What a test loads is forgotten behind it."""
    yield
    for plugin in plugins():
        unload(plugin.name)


@pytest.fixture
def cli(capsys, monkeypatch):
    """Runs a command line; exit status, standard output and error."""
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, arguments)])
        with pytest.raises(SystemExit) as leave:
            main()
        return leave.value.code, *capsys.readouterr()
    return run


@pytest.fixture
def layer(tmp_path):
    """A small layer file with the inputs to run it on."""
    made = random_layer((40, 60), 0.3, 0.5, seed=4)
    np.savez(tmp_path / "net.npz", **{"fc.weight": made.weights.to_dense()})
    np.save(tmp_path / "x.npy", np.asarray(made.activations).ravel())
    return tmp_path / "net.npz", tmp_path / "x.npy"


@pytest.mark.parametrize("name", FILES)
def test_the_contract_is_kept(name):
    load_plugin(FILES[name])
    ran, faults = contracts.check_machine(get_machine(name), 60)
    assert (ran, faults) == (60, [])


@pytest.mark.parametrize("name", FILES)
def test_every_view(name, layer, cli, tmp_path):
    file, x = layer
    common = [file, "-m", name, "--plugin", FILES[name], "--inputs", x, "--set", "n_pe=4"]
    status, out, err = cli("simulate", *common, "--energy", "--json")
    assert (status, err) == (0, "")
    run = json.loads(out)
    cycles = run["layers"][0]["cycles"]
    assert run["machine"] == name
    assert run["layers"][0]["total_uj"] > 0
    assert run["layers"][0]["load_balance"] <= 1
    (tmp_path / "run.json").write_text(out)
    status, out, _ = cli("explain", *common, "-o", tmp_path / "x.svg", "--json")
    told = json.loads(out)
    assert (status, told["cycles"]) == (0, cycles)
    assert all(np.sum([*told["states"].values()], axis=0) == cycles)
    assert told["remedies"]
    for kind in ("vcd", "perfetto", "text"):
        status, *_ = cli("trace", *common, "-f", kind, "-o", tmp_path / f"x.{kind}", "--pe", "0-3")
        assert status == 0
    assert len((tmp_path / "x.text").read_text().splitlines()) >= cycles
    assert cli("report", *common, "-o", tmp_path / "page.html")[0] == 0
    assert name in (tmp_path / "page.html").read_text()
    assert cli("report", tmp_path / "run.json", "-o", tmp_path / "again.html")[0] == 0
    assert cli("config", "-m", name, "--plugin", FILES[name])[0] == 0


@pytest.mark.parametrize("name", FILES)
def test_studies(name, layer, cli, tmp_path, monkeypatch):
    """The study names the plug-in; workers of two processes get it too."""
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(
        f'machine = "{name}"\nplugin = ["{FILES[name]}"]\nworkloads = ["net.npz"]\n'
        "activation_density = 0.5\n[axes]\nn_pe = [1, 2, 4, 8]\n")
    assert cli("sweep", "study.toml", "--jobs", "2")[0] == 0
    with sqlite3.connect("study.sqlite") as db:
        assert db.execute("SELECT count(*) FROM results WHERE error IS NULL").fetchone() == (4,)
    status, out, _ = cli("results", "study.sqlite", "--csv")
    assert status == 0
    assert len(out.splitlines()) == 5
    status, out, _ = cli("pareto", "study.sqlite", "--min", "time_us", "--min", "area_mm2", "--csv")
    assert status == 0
    assert out


def test_two_entries_a_cycle_take_the_slots_that_their_places_allow():
    """By a loop over the stored entries: two of one column and one line a slot, an empty column a
    slot."""
    load_plugin(FILES["eie_two"])
    layer = random_layer((64, 50), 0.4, 0.6, seed=9)
    packed = compress(layer)
    config = load_machine("eie_two", n_pe=3, spmat_width_bits=32)
    job = get_machine("eie_two").job(config, packed, np.asarray(layer.activations).ravel())
    counters = get_machine("eie_two").finish(config, job).timed
    per_line = config.entries_per_line
    for pe in range(3):
        slots = doubles = 0
        for column in job.active_columns():
            at, end = (int(p) for p in job.image.pointers[pe, 0, column : column + 2])
            slots += at == end
            while at < end:
                pair = at + 1 < end and (at + 1) // per_line == at // per_line
                slots, doubles, at = slots + 1, doubles + pair, at + 1 + pair
        issue = (counters.issued_entries - counters.double_issue_cycles
                 + counters.empty_column_cycles)
        assert (issue[pe], counters.double_issue_cycles[pe]) == (slots, doubles)


def test_two_entries_a_cycle_are_faster_and_right():
    load_plugin(FILES["eie_two"])
    layer = random_layer((200, 100), 0.4, 0.6, seed=2)
    packed, vector = compress(layer), np.asarray(layer.activations).ravel()
    one = simulate(load_machine("eie", n_pe=4), packed, vector)
    two = simulate(load_machine("eie_two", n_pe=4), packed, vector)
    assert np.array_equal(one.outputs, two.outputs)
    assert two.cycles < 0.7 * one.cycles
    assert two.timed.issued_entries.sum() == one.timed.issued_entries.sum()


def test_a_plug_in_s_trace_holds_what_it_counts(layer, cli, tmp_path):
    file, x = layer
    cli("trace", file, "-m", "dense", "--plugin", FILES["dense"], "--inputs", x, "--set", "n_pe=4",
        "-o", tmp_path / "x.vcd", "--pe", "0-3", "--to", "99999")
    _, out, _ = cli("simulate", file, "-m", "dense", "--plugin", FILES["dense"], "--inputs", x,
                    "--set", "n_pe=4", "--json")
    counted = json.loads(out)["layers"][0]["counters"]
    waves = read_waves(tmp_path / "x.vcd", 0, 0, 1250)
    high = sum(values[f"dense.pe[{pe}].multiply"] for values in waves.values() for pe in range(4))
    assert high == counted["macs"] + counted["zero_macs"]


BAD = {
    "x = 1 +\n": "SyntaxError",
    "raise ValueError('no\\nluck')\n": "ValueError: no luck",
    "x = 1\n": "names no machine",
    "MACHINE = 3\n": "not",
    "import sys\nsys.nothing\n": ":2: AttributeError",
}


@pytest.mark.parametrize("text", BAD)
def test_a_mistake_in_the_file_is_one_line(text, cli, tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text(text)
    status, out, err = cli("simulate", "alex-7", "--plugin", bad)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "bad.py" in err
    assert BAD[text] in err
    assert plugins() == ()


def test_a_taken_name_and_a_missing_file(cli, tmp_path):
    again = tmp_path / "again.py"
    again.write_text(FILES["dense"].read_text())
    status, _, err = cli("simulate", "alex-7", "--plugin", FILES["dense"], "--plugin", again)
    assert (status, err.count("\n")) == (2, 1)
    assert "'dense' already" in err
    status, _, err = cli("simulate", "alex-7", "--plugin", tmp_path / "none.py")
    assert (status, err.count("\n")) == (2, 1)
    assert "none.py: cannot be read" in err
    status, _, err = cli("simulate", "alex-7", "-m", "eie_two")
    assert status == 2


def test_an_installed_package_offers_a_machine(cli, monkeypatch):
    """Through the entry-point group; it is loaded when it is asked for, not for the list."""
    from accelsim.machines import registry as register

    asked = []

    class Point:
        name = "dense"

        def load(self):
            asked.append(self.name)
            names = {"__name__": "installed_dense"}
            exec(compile(FILES["dense"].read_text(), "dense", "exec"), names)
            return names["MACHINE"]

    monkeypatch.setattr(register, "entry_points",
                        lambda group: [Point()] if group == "accelsim.machines" else [])
    register._installed.cache_clear()
    try:
        assert "dense" in register.machine_names()
        assert asked == []
        assert cli("config", "-m", "dense", "--json")[0] == 0
        assert load_machine("dense", n_pe=3).n_pe == 3
        assert asked == ["dense"]
    finally:
        register.forget("dense")
        register._installed.cache_clear()


@pytest.mark.parametrize(("was", "then", "says"), [
    ("def laws(self", "def lawz(self", "DenseCounters: the counters of a machine need a method "
                                       "laws(config, job), see accelsim.records.counters"),
    ("def decide(self, ", "def decide(self, more, ", "TypeError: DensePe.decide() missing 1"),
])
def test_a_fault_inside_of_a_plugin(was, then, says, layer, cli, tmp_path):
    text = FILES["dense"].read_text()
    assert was in text
    broken = tmp_path / "broken.py"
    broken.write_text(text.replace(was, then))
    file, x = layer
    status, out, err = cli("simulate", file, "-m", "dense", "--plugin", broken, "--inputs", x,
                           "-e", "reference")
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    if says.startswith("TypeError"):
        line = next(n for n, code in enumerate(text.splitlines(), 1) if " pe.decide(" in code)
        assert f"{broken}:{line}: " in err


def test_a_fault_of_the_package_keeps_its_traceback(layer, cli, monkeypatch):
    def failing(*_):
        raise ZeroDivisionError
    monkeypatch.setattr("accelsim.records.counters.CounterSet.check", failing)
    file, x = layer
    monkeypatch.setattr(sys, "argv", ["accelsim", "simulate", str(file), "-m", "dense",
                                      "--plugin", str(FILES["dense"]), "--inputs", str(x)])
    with pytest.raises(ZeroDivisionError):
        main()
